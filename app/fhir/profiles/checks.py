"""What a profile can demand of one value: its type, a fixed value, a code, where a reference leads, other profiles.

Each factory makes a check once; messages say what would be right, never what came.
*Source*: R4 elementdefinition.html, profiling.html; terminologies.html#strength.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

from app.fhir import references
from app.fhir.primitives import Flaw
from app.fhir.problems import Problems, report
from app.fhir.profiles.context import MAX_DEPTH, Context, ItemCheck, followed
from app.fhir.profiles.facts import R4, AlsoBound, Binding, ElementFacts, Kind
from app.fhir.profiles.patterns import described, fitting
from app.fhir.profiles.values import Item
from app.fhir.tables import r4

_CODED = frozenset(("code", "Coding", "CodeableConcept", "Quantity", "string", "uri"))
_ABSENT = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"
Codes = list[tuple[str | None, str]]


def checks_of(facts: ElementFacts, profile: str, is_choice: bool) -> Iterator[ItemCheck]:
    """The checks of one element's values by its facts. `profile`: how messages name it."""
    if is_choice and facts.kinds:
        yield _one_of_kinds(facts.kinds, profile)
    if facts.fixed is not None:
        yield _fixed(facts.fixed, profile)
    if facts.pattern is not None:
        yield _pattern(facts.pattern, profile)
    if facts.binding is not None:
        yield _bound(facts.binding, profile)
    if any(kind.code == "Reference" and kind.targets for kind in facts.kinds):
        yield _leads_to([target for kind in facts.kinds for target in kind.targets], profile)
    fitting = {kind.code: kind.profiles for kind in facts.kinds if kind.profiles and kind.code != "Extension"}
    if fitting:
        yield _fits_profile(fitting)


def _one_of_kinds(kinds: tuple[Kind, ...], profile: str) -> ItemCheck:
    codes = frozenset(kind.code for kind in kinds)
    words = " or ".join(dict.fromkeys(kind.code for kind in kinds))
    flaw = Flaw("value", "profile-type", f"{profile}: this must be of type {words}.")

    def check(item: Item, found: Problems, context: Context) -> None:
        if item.kind not in codes:
            report(found, flaw)

    return check


def _fixed(fixed: Any, profile: str) -> ItemCheck:
    flaw = Flaw("value", "profile-fixed", f"{profile}: this must be exactly {described(fixed)}.")

    def check(item: Item, found: Problems, context: Context) -> None:
        if item.value != fixed or type(item.value) is not type(fixed):
            report(found, flaw)

    return check


def _pattern(pattern: Any, profile: str) -> ItemCheck:
    flaw = Flaw("value", "profile-pattern", f"{profile}: this must hold {described(pattern)}.")
    fits = fitting(pattern)

    def check(item: Item, found: Problems, context: Context) -> None:
        if not fits(item.value):
            report(found, flaw)

    return check


def _bound(binding: Binding, profile: str) -> ItemCheck:
    required = binding.strength == "required"

    def check(item: Item, found: Problems, context: Context) -> None:
        if item.kind not in _CODED or (not required and _says_why_absent(item)):
            return
        codes = codes_of(item)
        if not codes:
            if required and item.kind != "Quantity":
                report(found, _code_flaw(True, profile, context.knowledge.described(binding.value_set)))
        elif in_value_set(binding.value_set, codes, context) is False:
            report(found, _code_flaw(required, profile, context.knowledge.described(binding.value_set)))

    return check


def _code_flaw(required: bool, profile: str, codes: str) -> Flaw:
    if required:
        return Flaw("code-invalid", "profile-code", f"{profile}: this must be {codes}.")
    return Flaw(
        "code-invalid", "profile-code-extensible", f"{profile}: use {codes} unless none of them fits.", "warning"
    )


def codes_of(item: Item) -> Codes:
    """(system, code) of a coded value; the system of a plain code is known by its value set only."""
    value = item.value
    if type(value) is str:
        return [(None, value)]
    if type(value) is not dict:
        return []
    codings = value.get("coding", []) if item.kind == "CodeableConcept" else [value]
    return [
        (system if type(system) is str else "", code)
        for each in (codings if type(codings) is list else [])
        if type(each) is dict and type(code := each.get("code")) is str
        for system in (each.get("system"),)
    ]


