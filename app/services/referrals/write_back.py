"""Writes a launched referral into the chart that it came from, as far as the EHR lets us: the handler `write-back`.

By capability and scope: a Task that follows the referral, else a document when it has ended, else nothing, and nothing
fails. Without a token that works it waits for the patient's next launch. Each time it reads the present state, so a
repeated or late delivery does no harm.

*Source*: SMART App Launch 2.2, scopes; R4 http.html#ccreate; security sheet part 4 R01, R02, R06.
"""

from dataclasses import replace
from typing import Any, Final
from uuid import UUID

from app.domain.access.scopes import Scopes
from app.gateways.ehr.chart import Capabilities, Chart, Interaction
from app.gateways.ehr.smart import EhrTrouble
from app.log import log
from app.services.launch.session import latest_chart
from app.services.network import Network
from app.services.referrals import chart_entry
from app.services.referrals.chart_entry import Telling
from app.services.referrals.material import read_material
from app.services.referrals.story import tell
from app.store import members, referrals, write_backs
from app.store.referrals import ReferralRow
from app.store.write_backs import WriteBackRow

DOOR: Final = "launch"
# then it waits for the next launch or change: a dead letter would hold up what follows
MOST_TRIES: Final = 9
NOTHING: Final = WriteBackRow("none", None, "waiting", 0)
# what is offered is looked for in this order: (type, what the server must offer, the letters of the scope)
WAYS: Final[tuple[tuple[str, tuple[Interaction, ...], str], ...]] = (
    ("Task", ("create", "update"), "cu"),
    ("DocumentReference", ("create",), "c"),
)


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
    try:
        after, detail = await _written(network, row, row.connection, telling, before)
    except EhrTrouble as trouble:
        # what was begun may have been done all the same: the next try looks first
        begun = await _stands(network, key) or before
        tries = begun.tries + (begun.state != "sending")
        await _keep(network, row, replace(begun, state=STATES.get(trouble.kind, "failed"), tries=tries), trouble.kind)
        log.warning("write_back_failed", referral=key, connection=row.connection, rule=trouble.kind)
        if trouble.kind == "away" and tries < MOST_TRIES:
            raise
        return
    await _keep(network, row, after, detail)


# a token that is over waits for the next launch, an EHR that is away for the next try; the rest is an answer
STATES: Final = {"ended": "waiting", "away": "waiting", "not-offered": "not-offered"}


async def _written(
    network: Network, row: ReferralRow, connection: UUID, telling: Telling, before: WriteBackRow
) -> tuple[WriteBackRow, str | None]:
    chart = await latest_chart(network, connection, telling.patient)
    if chart is None:
        return replace(before, state="waiting"), "no-token"
    way = before.kind if before.remote_id else await _way(network, chart, connection, telling.patient)
    if way is None:
        return replace(NOTHING, state="not-offered", tries=before.tries), None
    if way == "DocumentReference" and telling.closed_at is None:
        return replace(before, kind=way, state="waiting"), "until-it-ends"
    if way == "DocumentReference" and before.remote_id:
        return replace(before, state="done", tries=0), None
    tries = before.tries if before.kind == way else 0
    await _keep(network, row, WriteBackRow(way, before.remote_id, "sending", tries + 1), None)
    remote_id = before.remote_id or (await _find(chart, way, telling) if tries else None)
    if way == "Task":
        remote_id = await _task(chart, telling, remote_id)
    elif remote_id is None:
        remote_id = await _created(chart, chart_entry.document(telling), telling)
    return WriteBackRow(way, remote_id, "done", 0), None


async def _way(network: Network, chart: Chart, connection: UUID, patient: str) -> str | None:
    """The first way that the server offers and the scopes allow."""
    try:
        offered = await chart.capabilities()
    except EhrTrouble as trouble:
        if trouble.kind == "away":
            raise
        return None
    async with network.store.unit(()) as unit:
        granted = Scopes.understood(await write_backs.scopes(unit, connection, patient))
    return next((kind for kind, needs, letters in WAYS if _may(kind, needs, letters, offered, granted)), None)


def _may(kind: str, needs: tuple[Interaction, ...], letters: str, offered: Capabilities, granted: Scopes) -> bool:
    allowed = all(any(granted.allows(who, kind, letter) for who in ("patient", "user")) for letter in letters)
    return allowed and all(offered.offers(kind, interaction) for interaction in needs)


async def _task(chart: Chart, telling: Telling, remote_id: str | None) -> str | None:
    if remote_id is None:
        return await _created(chart, chart_entry.task(telling, None), telling)
    await chart.update(chart_entry.task(telling, remote_id))
    return remote_id


async def _created(chart: Chart, tree: dict[str, Any], telling: Telling) -> str | None:
    """The new resource's id; where the EHR does not tell it, the one found by our identifier."""
    named = chart_entry.identifier(telling)
    remote_id = await chart.create(tree, if_none_exist=f"identifier={named['system']}|{named['value']}")
    return remote_id or await _find(chart, tree["resourceType"], telling)


async def _find(chart: Chart, kind: str, telling: Telling) -> str | None:
    """What an earlier try left there, though its answer was lost; None where the EHR cannot be asked so."""
    named = chart_entry.identifier(telling)
    asked = {"patient": telling.patient, "identifier": f"{named['system']}|{named['value']}"}
    try:
        found = await chart.search(kind, asked, most=10)
    except EhrTrouble as trouble:
        if trouble.kind in ("away", "ended"):
            raise
        return None
    # a server that overlooks the parameter answers with everything
    return next((str(tree["id"]) for tree in found if named in tree.get("identifier", ()) and tree.get("id")), None)


async def _telling(network: Network, row: ReferralRow) -> Telling | None:
    """The referral as its sender may know it; None when it did not come by a launch, or of nobody in that chart."""
    if row.trigger != DOOR or row.connection is None or row.source_task is None:
        return None
    keys = [key for key in (row.source_request, row.source_task) if key]
    async with network.store.unit(row.sources) as unit:
        material = await read_material(network, unit, keys)
    request, task = (material.by_key.get(key, {}) if key else {} for key in (row.source_request, row.source_task))
    async with network.store.unit((network.coordinator,)) as unit:
        patient = await write_backs.patient(unit, network.numbers, row.id)
        names = await members.get(unit, {network.coordinator, *row.sources})
        story = await tell(
            network,
            unit,
            row,
            material,
            request=request,
            task=task,
            task_key=row.source_task,
            children=await referrals.children(unit, [row.id]),
            version=0,
            actions=(),
            due=None,
        )
        if patient is None:
            return None
        own, sender = names[network.coordinator], names[row.sources[0]]
        status = task.get("status", "requested")
        return Telling(
            story, status, patient, own.name, sender.time_zone, network.clock.now(), row.received_at, row.closed_at
        )


async def _stands(network: Network, referral: UUID) -> WriteBackRow | None:
    async with network.store.unit(()) as unit:
        return await write_backs.get(unit, referral)


async def _keep(network: Network, row: ReferralRow, now: WriteBackRow, detail: str | None) -> None:
    assert row.connection is not None
    async with network.store.unit((), write=True) as unit:
        await write_backs.keep(unit, network.ids.next(), row.id, row.connection, now, detail)
