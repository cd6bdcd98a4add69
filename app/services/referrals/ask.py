"""A referral whose home is here: request and Task are written by us, for a clinician or for somebody on the phone.

From the Task on it is a referral like any other: it goes through the same write, and `receive` gives it its row.
*Source*: SDOH Clinical Care 3.0.0, ServiceRequest and TaskForReferralManagement.
"""

from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from app.domain.referral.needs import UNSPECIFIED, Need
from app.domain.referral.task import PROFILE, TASK_CODE, TEMPORARY_CODES
from app.domain.referral.words import CONTACT_PROHIBITED, SNOMED
from app.fhir import json
from app.fhir.errors import Invalid
from app.fhir.json import JsonObject
from app.fhir.models import authored
from app.fhir.terminology.catalogue import Coded
from app.services.caller import Caller
from app.services.network import Network
from app.services.referrals.filler import instant
from app.services.write import ready, write_in
from app.services.writing import Entry, new
from app.store import referrals, resources
from app.store.pool import Unit

SOCIAL_SERVICE = Coded(SNOMED, "410606002", "Social service procedure")
FULFILL = Coded(TASK_CODE, "fulfill", "Fulfill the focal request")
NO_CONTACT = Coded(TEMPORARY_CODES, CONTACT_PROHIBITED, "Contacting Subject Prohibited")
# who else asks is named by the request; the guide lets a Task come from these only
ASK_BY_TASK = frozenset({"Organization", "PractitionerRole"})
CONTENT = ("category", "priority", "code", "orderDetail", "performer", "reasonReference", "note")


class SentOtherwise(Exception):
    """What was sent under this key before asked for something else; nothing was done now."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked for whom. `key` becomes the referral's id: asking twice under one key makes one referral.

    `person` is "Patient/<id>"; `requester` a Reference; `reasons` and `consents` are references; `words` tell the need
    and `wish` what the person wishes for. `recipient` is a member. `entries` are written along: the Patient, copies, a
    Consent.
    """

    key: UUID
    person: str
    requester: JsonObject
    need: Need
    words: str = ""
    wish: str = ""
    reasons: tuple[str, ...] = ()
    recipient: UUID | None = None
    consents: tuple[str, ...] = ()
    urgent: bool = False
    do_not_contact: bool = False
    entries: tuple[Entry, ...] = ()


async def ask(
    network: Network,
    unit: Unit,
    caller: Caller,
    asked: Asked,
    *,
    trigger: Literal["launch", "phone"],
    connection: UUID | None = None,
) -> UUID:
    """The referral's id; it waits for routing. Nothing is written when it was asked before under this key.

    Raises Invalid when the key is taken by somebody else's referral, and what a write raises.
    """
    ready(network)
    if not await asked_before(unit, caller, asked.key, trigger=trigger, connection=connection):
        request = network.ids.next()
        entries = [
            *asked.entries,
            new(network, _request(network, unit, asked, request), id=request),
            new(network, _task(network, unit, caller, asked, request)),
        ]
        await write_in(network, unit, caller, entries, trigger=trigger, connection=connection, referral=asked.key)
    return asked.key


async def asked_before(
    unit: Unit, caller: Caller, key: UUID, *, trigger: Literal["launch", "phone"], connection: UUID | None = None
) -> bool:
    """Whether the same members asked by the same door under this key; whoever asks at the same moment waits here."""
    await referrals.keep_key(unit, key)
    row = await referrals.get(unit, key)
    if row is None:
        return False
    if (row.sources, row.trigger, row.connection) != (sorted(caller.members), trigger, connection):
        raise Invalid("asked-key", "this was not sent; look through it and send it again")
    return True


async def asked_the_same(unit: Unit, asked: Asked) -> bool:
    """Whether the referral under this key asks for the same need, of the same member, in the same words."""
    tree = await asked_for(unit, asked.key)
    return bool(tree) and {name: tree[name] for name in CONTENT if name in tree} == _content(asked)


async def asked_for(unit: Unit, key: UUID) -> JsonObject:
    """The request of the referral under this key; {} where there is none."""
    row = await referrals.get(unit, key)
    request = row.source_request if row is not None else None
    stored = (await resources.by_ids(unit, [request])).get(request) if request else None
    return json.parse(stored.body) if stored else {}


def _content(asked: Asked) -> JsonObject:
    """What a form decides of the request."""
    category = asked.need.category.concept
    if asked.need.category.code == UNSPECIFIED:
        category["text"] = asked.need.words
    recipient = asked.recipient
    content: JsonObject = {
        "category": [SOCIAL_SERVICE.concept, category],
        "priority": _priority(asked),
        "code": asked.need.service.concept | {"text": asked.need.wanted},
        "orderDetail": [NO_CONTACT.concept] if asked.do_not_contact else [],
        "performer": [{"reference": f"Organization/{recipient}"}] if recipient is not None else [],
        "reasonReference": [{"reference": each} for each in asked.reasons],
        "note": _notes(asked),
    }
    return {name: content[name] for name in CONTENT if content[name]}


def _request(network: Network, unit: Unit, asked: Asked, id: UUID) -> JsonObject:
    tree: JsonObject = {
        "resourceType": "ServiceRequest",
        "meta": {"profile": [PROFILE + "SDOHCC-ServiceRequest"]},
        "identifier": [_identifier(network, asked, id)],
        "status": "active",
        "intent": "order",
        **_content(asked),
        "subject": {"reference": asked.person},
        "authoredOn": instant(unit.now),
        "requester": asked.requester,
        "supportingInfo": [{"reference": each} for each in asked.consents],
    }
    return authored({name: value for name, value in tree.items() if value != []})


def _task(network: Network, unit: Unit, caller: Caller, asked: Asked, request: UUID) -> JsonObject:
    by_task = asked.requester.get("reference", "").split("/")[-2:-1]
    own = {"reference": f"Organization/{min(caller.members)}"}
    return authored(
        {
            "resourceType": "Task",
            "meta": {"profile": [PROFILE + "SDOHCC-TaskForReferralManagement"]},
            "identifier": [_identifier(network, asked, request)],
            "status": "requested",
            "intent": "order",
            "priority": _priority(asked),
            "code": FULFILL.concept,
            "description": asked.need.wanted,
            "focus": {"reference": f"ServiceRequest/{request}"},
            "for": {"reference": asked.person},
            "authoredOn": instant(unit.now),
            "requester": asked.requester if ASK_BY_TASK.intersection(by_task) else own,
            "owner": {"reference": f"Organization/{network.coordinator}"},
        }
    )


def _priority(asked: Asked) -> str:
    return "urgent" if asked.urgent else "routine"


def _notes(asked: Asked) -> list[JsonObject]:
    notes = [asked.words, f"Wish: {asked.wish}" if asked.wish else ""]
    return [{"text": text} for text in notes if text]


def _identifier(network: Network, asked: Asked, request: UUID) -> JsonObject:
    """Our own name of this referral, the placer's."""
    kind = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": "PLAC"}]}
    return {"type": kind, "system": network.base + "/referral", "value": f"{asked.key}/{request}"}
