"""The tables of `fhir_profiles/guides`, and those of installed packages beside them, ready to judge by.

At a start only the first lines of each profile are read; the rest when it is first asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from app.fhir.errors import Issue
from app.fhir.json import JsonObject
from app.fhir.profiles import mandatory
from app.fhir.profiles.context import Knowledge
from app.fhir.profiles.facts import ProfileFacts, read
from app.fhir.profiles.gaps import gaps
from app.fhir.profiles.library import Profiles
from app.fhir.profiles.mandatory import Demands
from app.fhir.tables import PROFILES, r4
from app.fhir.terminology import catalogue
from app.fhir.terminology import facts as terminology
from app.fhir.terminology.facts import CodeSystemFacts, Part, ValueSetFacts
from app.fhir.terminology.membership import ValueSets

GUIDES = PROFILES / "guides"
R4_VALUE_SET = "http://hl7.org/fhir/ValueSet/"
TERMINOLOGY = ("value_sets.tsv", "code_systems.tsv")


class Tables(Mapping[str, ProfileFacts]):
    """Facts by address, each read when it is first asked for."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._texts = {_url(text): text for text in texts}
        self._read: dict[str, ProfileFacts] = {}

    def __getitem__(self, url: str) -> ProfileFacts:
        found = self._read.get(url)
        if found is None:
            found = self._read[url] = read(self._texts[url])
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self._texts)

    def __len__(self) -> int:
        return len(self._texts)


@dataclass(frozen=True, slots=True)
class Conformance:
    """All definitions that a process judges by, and which of them a resource must fit."""

    profiles: Profiles
    value_sets: ValueSets
    demands: Demands
    # the addresses of those that the site has installed
    installed: tuple[str, ...] = ()
    # and of what it has installed, those that cannot be read
    unreadable: tuple[str, ...] = ()

    def check(
        self,
        type_name: str,
        tree: JsonObject,
        knowledge: Knowledge,
        also: Iterable[str] = (),
        *,
        ours: bool = False,
        follows: bool = False,
    ) -> list[Issue]:
        """What is wrong with a resource by the profiles that it declares, those that it must fit and `also`: errors,
        warnings and information. R4 itself is not among them. `ours`: we write it, so that what the site requires of
        others does not stop us."""
        declared = mandatory.declared(tree)
        demands = shipped_demands() if ours else self.demands
        asked, meant = tuple(also), self.profiles.meant
        wanted = dict.fromkeys((*meant(declared), *demands.of(tree, declared), *(meant(asked) if asked else ())))
        unread = knowledge.unread
        found = self.profiles.check(type_name, tree, wanted, knowledge, follows=follows)
        if knowledge.unread > unread:
            message = "This refers to more than is read to judge one request; not all of it was judged."
            found.append(Issue("too-costly", "references-unread", message, type_name, "information"))
        found += self._misplaced(type_name, declared, type_name)
        for url in asked:
            found += self._unknown(url, type_name)
        for number, each in enumerate(mandatory.contained(tree)):
            kind, at = str(each.get("resourceType")), f"{type_name}.contained[{number}]"
            found += self._misplaced(kind, mandatory.declared(each), at)
        return found

    def gaps(self, type_name: str, tree: JsonObject, also: Iterable[str] = ()) -> Iterator[Issue]:
        """What its profiles want supported and it does not hold: one issue for each profile."""
        meant = self.profiles.meant
        declared = mandatory.declared(tree)
        urls = (*meant(declared), *self.demands.of(tree, declared), *meant(also))
        for url in dict.fromkeys(urls):
            facts = self.profiles.facts.get(url)
            missing = gaps(facts, tree) if facts is not None and facts.type == type_name else []
            if facts is not None and missing:
                message = f"{facts.name}: send these too where you have them: {', '.join(missing)}."
                yield Issue("informational", "must-support", message, type_name, severity="warning")

    def _misplaced(self, type_name: str, declared: Iterable[str], place: str) -> Iterator[Issue]:
        for number, url in enumerate(declared):
            if "|" not in url and self.profiles.is_about(url, type_name):
                continue
            at = f"{place}.meta.profile[{number}]"
            if self.profiles.is_about(url.partition("|")[0], type_name) is not False:
                yield from self._unknown(url, at)
            elif type_name in r4().resource_types:  # else it might be anything, and the structure's checks report it
                yield Issue("structure", "profile-type", f"A {type_name} can declare profiles of {type_name} only.", at)

    def _unknown(self, url: str, at: str) -> Iterator[Issue]:
        known = self.profiles.other_version(url)
        if known:
            message = f"Another version of this profile is known here, {known}; nothing was judged by the one named."
            yield Issue("not-supported", "profile-unknown", message, at, "warning")
        elif self.profiles.is_about(url.partition("|")[0], "") is None:
            message = "This profile is not known here, so nothing was judged by it; an operator can install it."
            yield Issue("not-supported", "profile-unknown", message, at, "warning")


