"""How the referrals of a launch's patient stand: for the senders of each, and for this patient only.

What organizations write to the network about their work stays there; the sender learns how far each has come, and the
outcome. *Source*: product sheet F13, F14, G05 (consent to send is not consent to send everything back).
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.domain.referral import words
from app.domain.referral.waiting import ANSWER, FINISH, NEXT_ACTIONS, PASS_ON, RESUME, ROUTE, START, WHY_WAITING
from app.fhir.errors import NotFound
from app.fhir.json import JsonObject
from app.services.launch.looking import looked_in
from app.services.launch.session import Launched
from app.services.network import Network
from app.services.referrals.advance import NOT_FINISHED
from app.services.referrals.cards import Story
from app.services.referrals.material import Material, read_material
from app.services.referrals.story import for_sender, tell_source
from app.store import members, origins, patients, referrals
from app.store.pool import Unit
from app.store.referrals import ReferralRow

MOST = 50  # on one page
OUR_DOOR = "launch"
# the source's Task is accepted as soon as the network has passed it on; its sender wants to know about the help itself
STANDS = {
    ROUTE: ("requested", "Sent"),
    PASS_ON: ("requested", "With the network"),
    ANSWER: ("requested", "Sent"),
    START: ("accepted", "Accepted"),
    FINISH: ("in-progress", "In progress"),
    RESUME: ("on-hold", "On hold"),
}
# the states of store/write_backs, in words
WRITTEN_BACK = {
    "waiting": "Not in the chart yet",
    "sending": "Not in the chart yet",
    "done": "In the chart",
    "failed": "Could not be written into the chart; look here for what becomes of it",
    "not-offered": "The health record system takes nothing from Baton; look here for what becomes of it",
}


@dataclass(frozen=True, slots=True)
class Followed:
    """One referral in the list; `who` has it now, `next` is what comes, `why` why it waits."""

    referral: UUID
    need: str
    status: str
    status_words: str
    who: str
    next: str
    why: str
    due: datetime | None
    overdue: bool
    sent_at: datetime
    urgent: bool
    chart: str


@dataclass(frozen=True, slots=True)
class Listed:
    """One page of the list, the first being 1; `more`: there are older ones on the next."""

    rows: list[Followed]
    page: int
    more: bool


@dataclass(frozen=True, slots=True)
class Told:
    """One referral whole; `may_cancel` while it can be taken back from here."""

    story: Story
    followed: Followed
    may_cancel: bool


async def followed(network: Network, launched: Launched, page: int = 1) -> Listed:
    """The referrals of this patient that this EHR's member sent, by whatever door; open ones first."""
    async with network.store.unit(launched.caller.members) as unit:
        await looked_in(network, unit, launched, "patient's referrals")
        found = await _rows(unit, launched, page)
        rows = found[:MOST]
        keys = [key for row in rows for key in (row.source_request, row.source_task) if key]
        material = await read_material(network, unit, keys)
        names = {key: each.name for key, each in (await members.get(unit, {r.owner for r in rows if r.owner})).items()}
        written = await patients.write_backs(unit, [row.id for row in rows])
        listed = [_followed(network, row, material, names, written) for row in rows]
        return Listed(listed, page, more=len(found) > MOST)


async def told(network: Network, launched: Launched, referral: UUID) -> Told:
    """The story of one of them. Raises NotFound for any other referral, of this patient or not."""
    async with network.store.unit(launched.caller.members) as unit:
        row = await row_of(unit, launched, referral)
        await looked_in(network, unit, launched, "referral", row.source_task)
        material = await read_material(network, unit, [key for key in (row.source_request, row.source_task) if key])
        owner = await members.get(unit, [row.owner] if row.owner else [])
        written = await patients.write_backs(unit, [row.id])
    # how far each part has come is for its sender to know; the parts' own words are not in what it may read
    async with network.store.unit([network.coordinator]) as unit:
        story = await tell_source(network, unit, row, material, await referrals.children(unit, [row.id]))
    names = {key: each.name for key, each in owner.items()}
    return Told(
        story=for_sender(story),
        followed=_followed(network, row, material, names, written),
        may_cancel=may_cancel(row, material.source(row)[1]),
    )


async def row_of(unit: Unit, launched: Launched, referral: UUID, *, lock: bool = False) -> ReferralRow:
    """The referral when it is about the launch's patient and was sent by this EHR's member. Raises NotFound."""
    patient = await origins.patient(unit, launched.connection.id, launched.patient)
    if patient is not None:
        row = await patients.one_of_person(unit, patient, launched.caller.members, referral)
        row = await referrals.get(unit, referral, lock=True) if row and lock else row
        if row is not None:
            return row
    raise NotFound("not-found", "there is no such referral")


def may_cancel(row: ReferralRow, task: JsonObject) -> bool:
    """What came by another door is taken back there."""
    return row.closed_at is None and row.trigger == OUR_DOOR and task.get("status") in NOT_FINISHED


async def _rows(unit: Unit, launched: Launched, page: int) -> list[ReferralRow]:
    """One more than are shown, where there are more."""
    patient = await origins.patient(unit, launched.connection.id, launched.patient)
    if patient is None:
        return []
    return await patients.of_person(unit, patient, launched.caller.members, MOST + 1, after=(page - 1) * MOST)


def _followed(
    network: Network, row: ReferralRow, material: Material, names: dict[UUID, str], written: dict[UUID, str]
) -> Followed:
    request, task = material.source(row)
    ended = task.get("status", "requested")
    status, said = STANDS.get(row.next_action or "", (ended, words.status_words(ended)))
    return Followed(
        referral=row.id,
        need=words.concept(request.get("code", {})) or words.need(request),
        status=status,
        status_words=said,
        who=names.get(row.owner, "") if row.owner else "",
        next=NEXT_ACTIONS.get(row.next_action or "", ""),
        why=WHY_WAITING.get(row.waiting_because or "", ""),
        due=row.due,
        overdue=row.due is not None and row.due < network.clock.now(),
        sent_at=row.received_at,
        urgent=any(tree.get("priority", "routine") != "routine" for tree in (request, task)),
        chart=WRITTEN_BACK.get(written.get(row.id, ""), ""),
    )
