"""An audit row as AuditEvent: computed when somebody asks, stored nowhere. *Source*: R4 auditevent.html."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

from app.fhir.bundles import instant
from app.fhir.json import JsonObject

_INTERACTIONS = "http://hl7.org/fhir/restful-interaction"
_REST = {
    "system": "http://terminology.hl7.org/CodeSystem/audit-event-type",
    "code": "rest",
    "display": "RESTful Operation",
}
_RESOURCE_TYPES = "http://hl7.org/fhir/resource-types"
# What an act is in R4's five letters; whatever else is done is an execution.
ACTIONS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "C": ("create",),
        "R": ("read", "vread", "search", "history", "meta", "everything"),
        "U": ("update", "patch"),
        "D": ("delete",),
    }
)
# our word for an act -> R4's code of the interaction, where they differ
_CODES: Mapping[str, str] = MappingProxyType({"search": "search-type", "history": "history-instance"})
_OF_REST = frozenset({"create", "read", "vread", "search", "history", "update", "patch", "delete"})
DONE, REFUSED = "0", "4"
# element -> the code system that R4 binds it to, which the element itself does not name
SYSTEMS: Mapping[str, str] = MappingProxyType(
    {"action": "http://hl7.org/fhir/audit-event-action", "outcome": "http://hl7.org/fhir/audit-event-outcome"}
)


@dataclass(frozen=True, slots=True)
class Act:
    """One audit row. `outcome` is "done" or a refusal's rule word; `entity` is `Type/id`, where it was about one."""

    id: str
    at: datetime
    action: str
    outcome: str
    client: str | None
    account: str | None
    members: Sequence[str]
    type: str | None
    entity: str | None
    version: int | None
    detail: str | None


def audit_event(act: Act, observer: str) -> JsonObject:
    """Who did what to which resource, when, and whether it was allowed. `observer` is the network's reference."""
    done = act.outcome == "done"
    tree: JsonObject = {
        "resourceType": "AuditEvent",
        "id": act.id,
        "meta": {"lastUpdated": instant(act.at)},
        "type": _REST,
        "subtype": [_subtype(act.action)],
        "action": letter_of(act.action),
        "recorded": instant(act.at),
        "outcome": DONE if done else REFUSED,
    }
    if not done:
        tree["outcomeDesc"] = act.outcome
    tree["agent"] = _agents(act, observer)
    tree["source"] = {"observer": {"reference": observer}}
    return {**tree, **_entity(act)}


def letter_of(action: str) -> str:
    """R4's letter for an act of ours."""
    return next((letter for letter, actions in ACTIONS.items() if action in actions), "E")


def _subtype(action: str) -> dict[str, str]:
    return {"system": _INTERACTIONS, "code": _CODES.get(action, action)} if action in _OF_REST else {"display": action}


def _agents(act: Act, observer: str) -> list[dict[str, Any]]:
    """The system or person that acted, then the members for whom."""
    acted = [text for text in (act.client, act.account) if text]
    agents: list[dict[str, Any]] = [{"altId": text, "requestor": True} for text in acted]
    agents += [{"who": {"reference": f"Organization/{member}"}, "requestor": False} for member in act.members]
    return agents or [{"who": {"reference": observer}, "requestor": True}]


def _entity(act: Act) -> JsonObject:
    entity: JsonObject = {}
    if act.entity:
        entity["what"] = {"reference": f"{act.entity}/_history/{act.version}" if act.version else act.entity}
    if act.type:
        entity["type"] = {"system": _RESOURCE_TYPES, "code": act.type}
    if act.detail:
        entity["description"] = act.detail
    return {"entity": [entity]} if entity else {}
