"""Small profiles written as their tables are, and a judge for them."""

from collections.abc import Mapping
from typing import Any

from app.fhir.errors import Issue
from app.fhir.fhirpath import Work
from app.fhir.profiles.context import Memo
from app.fhir.profiles.facts import read
from app.fhir.profiles.library import Profiles
from app.fhir.terminology import facts as terms
from app.fhir.terminology.facts import CodeSystemFacts, ValueSetFacts
from app.fhir.terminology.membership import ValueSets

Tree = dict[str, Any]
HEAD = (
    "profile\turn:test:{name}\t1\ntype\t{type}\nbase\thttp://hl7.org/fhir/StructureDefinition/{type}\ntitle\tA test\n"
)


class Told:
    """Knows these resources, and these value sets."""

    unread = 0

    def __init__(self, resources: Mapping[str, Tree], value_sets: ValueSets) -> None:
        self.resources = resources
        self.value_sets = value_sets
        self.judged: Memo = {}
        self.work, self.work_shipped = Work(), Work()

    def resolve(self, reference: str) -> Tree | None:
        return self.resources.get(reference)

    def contains(self, value_set: str, system: str | None, code: str) -> bool | None:
        return self.value_sets.contains(value_set, system, code)

    def described(self, value_set: str) -> str:
        return self.value_sets.described(value_set)


def table(type_name: str, *lines: str, name: str = "one") -> str:
    """The text of a profile; in `lines` columns are parted by ` ; `."""
    return HEAD.format(name=name, type=type_name) + "".join("\t".join(line.split(" ; ")) + "\n" for line in lines)


def judged(
    tree: Tree,
    *texts: str,
    terminology: str = "",
    resources: Mapping[str, Tree] | None = None,
    follows: bool = True,
) -> list[Issue]:
    """What is wrong with a resource by the first profile; the others may be referred to."""
    facts = {each.url: each for each in map(read, texts)}
    listed = list(terms.read(terminology))
    value_sets = ValueSets(
        {each.url: each for each in listed if isinstance(each, ValueSetFacts)},
        {each.url: each for each in listed if isinstance(each, CodeSystemFacts)},
    )
    known = Told(resources or {}, value_sets)
    return Profiles(facts, value_sets).check(tree["resourceType"], tree, [next(iter(facts))], known, follows=follows)


def places(issues: list[Issue]) -> list[tuple[str, str]]:
    """(rule word, place) of each."""
    return [(issue.rule, issue.at) for issue in issues]
