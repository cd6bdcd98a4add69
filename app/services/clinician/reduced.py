"""What of an EHR's resource goes into our copy: what the page tells before it is shared, and nothing else.

A table per type; types that are not in it are copied whole, a Patient but for the numbers by which the state knows the
person. A copy from which something was left out says so by the tag SUBSETTED.
*Source*: R4 resource.html#Meta.tag (SUBSETTED); security sheet CON-11; HIPAA, 45 CFR 164.502(b) (minimum necessary).
"""

from collections.abc import Mapping
from typing import Any, Final

from app.domain.referral.numbers import is_of_the_state
from app.fhir import json
from app.fhir.errors import BusinessRule, Issue
from app.fhir.json import JsonObject
from app.services.steps.structure import judge_copy

SUBSETTED: Final = {"system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue", "code": "SUBSETTED"}
NPI: Final = "http://hl7.org/fhir/sid/us-npi"
OF_META: Final = frozenset({"versionId", "lastUpdated", "source", "profile", "security"})
# of several values, which only a flawed record has, the first one is told
VALUES: Final = (
    *("valueCodeableConcept", "valueBoolean", "valueQuantity", "valueString", "valueInteger", "valueDateTime"),
)
# these change what the rest means: nobody may leave them out, and nobody here understands them
MODIFIERS: Final = frozenset({"modifierExtension", "implicitRules"})
OF_EACH: Final = frozenset({"resourceType", "id", "meta", *MODIFIERS})
OF_AN_ANSWER: Final = frozenset({"code", "dataAbsentReason", "modifierExtension", *VALUES})
KEPT: Final[Mapping[str, frozenset[str]]] = {
    "Condition": frozenset(
        (
            *("identifier", "clinicalStatus", "verificationStatus", "category", "code", "subject"),
            *("recordedDate", "onsetDateTime", "onsetPeriod", "abatementDateTime", "abatementPeriod"),
        )
    ),
    "Observation": frozenset(
        (
            *("identifier", "status", "category", "code", "subject"),
            *("effectiveDateTime", "effectivePeriod", "effectiveInstant", "issued", "dataAbsentReason", "component"),
            *VALUES,
        )
    ),
    "Practitioner": frozenset({"identifier", "active", "name", "telecom"}),
}
MODIFIED = "something in it changes what the rest means"
# tuples: a chart may have anything in the place of a code, also what has no hash
WAYS: Final = ("phone", "email")
NOT_AT_WORK: Final = ("home", "old")


def reduced(tree: JsonObject) -> JsonObject:
    """What is kept of a resource; the tree itself where its type is copied whole."""
    if tree["resourceType"] == "Patient":
        return _unknown_to_the_state(tree)
    kept = KEPT.get(tree["resourceType"])
    if kept is None:
        return tree
    found = _one_value({name: _bare(value) for name, value in tree.items() if name in kept | OF_EACH})
    if isinstance(found.get("component"), list):
        found["component"] = [_part(each) for each in found["component"]]
    if tree["resourceType"] == "Practitioner":
        found = _at_work_only(found)
    return _tagged(found, tree)


def judged(tree: JsonObject) -> tuple[tuple[Issue, ...], tuple[Issue, ...]]:
    """(why a copy cannot be kept, what is wrong with it but kept); what would mean something else is not kept."""
    refused, flaws = judge_copy(tree)
    if tree["resourceType"] in KEPT and _is_modified(tree):
        refused += BusinessRule("copy-modified", MODIFIED, tree["resourceType"]).issues
    return refused, flaws


def at_work(tree: JsonObject) -> list[JsonObject]:
    """How somebody is reached at work: telephone and e-mail, as far as an EHR wrote them in their form."""
    told = tree.get("telecom")
    found = [each for each in told if isinstance(each, dict)] if isinstance(told, list) else []
    return [
        {"system": each["system"], "value": each["value"], "use": "work"}
        for each in found
        if each.get("system") in WAYS and isinstance(each.get("value"), str)
        if each["value"].strip() and each.get("use") not in NOT_AT_WORK
    ]


def _at_work_only(practitioner: JsonObject) -> JsonObject:
    numbers = practitioner.get("identifier")
    kept = [each for each in numbers if isinstance(each, dict)] if isinstance(numbers, list) else []
    parts = {
        "identifier": [each for each in kept if each.get("system") == NPI] or kept[:1],
        "telecom": at_work(practitioner),
    }
    rest = {name: value for name, value in practitioner.items() if name not in parts}
    return rest | {name: value for name, value in parts.items() if value}


def _unknown_to_the_state(patient: JsonObject) -> JsonObject:
    numbers = patient.get("identifier")
    kept = [each for each in numbers if not is_of_the_state(each)] if isinstance(numbers, list) else []
    if not isinstance(numbers, list) or len(kept) == len(numbers):
        return patient
    rest = {name: value for name, value in patient.items() if name not in ("identifier", "_identifier")}
    return _tagged(rest | ({"identifier": kept} if kept else {}), patient)


def _part(component: Any) -> Any:
    """A question and its answer."""
    if not isinstance(component, dict):
        return component
    return _one_value({name: value for name, value in component.items() if name in OF_AN_ANSWER})


def _one_value(holder: JsonObject) -> JsonObject:
    values = [name for name in VALUES if name in holder]
    return {name: value for name, value in holder.items() if name not in values[1:]}


def _bare(node: Any) -> Any:
    """Without extensions, and without what stands only for them."""
    if isinstance(node, dict):
        return {name: _bare(value) for name, value in node.items() if name != "extension" and not name.startswith("_")}
    return [_bare(each) for each in node] if isinstance(node, list) else node


def _tagged(found: JsonObject, tree: JsonObject) -> JsonObject:
    meta = found.get("meta", {})
    if not isinstance(meta, dict):
        return found
    tags = meta.get("tag")
    subsetted = any(_is_subsetted(each) for each in tags) if isinstance(tags, list) else False
    left_out = found.keys() != tree.keys() or any(found[name] != tree[name] for name in found.keys() - {"meta"})
    kept = {name: value for name, value in meta.items() if name in OF_META}
    return found | {"meta": kept | ({"tag": [dict(SUBSETTED)]} if subsetted or left_out else {})}


def _is_subsetted(tag: Any) -> bool:
    return isinstance(tag, dict) and (tag.get("system"), tag.get("code")) == (SUBSETTED["system"], SUBSETTED["code"])


def _is_modified(node: Any) -> bool:
    if isinstance(node, dict):
        return bool(MODIFIERS & node.keys()) or any(_is_modified(each) for each in node.values())
    return isinstance(node, list) and any(_is_modified(each) for each in node)


def fingerprint(tree: JsonObject) -> bytes:
    """The same for trees that say the same, in whatever order."""
    return json.dump(_ordered(tree))


def _ordered(node: Any) -> Any:
    if isinstance(node, dict):
        return {name: _ordered(node[name]) for name in sorted(node)}
    return [_ordered(each) for each in node] if isinstance(node, list) else node
