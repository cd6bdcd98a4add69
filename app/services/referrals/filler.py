"""What the network writes when it passes a referral on: the filler order and the child Task.

*Source*: SDOH Clinical Care 3.0.0, coordination platform: `intent = filler-order` basedOn the source's,
`partOf` the source's.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from app.domain.referral.task import PROFILE, TASK_CODE
from app.fhir.json import JsonObject
from app.fhir.models import authored

# what a filler order takes over from the request it is based on
COPIED = (
    "category",
    "priority",
    "doNotPerform",
    "code",
    "orderDetail",
    "quantityQuantity",
    "quantityRatio",
    "quantityRange",
    "subject",
    "occurrenceDateTime",
    "occurrencePeriod",
    "occurrenceTiming",
    "reasonCode",
    "reasonReference",
    "supportingInfo",
    "note",
    "patientInstruction",
)
GOAL_EXTENSION = "http://hl7.org/fhir/StructureDefinition/resource-pertainsToGoal"


def filler_order(
    request: JsonObject,
    *,
    based_on: str,
    requester: dict[str, Any],
    performer: str,
    identifier: dict[str, Any],
    now: datetime,
) -> JsonObject:
    """A ServiceRequest of ours; `based_on` and `performer` are references, `requester` the Reference of who asked."""
    tree: JsonObject = {"resourceType": "ServiceRequest"}
    if "code" in request:
        tree["meta"] = {"profile": [PROFILE + "SDOHCC-ServiceRequest"]}
    goals = [each for each in request.get("extension", ()) if each.get("url") == GOAL_EXTENSION]
    if goals:
        tree["extension"] = goals
    tree |= {
        "identifier": [identifier],
        "basedOn": [{"reference": based_on}],
        "status": "active",
        "intent": "filler-order",
    }
    for name in COPIED:
        tree |= {key: request[key] for key in (name, "_" + name) if key in request}
    tree["authoredOn"] = instant(now)
    inside = {each["id"] for each in request.get("contained", ())}
    if requester and (not _pointers(requester) or _pointers(requester) <= inside):
        tree["requester"] = requester
    tree["performer"] = [{"reference": performer}]
    contained = _pointed_to(request, tree)
    return {**{name: tree[name] for name in ("resourceType", "meta") if name in tree}, **contained, **tree}


def _pointed_to(request: JsonObject, tree: JsonObject) -> JsonObject:
    """`contained` with what the order points to inside the request, and what that points to."""
    held = {each["id"]: each for each in request.get("contained", ())}
    found: set[str] = set()
    further = _pointers(tree)
    while further:
        found |= further
        further = {to for each in further if each in held for to in _pointers(held[each])} - found
    kept = [each for name, each in held.items() if name in found]
    return {"contained": kept} if kept else {}


def _pointers(node: Any) -> set[str]:
    """The ids behind `#` in every reference of a tree."""
    if isinstance(node, dict):
        text = node.get("reference")
        own = {text[1:]} if isinstance(text, str) and text.startswith("#") and len(text) > 1 else set()
        return own.union(*(_pointers(child) for child in node.values()))
    return set().union(*(_pointers(child) for child in node)) if isinstance(node, list) else set()


def child_task(
    source: JsonObject,
    *,
    part_of: str,
    focus: str,
    requester: str,
    owner: str,
    identifier: dict[str, Any],
    now: datetime,
) -> JsonObject:
    """The Task that asks the target, about the same person."""
    tree: JsonObject = {
        "resourceType": "Task",
        "meta": {"profile": [PROFILE + "SDOHCC-TaskForReferralManagement"]},
        "identifier": [identifier],
        **({"partOf": [{"reference": part_of}]} if part_of else {}),
        "status": "requested",
        "intent": "order",
        "code": {"coding": [{"system": TASK_CODE, "code": "fulfill", "display": "Fulfill the focal request"}]},
        "focus": {"reference": focus},
        "for": source["for"],
        "authoredOn": instant(now),
        "requester": {"reference": requester},
        "owner": {"reference": owner},
    }
    if "priority" in source:
        tree["priority"] = source["priority"]
    return authored(tree)


def referral_identifier(base: str, referral: UUID, part: UUID) -> dict[str, Any]:
    """Our own name of this part of a referral, the filler's."""
    kind = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": "FILL"}]}
    return {"type": kind, "system": base + "/referral", "value": f"{referral}/{part}"}


def instant(now: datetime) -> str:
    """A moment as FHIR writes it, in UTC to the millisecond."""
    return now.isoformat(timespec="milliseconds").replace("+00:00", "Z")
