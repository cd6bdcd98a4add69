"""Writes a launched referral into the chart that it came from, as far as the EHR lets us: the handler `write-back`.

By capability and scope: a Task that follows the referral, else a document when it has ended, else nothing, and nothing
fails. Any launch of the patient that holds the scopes will do; where none is left it waits for the next. Each time it
reads the present state, so a repeated or late delivery does no harm. What the EHR may have made is looked for, never
made a second time on a guess.

*Source*: SMART App Launch 2.2, scopes; R4 http.html#ccreate; security sheet part 4 R01, R02, R06.
"""

import asyncio
from dataclasses import dataclass, replace
from typing import Any, Final
from uuid import UUID

from app.domain.access.scopes import Scopes
from app.gateways.ehr.chart import Chart, Interaction
from app.gateways.ehr.smart import EhrTrouble
from app.log import log
from app.services.launch.session import KeptLaunch, chart_by, kept_launches, offered_by
from app.services.network import Network
from app.services.referrals import chart_entry
from app.services.referrals.chart_entry import Telling
from app.services.referrals.material import read_material
from app.services.referrals.story import for_sender, tell_source
from app.store import members, referrals, write_backs
from app.store.referrals import ReferralRow
from app.store.write_backs import WriteBackRow

DOOR: Final = "launch"
# for everything that is asked of the EHR; the lease of a delivery is longer
DEADLINE_S: Final = 40.0
# then the next launch or change tries again, and a job each hour
MOST_TRIES: Final = 9
NOTHING: Final = WriteBackRow("none", None, "waiting", 0)
# a token that is over waits for the next launch, an EHR that is away for the next try; the rest is an answer
STATES: Final = {"ended": "waiting", "away": "waiting", "not-offered": "not-offered"}
# who is answered so knows that nothing was made
NOT_DONE: Final = ("ended", "refused", "not-offered", "address")
TASK, DOCUMENT = "Task", "DocumentReference"


@dataclass(frozen=True, slots=True)
class Way:
    """A type that may be written: what the server must offer of it, and the letters of the scope."""

    kind: str
    needs: tuple[Interaction, ...]
    letters: str

    def is_open_to(self, granted: Scopes) -> bool:
        who = ("patient", "user")
        return all(any(granted.allows(each, self.kind, letter) for each in who) for letter in self.letters)


# in the order in which they are looked for; a Task is read before it is changed, for others write in it
WAYS: Final = (Way(TASK, ("create", "read", "update"), "cru"), Way(DOCUMENT, ("create",), "c"))


@dataclass(frozen=True, slots=True)
class _Job:
    """One referral to be written back, and how it stood before."""

    network: Network
    row: ReferralRow
    connection: UUID
    telling: Telling
    before: WriteBackRow

    @property
    def begun(self) -> bool:
        """Whether the chart holds something of it, or may."""
        return self.before.remote_id is not None or self.before.created != "no"


async def write_back(network: Network, payload: dict[str, Any]) -> None:
    """Brings the chart in line with the referral. Raises EhrTrouble when the EHR is away: to be tried again soon."""
    key = UUID(payload["referral"])
    async with network.store.unit(()) as unit:
        if await write_backs.another_follows(unit, key):
            return
        row = await referrals.get(unit, key)
        before = await write_backs.get(unit, key) or NOTHING
    telling = await _telling(network, row) if row else None
    if row is None or row.connection is None or telling is None:
        return
    job = _Job(network, row, row.connection, telling, before)
    try:
        async with asyncio.timeout(DEADLINE_S):
            after, detail = await _written(job)
    except EhrTrouble as trouble:
        await _failed(job, trouble)
    except TimeoutError:
        await _failed(job, EhrTrouble("away"))
    else:
        await _keep(job, after, detail)


async def _failed(job: _Job, trouble: EhrTrouble) -> None:
    """Keeps why, with what was begun. Raises the trouble where trying again soon may help."""
    async with job.network.store.unit(()) as unit:
        stands = await write_backs.get(unit, job.row.id) or job.before
        follows = await write_backs.another_follows(unit, job.row.id)
    state, tries = STATES.get(trouble.kind, "failed"), stands.tries + 1
    await _keep(job, replace(stands, state=state, tries=tries), trouble.kind)
    log.warning("write_back_failed", referral=job.row.id, connection=job.connection, rule=trouble.kind)
    # postponed, it would hold up the one that follows
    if trouble.kind == "away" and tries < MOST_TRIES and not follows:
        raise trouble


async def _written(job: _Job) -> tuple[WriteBackRow, str | None]:
    """How it stands after everything possible was done, and why no more was."""
    before = job.before
    if before.kind == DOCUMENT and (before.remote_id or before.created == "yes"):
        return replace(before, state="done", tries=0), None
    launches = await kept_launches(job.network, job.connection, job.telling.patient)
    if not launches:
        return replace(before, state="waiting"), "no-token"
    ways = [way for way in WAYS if way.kind == before.kind] if job.begun else await _offered(job, launches[0])
    holders = [(way, launch) for way in ways for launch in launches if way.is_open_to(launch.scopes)]
    if not holders and job.begun:
        return replace(before, state="waiting"), "no-scope"
    if not holders:
        return replace(NOTHING, state="not-offered", tries=before.tries), None
    return await _by_one_of(job, holders)