def conformance(
    profiles: Iterable[str] = (),
    terms: Iterable[terminology.Facts] = (),
    required: Iterable[str] = (),
    folder: Path = GUIDES,
) -> Conformance:
    """What is shipped, and these beside it: `profiles` as texts of tables, `required` those of them that all resources
    of their type must fit. Of two with one address the latter counts."""
    shipped_profiles, shipped_terms = shipped(folder)
    sets = {**of_r4()[0], **shipped_terms[0], **of_the_catalogue()[0]}
    systems = _with_more({**of_r4()[1], **shipped_terms[1]}, of_the_catalogue()[1])
    for each in terms:
        if isinstance(each, ValueSetFacts):
            sets[each.url] = each
        else:
            systems[each.url] = each
    listed = tuple(profiles)
    tables = Tables((*shipped_profiles, *listed))
    rules = (*mandatory.shipped(), *(mandatory.required(tables[url]) for url in required))
    value_sets, installed = ValueSets(sets, systems), tuple(Tables(listed))
    judges = Profiles(tables, value_sets, frozenset(Tables(shipped_profiles)).difference(installed))
    return Conformance(judges, value_sets, Demands(rules), installed)


@cache
def shipped_demands() -> Demands:
    """Those of `fhir_profiles/mandatory.toml` alone."""
    return Demands(mandatory.shipped())


Terms = tuple[dict[str, ValueSetFacts], dict[str, CodeSystemFacts]]


@cache
def shipped(folder: Path = GUIDES) -> tuple[tuple[str, ...], Terms]:
    """(tables of profiles, value sets and code systems) of a folder of guides."""
    paths = sorted(folder.glob("*/*.tsv"))
    profiles = tuple(path.read_text(encoding="utf-8") for path in paths if path.name not in TERMINOLOGY)
    texts = [path.read_text(encoding="utf-8") for path in paths if path.name in TERMINOLOGY]
    return profiles, _parted(each for text in texts for each in terminology.read(text))


@cache
def of_r4() -> Terms:
    """The value sets to which R4 binds its elements, and the code systems that they are made of."""
    sets = {}
    for name, codes in r4().codes.items():
        parts = tuple(Part(system, listed) for system, listed in codes.items())
        sets[R4_VALUE_SET + name] = ValueSetFacts(R4_VALUE_SET + name, "4.0.1", name, parts)
    text = (PROFILES / "r4" / "code_systems.tsv").read_text(encoding="utf-8")
    return sets, _parted(terminology.read(text))[1]


@cache
def of_the_catalogue() -> Terms:
    """The codes of the needs that people choose from."""
    return _parted(catalogue.facts())


def _with_more(systems: dict[str, CodeSystemFacts], more: Mapping[str, CodeSystemFacts]) -> dict[str, CodeSystemFacts]:
    """A fragment of a system beside another one: what both hold together. Of one that is whole there is no more."""
    found = dict(systems)
    for url, facts in more.items():
        there = systems.get(url)
        if there is None:
            found[url] = facts
        elif there.content == "fragment":
            concepts = {each.code: each for each in (*there.concepts, *facts.concepts)}
            found[url] = replace(there, concepts=tuple(concepts.values()))
    return found


def _parted(listed: Iterable[terminology.Facts]) -> Terms:
    sets: dict[str, ValueSetFacts] = {}
    systems: dict[str, CodeSystemFacts] = {}
    for each in listed:
        if isinstance(each, ValueSetFacts):
            sets[each.url] = each
        else:
            systems[each.url] = each
    return sets, systems


def _url(text: str) -> str:
    """Of the line that names the profile. Raises ValueError when there is none."""
    for line in text.split("\n", 20)[:20]:
        word, _, rest = line.partition("\t")
        if word == "profile":
            return rest.partition("\t")[0]
    raise ValueError("a table of a profile begins with the line that names it")