def in_value_set(url: str, codes: Codes, context: Context) -> bool | None:
    """Whether one of the codes is in it; None when none certainly is and one may be."""
    answers = [context.knowledge.contains(url, system, code) for system, code in codes]
    return True if True in answers else None if None in answers else False


def _says_why_absent(item: Item) -> bool:
    given = item.members().get("extension")
    return type(given) is list and any(type(each) is dict and each.get("url") == _ABSENT for each in given)


def _leads_to(targets: list[str], profile: str) -> ItemCheck:
    """By the type that the reference tells; and, where the resource can be had, by what it is."""
    types = dict.fromkeys(target.rpartition("/")[2] for target in targets if target.startswith(R4))
    profiles = [target for target in targets if target.removeprefix(R4) not in r4().types]
    names = " or ".join(target.rpartition("/")[2] for target in targets)
    flaw = Flaw("value", "profile-target", f"{profile}: this may refer to {names} only.")
    unfit = Flaw("value", "profile-target-unfit", f"{profile}: what this refers to does not fit {names}.")

    allowed: set[str] = set()

    def check(item: Item, found: Problems, context: Context) -> None:
        if item.kind != "Reference" or type(item.value) is not dict:
            return
        library = context.library
        if not allowed:  # which types profiles are about, is known once all are there
            allowed.update(types, library.types_of(profiles))
        text = item.value.get("reference")
        if not context.follows and type(text) is str and text.partition("/")[0] in allowed:
            return  # at a glance, as most are
        kind = type_behind(item.value, context)
        if kind is not None and "Resource" not in allowed and kind not in allowed:
            return report(found, flaw)
        if kind in types or not context.follows or context.depth >= MAX_DEPTH:
            return
        resource = followed(item.value, context)
        if resource is None:
            return
        if resource.get("resourceType") not in types and not any(
            library.fits(each, resource, context) is not False for each in profiles
        ):
            report(found, flaw if resource.get("resourceType") not in allowed else unfit)

    return check


def type_behind(reference: Any, context: Context) -> str | None:
    """The type that a reference leads to: by its address, by the resource where that is at hand (contained, or in the
    same Bundle), by the type that it names; None when nothing tells."""
    if type(reference) is not dict:
        return None
    text, named = reference.get("reference"), reference.get("type")
    if type(text) is str and text:
        told = _type_in(text)
        if told is not None:
            return told
        resource = followed(reference, context)
        if resource is not None and type(kind := resource.get("resourceType")) is str:
            return kind
    return named if type(named) is str and named in r4().resource_types else None


def _type_in(text: str) -> str | None:
    """Type/id is told at a glance, everything else by reading it."""
    head, slash, rest = text.partition("/")
    return head if slash and "/" not in rest and "?" not in rest and head in _types() else references.type_of(text)


@cache
def _types() -> frozenset[str]:
    return r4().resource_types


def _fits_profile(fitting: dict[str, tuple[str, ...]]) -> ItemCheck:
    """A value of a data type that has profiles of its own: it must fit one of them."""

    def check(item: Item, found: Problems, context: Context) -> None:
        profiles = fitting.get(item.kind, ())
        if len(profiles) == 1:
            context.library.find(profiles[0], item.value, found, context)
        elif profiles and all(context.library.fits(each, item.value, context) is False for each in profiles):
            report(found, Flaw("value", "profile-type", f"This must fit one of {', '.join(profiles)}."))

    return check


def also_flaw(hold: Iterable[AlsoBound], profile: str) -> Flaw:
    """None of the value sets that a category asks for holds the code."""
    listed = list(hold)
    names = " or ".join(f"{each.value_set} ({each.code})" if each.code else each.value_set for each in listed)
    required = any(each.strength == "required" for each in listed)
    return _code_flaw(required, profile, f"a code of the value set {names}")
