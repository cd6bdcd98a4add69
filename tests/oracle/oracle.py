"""Searches over resources in memory: which are found, in which order, and what comes along.

*Source*: R4 search.html: #combining, #modifiers, #chaining, #has, #sort, #include, #revinclude.
"""

import json
from collections.abc import Iterable, Sequence
from fractions import Fraction

from tests.oracle.definitions import Json, Parameter, served
from tests.oracle.extraction import Node, nodes
from tests.oracle.matching import Asked, alternatives, local, matches, prefixed
from tests.oracle.sorting import rank
from tests.oracle.times import interval
from tests.oracle.values import is_read, links, times

Pairs = Sequence[tuple[str, str]]
CONTROL = ("_sort", "_count", "_total", "_include", "_revinclude", "_format", "_pretty", "_summary", "_elements")


def name_of(resource: Json) -> str:
    return f"{resource['resourceType']}/{resource['id']}"


class Oracle:
    """Resources as the server stamped them, in the order of their creation, and the address they stand under."""

    def __init__(self, base: str, resources: Iterable[Json]) -> None:
        self.base = base
        self.resources = {name_of(resource): resource for resource in resources}
        self._age = {name: place for place, name in enumerate(self.resources)}
        self._nodes: dict[tuple[str, str], list[Node]] = {}

    def search(self, type_name: str, pairs: Pairs) -> list[str]:
        """The names (`Task/1`) of what is found, in order, on all pages together."""
        criteria = [pair for pair in pairs if pair[0] not in CONTROL]
        found = [each for each in self._of_type(type_name) if all(self._holds(each, *pair) for pair in criteria)]
        return [name_of(each) for each in self._in_order(found, pairs)]

    def included(self, type_name: str, found: Iterable[str], pairs: Pairs) -> set[str]:
        """The names of what comes along with a page; what the page has already does not come again."""
        page, more = set(found), set()
        for name, value in pairs:
            source, _, rest = value.partition(":")
            code, _, target = rest.partition(":")
            if name == "_include":
                for each in page:
                    more |= {
                        to
                        for to in self._targets(self.resources[each], code)
                        if to.startswith(f"{target}/" if target else "")
                    }
            elif name == "_revinclude":
                more |= {name_of(each) for each in self._of_type(source) if page & set(self._targets(each, code))}
        return more - page

    def values(self, resource: Json, parameter: Parameter) -> list[Node]:
        """The nodes in which a parameter has values, found once for each resource."""
        key = (name_of(resource), parameter.code)
        if key not in self._nodes:
            read = [node for node in nodes(parameter, resource) if is_read(parameter.kind, node)]
            # a Timing of words alone says no time
            self._nodes[key] = [node for node in read if parameter.kind != "date" or times(node)]
        return self._nodes[key]

    def told(self) -> str:
        """All resources, a line for each."""
        return "\n".join(json.dumps(each, ensure_ascii=False, default=str) for each in self.resources.values())

    def _of_type(self, type_name: str) -> list[Json]:
        return [each for each in self.resources.values() if each["resourceType"] == type_name]

    def _holds(self, resource: Json, name: str, value: str) -> bool:
        if name.startswith("_has:"):
            _, type_name, code, rest = name.split(":", 3)
            return any(
                self._holds(other, rest, value)
                for other in self._of_type(type_name)
                if name_of(resource) in self._targets(other, code)
            )
        head, dot, rest = name.partition(".")
        code, _, modifier = head.partition(":")
        parameter = served()[resource["resourceType"]].parameters.get(code)
        if parameter is None:
            return False  # a chain asks only those of its targets that have the parameter
        if dot:
            return any(
                self._holds(self.resources[to], rest, value)
                for to in self._targets(resource, code)
                if modifier in ("", to.split("/")[0])
            )
        return self._answers(resource, parameter, modifier, value)

    def _answers(self, resource: Json, parameter: Parameter, modifier: str, value: str) -> bool:
        found = self.values(resource, parameter)
        if modifier == "missing":
            return (value == "true") == (not found)
        asked = [Asked(parameter, modifier, text, self.base) for text in alternatives(value)]
        some = any(matches(each, node) for each in asked for node in found)
        return not some if modifier == "not" else some

    def _targets(self, resource: Json, code: str) -> list[str]:
        """The names of the resources here that a reference parameter leads to."""
        parameter = served()[resource["resourceType"]].parameters[code]
        places = [local(link.text, self.base) for node in self.values(resource, parameter) for link in links(node)]
        return [name for place in places if place and (name := "/".join(place)) in self.resources]

    def _in_order(self, found: list[Json], pairs: Pairs) -> list[Json]:
        """As `_sort` asks; a poll by its stamps, oldest first; otherwise, and where those are equal, newest first."""
        asked = [rule for name, value in pairs if name == "_sort" for rule in value.split(",")]
        if not asked and _is_poll(pairs):
            return sorted(found, key=lambda each: (_stamp(each), self._age[name_of(each)]))
        ordered = sorted(found, key=lambda each: -self._age[name_of(each)])
        for rule in reversed(asked):
            parameter = served()[found[0]["resourceType"]].parameters[rule.lstrip("-")] if found else None
            if parameter is not None:
                descending = rule.startswith("-")
                ordered.sort(key=lambda each, p=parameter, d=descending: rank(p, self.values(each, p), d))
        return ordered


def _is_poll(pairs: Pairs) -> bool:
    """Whether a search asks for what has changed since a moment."""
    asked = [text for name, value in pairs if name == "_lastUpdated" for text in alternatives(value)]
    return any(prefixed(text)[0] in ("gt", "ge", "sa") for text in asked)


def _stamp(resource: Json) -> Fraction:
    return interval(resource["meta"]["lastUpdated"]).start
