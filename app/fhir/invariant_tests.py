"""What the table of invariants is made of: tests that take an object and answer whether a rule holds.

A test may trust shapes: when something else is already wrong with the object and the test stumbles over it, that
other problem is the one reported (see `structure.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from app.fhir.dates import interval
from app.fhir.json import Number
from app.fhir.references import type_of

Node = Mapping[str, Any]
Test = Callable[[Node], bool]


@dataclass(frozen=True, slots=True)
class Invariant:
    """One rule: where it belongs, R4's key, what it demands, the test, and the element to point at."""

    path: str
    key: str
    message: str
    holds: Test
    at: str = ""


_CLINICAL = "http://terminology.hl7.org/CodeSystem/condition-clinical"
_VERIFICATION = "http://terminology.hl7.org/CodeSystem/condition-ver-status"
_CONSENT_SCOPE = "http://terminology.hl7.org/CodeSystem/consentscope"
UCUM = "http://unitsofmeasure.org"


def has(node: Node, name: str) -> bool:
    """True when an element is there, `name[x]` in any of its types, a primitive also as a mere `_name`."""
    if name.endswith("[x]"):
        stem = name[:-3]
        return any(key.lstrip("_").startswith(stem) and key.lstrip("_")[len(stem) :][:1].isupper() for key in node)
    return name in node or f"_{name}" in node


def codings(concept: Any) -> list[tuple[str | None, str | None]]:
    """(system, code) of each coding of a CodeableConcept; none when it is absent."""
    return [(coding.get("system"), coding.get("code")) for coding in (concept or {}).get("coding", ())]


def not_after(earlier: str, later: str) -> bool:
    """True unless `earlier` is surely after `later`; without a time on both, only the parts of the day that both
    have count."""
    if "T" in earlier and "T" in later:
        if earlier[:19] < later[:19] and earlier[-1] == "Z" == later[-1]:  # at a glance; most are written like this
            return True
        return interval(earlier)[0] <= interval(later)[1]
    shared = min(len(earlier.partition("T")[0]), len(later.partition("T")[0]))
    return earlier[:shared] <= later[:shared]


def ordered(first: str, second: str) -> Test:
    return lambda n: first not in n or second not in n or not_after(n[first], n[second])


def needs(name: str, *others: str) -> Test:
    """When `name` is there, so is one of the others."""
    return lambda n: not has(n, name) or any(has(n, other) for other in others)


def any_of(*names: str) -> Test:
    return lambda n: any(has(n, name) for name in names)


def not_both(first: str, second: str) -> Test:
    return lambda n: not (has(n, first) and has(n, second))


def exactly_one(first: str, second: str) -> Test:
    return lambda n: has(n, first) != has(n, second)


def not_negative(name: str) -> Test:
    return lambda n: name not in n or number(n[name]) >= 0


def number(value: int | Number) -> Decimal:
    """A JSON number for comparing; what is stored stays as it was written."""
    return Decimal(value.text if isinstance(value, Number) else value)


def measured_in(*codes: str) -> Test:
    """A quantity with a code for its unit, in UCUM; with `codes` only these."""

    def holds(n: Node) -> bool:
        unit = n.get("code")
        return (
            (has(n, "code") or not has(n, "value"))
            and n.get("system", UCUM) == UCUM
            and (not codes or unit in (None, *codes))
        )

    return holds


def no_home(name: str) -> Test:
    return lambda n: all(item.get("use") != "home" for item in n.get(name, ()))


def low_first(n: Node) -> bool:
    low, high = n.get("low", {}), n.get("high", {})
    if "value" not in low or "value" not in high or any(low.get(k) != high.get(k) for k in ("system", "code", "unit")):
        return True
    return number(low["value"]) <= number(high["value"])


def abated_is_over(n: Node) -> bool:
    over = {(_CLINICAL, code) for code in ("resolved", "remission", "inactive")}
    return not has(n, "abatement[x]") or not over.isdisjoint(codings(n.get("clinicalStatus")))


def mistake_has_no_status(n: Node) -> bool:
    return (_VERIFICATION, "entered-in-error") not in codings(n.get("verificationStatus")) or not has(
        n, "clinicalStatus"
    )


def scope_has_patient(code: str) -> Test:
    return lambda n: has(n, "patient") or (_CONSENT_SCOPE, code) not in codings(n.get("scope"))


def value_or_component(n: Node) -> bool:
    if not has(n, "value[x]"):
        return True
    own = set(codings(n.get("code")))
    return all(own.isdisjoint(codings(component.get("code"))) for component in n.get("component", ()))


def offset_has_when(n: Node) -> bool:
    return not has(n, "offset") or (has(n, "when") and not {"C", "CM", "CD", "CV"}.intersection(n.get("when", ())))


def ratio(n: Node) -> bool:
    return has(n, "numerator") == has(n, "denominator") and (has(n, "numerator") or has(n, "extension"))


def entries(member: str, kinds: tuple[str, ...]) -> Test:
    return lambda n: all(has(entry, member) == (n.get("type") in kinds) for entry in n.get("entry", ()))


def distinct_urls(n: Node) -> bool:
    if n.get("type") == "history":
        return True
    entries = [entry for entry in n.get("entry", ()) if "fullUrl" in entry]
    versions = [(e["fullUrl"], e.get("resource", {}).get("meta", {}).get("versionId")) for e in entries]
    return len(set(versions)) == len(versions)


def begins(kind: str, resource_type: str) -> Test:
    """The first entry of a Bundle of this kind is of this type."""

    def holds(n: Node) -> bool:
        if n.get("type") != kind:
            return True
        first: Node = next(iter(n.get("entry", ())), {})
        return bool(first.get("resource", {}).get("resourceType") == resource_type)

    return holds


def may_be(reference: Any, resource_type: str) -> bool:
    """Whether a reference may lead to a type: only what it tells itself speaks against it."""
    told = reference.get("type") or type_of(reference.get("reference", "#")) if reference else None
    return told in (None, resource_type)
