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
from app.services.referrals.cards import Moment, Story
from app.services.referrals.filler import instant

REFERRAL_NOTE = {"system": "http://loinc.org", "code": "57133-1", "display": "Referral note"}
CLINICAL_NOTE = {
    "system": "http://hl7.org/fhir/us/core/CodeSystem/us-core-documentreference-category", "code": "clinical-note",
}  # fmt: skip
URI = "urn:ietf:rfc:3986"
# who wrote our note, so that it is told apart from what others add to the Task
AUTHOR = "Baton"


@dataclass(frozen=True, slots=True)
class Telling:
    """A referral for the chart of `patient`, the EHR's id; `story` as its sender knows it."""

    story: Story
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


def is_named(tree: JsonObject, telling: Telling) -> bool:
    """Whether the resource bears this referral's name."""
    named = tree.get("identifier")
    return identifier(telling) in [
        {"system": each.get("system"), "value": each.get("value")}
        for each in (named if isinstance(named, list) else [named])
        if isinstance(each, dict)
    ]


def is_ours(standing: JsonObject, telling: Telling) -> bool:
    """Whether a Task in the chart is the one that we made: by its name, or by its patient where names are not kept."""
    person = standing.get("for")
    reference = str(person.get("reference")) if isinstance(person, dict) else ""
    unnamed = not standing.get("identifier") and f"/{reference}".endswith(f"/Patient/{telling.patient}")
    return is_named(standing, telling) or unnamed


def task(telling: Telling) -> JsonObject:
    """The Task as it is when it is made."""
    fulfill = {"system": TASK_CODE, "code": "fulfill", "display": "Fulfill the focal request"}
    tree: JsonObject = {
        "resourceType": "Task",
        "identifier": [identifier(telling)],
        "status": telling.story.status,
        "intent": "order",
        "code": {"coding": [fulfill], "text": "Referral"},
        "description": telling.story.need,
        "for": {"reference": f"Patient/{telling.patient}"},
        "authoredOn": instant(telling.sent_at),
        "lastModified": instant(telling.now),
        "owner": {"display": telling.network_name},
        "note": [_note(telling)],
    }
    return authored(tree)


def moved(standing: JsonObject, telling: Telling) -> JsonObject:
    """The Task as it stands in the chart with what is ours in it as it is now; all else is the chart's."""
    notes = standing.get("note")
    theirs = [each for each in (notes if isinstance(notes, list) else []) if not _is_our_note(each, telling)]
    ours = {"status": telling.story.status, "lastModified": instant(telling.now), "note": [_note(telling), *theirs]}
    return standing | ours


def _note(telling: Telling) -> JsonObject:
    return {"authorString": AUTHOR, "text": text(telling)}


def _is_our_note(note: object, telling: Telling) -> bool:
    """By its author; by how it begins where authors are not kept."""
    if not isinstance(note, dict):
        return False
    begins = str(note.get("text", "")).startswith(f"{_title(telling)}\n")
    return note.get("authorString") == AUTHOR or (begins and "authorString" not in note)


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
        _title(telling),
        f"Sent by {story.sender.organization} through {telling.network_name}",
        f"Now: {story.status_words}",
        "",
        *(_line(telling, moment) for moment in story.timeline),
    ]
    if story.outcome:
        lines += ["", f"What came of it: {story.outcome}"]
    return "\n".join(lines) + "\n"


def _title(telling: Telling) -> str:
    return f"Referral: {telling.story.need}"


def _line(telling: Telling, moment: Moment) -> str:
    when = moment.at.astimezone(ZoneInfo(telling.time_zone)).strftime("%Y-%m-%d %H:%M")
    return f"{when}  {moment.words}{f': {moment.reason}' if moment.reason else ''}"
