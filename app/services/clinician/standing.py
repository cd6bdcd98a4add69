"""What rests on the chart stands as long as the chart says so: copies follow it, and a Consent that is gone ends.

*Source*: security sheet CON-15..CON-19; R4 http.html (404 and 410 of what was deleted).
"""

from collections.abc import Collection, Mapping
from uuid import UUID

from app.fhir.json import JsonObject
from app.gateways.ehr.trouble import EhrTrouble
from app.services.clinician.chart import Read, about
from app.services.clinician.copies import end_consents, read_again
from app.services.launch.refusals import LaunchOver
from app.services.launch.session import Launched, chart_of
from app.services.network import Network
from app.services.retries import with_retries
from app.store import origins

# an answer about the Consent itself, not about the way to it
NOT_READABLE = frozenset({"not-fhir", "too-large"})


async def bring_up_to_date(network: Network, launched: Launched, read: Read) -> None:
    """Our copies say what `read` says. Consents that permit something and were not in it are asked for one by one.

    Never fails for the EHR's sake: where it does not answer, or does not let us ask, what stands is left as it is.
    """
    await read_again(network, launched, read.trees)
    unseen = await _unseen(network, launched, {str(tree["id"]) for tree in read.consents})
    if unseen:
        there, gone = await _asked(network, launched, unseen)
        await read_again(network, launched, there)
        await _end(network, launched, gone)


async def _unseen(network: Network, launched: Launched, seen: Collection[str]) -> dict[str, UUID]:
    async with network.store.unit(launched.caller.members) as unit:
        patient = await origins.patient(unit, launched.connection.id, launched.patient)
        standing = await origins.standing_consents(unit, launched.connection.id, patient) if patient else {}
    return {id: held for id, held in standing.items() if id not in seen}


async def _asked(
    network: Network, launched: Launched, unseen: Mapping[str, UUID]
) -> tuple[list[JsonObject], list[UUID]]:
    """(what the EHR still holds, our copies of what it does not hold or what nobody can read)."""
    there: list[JsonObject] = []
    gone: list[UUID] = []
    try:
        chart = await chart_of(network, launched)
    except (LaunchOver, EhrTrouble):
        return there, gone
    for id, held in unseen.items():
        try:
            tree = await chart.read("Consent", id)
        except EhrTrouble as trouble:
            gone += [held] if trouble.kind in NOT_READABLE else []
        else:
            clear = tree is not None and about(tree, launched)
            there += [tree] if tree is not None and clear else []
            gone += [] if clear else [held]
    return there, gone


async def _end(network: Network, launched: Launched, gone: Collection[UUID]) -> None:
    async def once() -> None:
        async with network.store.unit(launched.caller.members, write=True) as unit:
            await end_consents(network, unit, launched, gone, "consent.gone")

    if gone:
        await with_retries(once)