async def _by_one_of(job: _Job, holders: list[tuple[Way, KeptLaunch]]) -> tuple[WriteBackRow, str | None]:
    """By the first of these launches that the EHR still honours."""
    over: EhrTrouble | None = None
    for way, launch in holders:
        if way.kind == DOCUMENT and job.telling.closed_at is None:
            return replace(job.before, kind=DOCUMENT, state="waiting"), "until-it-ends"
        chart = await chart_by(job.network, launch)
        if chart is None:
            continue
        try:
            return await _put(job, chart, way.kind)
        except EhrTrouble as trouble:
            if trouble.kind != "ended":
                raise
            over = trouble
    if over is not None:
        raise over
    return replace(job.before, state="waiting"), "no-token"


async def _offered(job: _Job, launch: KeptLaunch) -> list[Way]:
    """The ways that the server says it takes; none where it says nothing that can be read."""
    try:
        offered = await offered_by(job.network, launch.connection)
    except EhrTrouble as trouble:
        if trouble.kind == "away":
            raise
        return []
    return [way for way in WAYS if all(offered.offers(way.kind, interaction) for interaction in way.needs)]


async def _put(job: _Job, chart: Chart, kind: str) -> tuple[WriteBackRow, str | None]:
    remote_id = job.before.remote_id
    if remote_id is None and job.begun:
        found = await _find(chart, kind, job.telling)
        if found is None or (not found and job.before.created == "yes"):
            return replace(job.before, state="failed"), "not-known"
        remote_id = found or None
    if remote_id is None:
        remote_id = await _made(job, chart, kind)
    elif kind == TASK:
        await _moved(chart, job.telling, remote_id)
    return WriteBackRow(kind, remote_id, "done", 0, "yes"), None


async def _made(job: _Job, chart: Chart, kind: str) -> str | None:
    """The new resource's id; where the EHR does not tell it, the one found by our identifier, if any is.

    Once it is made, nothing is raised: another launch would make it again. The next change looks for it.
    """
    tree = chart_entry.task(job.telling) if kind == TASK else chart_entry.document(job.telling)
    named = chart_entry.identifier(job.telling)
    begun = WriteBackRow(kind, None, "sending", job.before.tries, "perhaps")
    await _keep(job, begun, None)
    try:
        remote_id = await chart.create(tree, if_none_exist=f"identifier={named['system']}|{named['value']}")
    except EhrTrouble as trouble:
        if trouble.kind in NOT_DONE:
            await _keep(job, replace(begun, created="no"), None)
        raise
    if remote_id:
        return remote_id
    await _keep(job, replace(begun, created="yes"), None)
    try:
        return await _find(chart, kind, job.telling) or None
    except EhrTrouble:
        return None


async def _moved(chart: Chart, telling: Telling, remote_id: str) -> None:
    """Sets what is ours in the Task, over what stands there now; once more when somebody was faster."""
    for _ in range(2):
        standing = await chart.read(TASK, remote_id)
        if standing is None or not chart_entry.is_ours(standing, telling):
            raise EhrTrouble("refused")
        if await chart.update(chart_entry.moved(standing, telling)):
            return
    raise EhrTrouble("away")


async def _find(chart: Chart, kind: str, telling: Telling) -> str | None:
    """The id of what an earlier try left there; "" when nothing is there, None where the EHR does not let us know."""
    named = chart_entry.identifier(telling)
    asked = {"patient": telling.patient, "identifier": f"{named['system']}|{named['value']}"}
    try:
        found = await chart.search(kind, asked)
    except EhrTrouble as trouble:
        if trouble.kind in ("away", "ended"):
            raise
        return None
    ours = next((str(tree["id"]) for tree in found if chart_entry.is_named(tree, telling)), None)
    # a server that overlooks the parameter answers with everything, or with a part of it
    return ours or (None if found or not found.complete else "")


async def _telling(network: Network, row: ReferralRow) -> Telling | None:
    """The referral as its sender may know it; None when it did not come by a launch, or of nobody in that chart."""
    if row.trigger != DOOR or row.connection is None or row.source_task is None:
        return None
    keys = [key for key in (row.source_request, row.source_task) if key]
    async with network.store.unit(row.sources) as unit:
        material = await read_material(network, unit, keys)
    async with network.store.unit((network.coordinator,)) as unit:
        patient = await write_backs.patient(unit, network.numbers, row.id)
        names = await members.get(unit, {network.coordinator, *row.sources})
        story = await tell_source(network, unit, row, material, await referrals.children(unit, [row.id]))
    if patient is None:
        return None
    return Telling(
        story=for_sender(story),
        patient=patient,
        network_name=names[network.coordinator].name,
        time_zone=names[row.sources[0]].time_zone,
        now=network.clock.now(),
        sent_at=row.received_at,
        closed_at=row.closed_at,
    )


async def _keep(job: _Job, now: WriteBackRow, detail: str | None) -> None:
    async with job.network.store.unit((), write=True) as unit:
        await write_backs.keep(unit, job.network.ids.next(), job.row.id, job.connection, now, detail)
