"""What our validator says of a resource: R4, the profiles that it declares, the extensions in it. Only what is
contained can be looked at behind a reference."""

from __future__ import annotations

import json
from functools import cache

from app.fhir import structure
from app.fhir.errors import Issue, Refusal
from app.fhir.fhirpath import Work
from app.fhir.json import JsonObject, parse
from app.fhir.profiles.context import Memo
from app.fhir.profiles.guides import Conformance, conformance
from app.fhir.terminology.facts import Part, ValueSetFacts
from tests.mutations.definitions import FOLDER


class Knowledge:
    """The shipped value sets and Gravity's; nothing can be looked up behind a reference."""

    unread = 0

    def __init__(self, known: Conformance) -> None:
        self._sets = known.value_sets

    @property
    def judged(self) -> Memo:
        """Each case is judged anew."""
        return {}

    @property
    def work(self) -> Work:
        return Work()

    @property
    def work_shipped(self) -> Work:
        return Work()

    def resolve(self, reference: str) -> JsonObject | None:
        return None

    def contains(self, value_set: str, system: str | None, code: str) -> bool | None:
        return self._sets.contains(value_set, system, code)

    def described(self, value_set: str) -> str:
        return self._sets.described(value_set)


@cache
def validator() -> tuple[Conformance, Knowledge]:
    known = conformance(terms=gravity())
    return known, Knowledge(known)


def gravity() -> list[ValueSetFacts]:
    """The value sets beside the guide, which the official validator is given, too; but for those of which no code could
    be had: nothing follows from them."""
    found = []
    for path in sorted((FOLDER / "valuesets").glob("*.json")):
        sheet = json.loads(path.read_bytes())
        if sheet.get("partial"):
            continue
        codes: dict[str, list[str]] = {}
        for each in sheet["codes"]:
            codes.setdefault(each["system"], []).append(each["code"])
        parts = tuple(Part(system, tuple(listed)) for system, listed in codes.items())
        found.append(ValueSetFacts(sheet["url"], sheet["version"], sheet["name"], parts))
    return found


@cache
def errors(body: bytes) -> tuple[Issue, ...]:
    return tuple(issue for issue in issues(body) if issue.severity == "error")


def issues(body: bytes) -> list[Issue]:
    """Errors and warnings."""
    try:
        return _judged(parse(body))
    except Refusal as refusal:
        return list(refusal.issues)


def _judged(tree: JsonObject) -> list[Issue]:
    known, knowledge = validator()
    declared, type_name = tree.get("meta", {}).get("profile", []), tree["resourceType"]
    by_profiles = known.profiles.check(type_name, tree, declared, knowledge, follows=True)
    return [*structure.check(type_name, tree), *by_profiles]
