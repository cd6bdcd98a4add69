"""Which profiles a resource must fit: those that it declares, and those that its own code demands.

*Source*: SDOH Clinical Care 3.0.0 (a Task's code says which kind of Task it is); `fhir_profiles/mandatory.toml`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from app.fhir.invariant_tests import codings
from app.fhir.json import JsonObject
from app.fhir.profiles.facts import ProfileFacts
from app.fhir.tables import PROFILES

MANDATORY = PROFILES / "mandatory.toml"
Code = tuple[str | None, str | None]
Codes = frozenset[Code]


@dataclass(frozen=True, slots=True)
class Mandatory:
    """A profile for all resources of a type whose `code` is one of these; of every code where `codes` is None."""

    type: str
    url: str
    codes: Codes | None = None


@cache
def shipped(path: Path = MANDATORY) -> tuple[Mandatory, ...]:
    """The rows of the file. Raises ValueError that names it and what is wrong in it."""
    try:
        rows = tomllib.loads(path.read_text(encoding="utf-8"))["profile"]
        return tuple(
            Mandatory(
                row["type"],
                row["url"],
                frozenset((system, code) for system, listed in row["codes"].items() for code in listed),
            )
            for row in rows
        )
    except (KeyError, TypeError, AttributeError, tomllib.TOMLDecodeError) as problem:
        raise ValueError(f"{path}: {problem}") from problem


def required(facts: ProfileFacts) -> Mandatory:
    """A profile that a site requires: where it says which code its resources have, of those with that code."""
    for element in facts.elements:
        if element.path == "code" and (element.pattern or element.fixed):
            return Mandatory(facts.type, facts.url, frozenset(codings(element.pattern or element.fixed)))
    return Mandatory(facts.type, facts.url)


def declared(tree: JsonObject) -> list[str]:
    """The profiles that a resource says it fits, as written."""
    meta = tree.get("meta")
    listed = meta.get("profile") if type(meta) is dict else None
    return [each for each in listed if type(each) is str] if type(listed) is list else []


def contained(tree: JsonObject) -> list[JsonObject]:
    """The resources in a resource."""
    listed = tree.get("contained")
    return [each for each in listed if type(each) is dict] if type(listed) is list else []


class Demands:
    """Which profiles a resource must fit whatever it declares: rules by type and code."""

    def __init__(self, rules: Iterable[Mandatory]) -> None:
        self.rules = tuple(rules)
        self._urls = frozenset(rule.url for rule in self.rules)
        self._always: dict[str, list[str]] = {}
        self._by_code: dict[str, dict[Code, list[str]]] = {}
        for rule in self.rules:
            if rule.codes is None:
                self._always.setdefault(rule.type, []).append(rule.url)
            for code in rule.codes or ():
                self._by_code.setdefault(rule.type, {}).setdefault(code, []).append(rule.url)

    def of(self, tree: JsonObject, claims: Iterable[str]) -> list[str]:
        """The addresses of the profiles: those that its code demands, and of these also whichever it claims in any
        version."""
        kind = tree.get("resourceType", "")
        found = [url for each in claims if (url := each.partition("|")[0]) in self._urls]
        found += self._always.get(kind, ())
        by_code = self._by_code.get(kind)
        if by_code is not None:
            for code in _codes_of(tree):
                found += by_code.get(code, ())
        return found


def _codes_of(tree: JsonObject) -> Iterator[Code]:
    """Whatever shape `code` has: the structure's checks are not done yet."""
    code = tree.get("code")
    listed = code.get("coding") if type(code) is dict else None
    for each in listed if type(listed) is list else ():
        if type(each) is dict:
            system, value = each.get("system"), each.get("code")
            yield system if type(system) is str else None, value if type(value) is str else None
