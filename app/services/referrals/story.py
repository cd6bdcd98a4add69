"""One referral told: the person, the need, who sent it, what happened so far."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from app.domain.referral import words
from app.fhir import json
from app.fhir.json import JsonObject
from app.services.network import Network
from app.services.referrals.cards import Agreed, Moment, Story
from app.services.referrals.material import Material
from app.store import bases, members, resources
from app.store.pool import Unit
from app.store.referrals import ChildRow, ReferralRow

HAPPENED = {
    "requested": "Sent",
    "accepted": "Accepted",
    "rejected": "Declined",
    "in-progress": "Started",
    "on-hold": "Put on hold",
    "completed": "Completed",
    "failed": "Could not be done",
    "cancelled": "Cancelled",
    "entered-in-error": "Taken back as a mistake",
}
ENDED = {
    "completed": "Closed: the person got help",
    "ended": "Closed by the network",
    "cancelled": "Closed: taken back",
}


async def tell(
    network: Network,
    unit: Unit,
    row: ReferralRow,
    material: Material,
    *,
    request: JsonObject,
    task: JsonObject,
    task_key: UUID | None,
    children: list[ChildRow],
    version: int,
    actions: tuple[str, ...],
    due: datetime | None,
) -> Story:
    """The story of a referral by its source, or of one part of it; `children` are the parts that its timeline shows."""
    status = task.get("status", "requested")
    return Story(
        referral=row.id,
        person=material.person(request, task),
        need=words.need(request),
        need_codes=words.codes(request.get("code", {})),
        reasons=material.reasons(request),
        sender=material.sender(request, task),
        status=status,
        status_words=words.status_words(status),
        due=due,
        overdue=due is not None and due < network.clock.now(),
        timeline=await _timeline(network, unit, row, children, task=task, whole=task_key == row.source_task),
        actions=actions,
        version=str(version),
        outcome=_outcome(task, material),
        do_not_contact=words.contact_prohibited(request),
        agreed=await _agreed(unit, children),
        notes=words.notes(request),
        urgent=words.urgent(request, task),
    )


async def tell_source(
    network: Network, unit: Unit, row: ReferralRow, material: Material, children: list[ChildRow]
) -> Story:
    """The whole of a referral as its source asked for it; nobody acts on it from here."""
    request, task = material.source(row)
    return await tell(
        network,
        unit,
        row,
        material,
        request=request,
        task=task,
        task_key=row.source_task,
        children=children,
        version=0,
        actions=(),
        due=row.due,
    )


def for_sender(story: Story) -> Story:
    """As its sender may know it: how far each part has come, and why the network closed it.

    What organizations wrote to the network about their work stays there.
    """
    timeline = (each if each.words in ENDED.values() else replace(each, reason="") for each in story.timeline)
    return replace(story, timeline=tuple(timeline))


async def _timeline(
    network: Network, unit: Unit, row: ReferralRow, children: list[ChildRow], *, task: JsonObject, whole: bool
) -> tuple[Moment, ...]:
    """Each change of status of the parts; `whole` is from the moment when the network received it to its end."""
    moments = [Moment(row.received_at, "Received")] if whole else []
    names = await members.get(unit, {child.target for child in children} | {network.coordinator})
    for child in children:
        before = ""
        for stored in await resources.history(unit, child.task):
            tree = json.parse(stored.body)
            if tree["status"] != before:
                before = tree["status"]
                moments.append(_moment(network, stored, tree, child, {key: each.name for key, each in names.items()}))
    moments.sort(key=lambda moment: moment.at)
    if whole and row.closed_at is not None:
        moments.append(Moment(row.closed_at, ENDED.get(row.closed_as or "", ""), "", _reason(task)))
    return tuple(moments)


def _moment(
    network: Network, stored: resources.Stored, tree: JsonObject, child: ChildRow, names: dict[UUID, str]
) -> Moment:
    status = tree["status"]
    by_network = status in ("requested", "cancelled", "entered-in-error")
    what = HAPPENED.get(status, "")
    if status == "requested":
        what = f"{what} to {names.get(child.target, '')}"
    by = names.get(network.coordinator if by_network else child.target, "")
    return Moment(stored.last_updated, what, by, _reason(tree))


def _reason(task: JsonObject) -> str:
    return str(task.get("statusReason", {}).get("text", ""))


def _outcome(task: JsonObject, material: Material) -> str | None:
    """What was done, in the words of the Procedures or codes that came out."""
    done = []
    for output in task.get("output", ()):
        tree = material.at(output.get("valueReference", {}))
        done.append(words.concept(tree.get("code", {})) or words.concept(output.get("valueCodeableConcept", {})))
    return "; ".join(each for each in done if each) or None


async def _agreed(unit: Unit, children: list[ChildRow]) -> Agreed | None:
    basis = await bases.get(unit, children[-1].basis) if children else None
    if basis is None:
        return None
    return Agreed(basis.kind, None if basis.valid_until.year >= 9999 else basis.valid_until)
