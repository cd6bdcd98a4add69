"""A referral as an EHR's chart may hold it: a Task that moves, or a document once it has ended.

It says what the sender may know: how far each part has come and what came of it, not what organizations wrote to the
network. *Source*: SDOH Clinical Care 3.0.0, Task; US Core DocumentReference; product sheet F13, G05.
"""

from base64 import b64encode
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from app.domain.referral.task import TASK_CODE
from app.fhir.json import JsonObject
from app.fhir.models import authored
from app.services.referrals.cards import Story
from app.services.referrals.filler import instant
from app.services.referrals.story import ENDED

REFERRAL_NOTE = {"system": "http://loinc.org", "code": "57133-1", "display": "Referral note"}
CLINICAL_NOTE = {
    "system": "http://hl7.org/fhir/us/core/CodeSystem/us-core-documentreference-category", "code": "clinical-note",
}  # fmt: skip
URI = "urn:ietf:rfc:3986"


@dataclass(frozen=True, slots=True)
class Telling:
    """A referral for the chart of `patient`, the EHR's id. `status` is that of our own Task."""

    story: Story
    status: str
    patient: str
    network_name: str
    time_zone: str
    now: datetime
    sent_at: datetime
    closed_at: datetime | None

    @property
    def name(self) -> str:
        """The referral's name in every system, by which it is found again."""
        return f"urn:uuid:{self.story.referral}"


def identifier(telling: Telling) -> JsonObject:
    return {"system": URI, "value": telling.name}


def task(telling: Telling, remote_id: str | None) -> JsonObject:
    """The Task as it is now, under its id there when it has one."""
    fulfill = {"system": TASK_CODE, "code": "fulfill", "display": "Fulfill the focal request"}
    tree: JsonObject = {
        "resourceType": "Task",
        **({"id": remote_id} if remote_id else {}),
        "identifier": [identifier(telling)],
        "status": telling.status,
        "intent": "order",
        "code": {"coding": [fulfill], "text": "Referral"},
        "description": telling.story.need,
        "for": {"reference": f"Patient/{telling.patient}"},
        "authoredOn": instant(telling.sent_at),
        "lastModified": instant(telling.now),
        "owner": {"display": telling.network_name},
        "note": [{"text": text(telling)}],
    }
    return authored(tree)


def document(telling: Telling) -> JsonObject:
    """The whole story as plain text."""
    told = b64encode(text(telling).encode()).decode()
    tree: JsonObject = {
        "resourceType": "DocumentReference",
        "masterIdentifier": identifier(telling),
        "identifier": [identifier(telling)],
        "status": "current",
        "docStatus": "final",
        "type": {"coding": [REFERRAL_NOTE]},
        "category": [{"coding": [CLINICAL_NOTE]}],
        "subject": {"reference": f"Patient/{telling.patient}"},
        "date": instant(telling.now),
        "author": [{"display": telling.network_name}],
        "description": f"Referral, {telling.story.need}: {telling.story.status_words}"[:1000],
        "content": [{"attachment": {"contentType": "text/plain; charset=utf-8", "data": told, "title": "Referral"}}],
    }
    return authored(tree)


def text(telling: Telling) -> str:
    """What the chart's readers read, times in the sender's zone. No name: it stands in the person's own chart."""
    story = telling.story
    lines = [
        f"Referral: {story.need}",
        f"Sent by {story.sender.organization} through {telling.network_name}",
        f"Now: {story.status_words}",
        "",
        *(_line(telling, moment.at, moment.words, _reason(moment.words, moment.reason)) for moment in story.timeline),
    ]
    if story.outcome:
        lines += ["", f"What came of it: {story.outcome}"]
    return "\n".join(lines) + "\n"


def _line(telling: Telling, at: datetime, words: str, reason: str) -> str:
    when = at.astimezone(ZoneInfo(telling.time_zone)).strftime("%Y-%m-%d %H:%M")
    return f"{when}  {words}{f': {reason}' if reason else ''}"


def _reason(words: str, reason: str) -> str:
    """Why the network closed it is for the sender; why an organization said no is not."""
    return reason if words in ENDED.values() else ""
