"""The sender takes a referral back, or consent ends: open parts are cancelled by the network, which asked for them."""

from collections.abc import Sequence
from uuid import UUID

from app.domain.referral import task
from app.fhir import json
from app.services.caller import the_network
from app.services.lookups.decision import end_parts
from app.services.network import Network
from app.services.referrals.advance import end_task
from app.services.referrals.consents import consents_of, denies
from app.services.referrals.roll_up import roll_up
from app.services.referrals.source import read_source
from app.store import bases, events, referrals, resources
from app.store.pool import Unit
from app.store.record import EventRow
from app.store.referrals import ReferralRow

TAKEN_BACK = "The sender has cancelled this referral."
CONSENT_ENDED = "Consent to share was withdrawn."
CONSENT_DENIED = "Another consent now forbids to share this."
CONSENT_OVER = "The time for which sharing was agreed is over."


async def follow_source(network: Network, unit: Unit, row: ReferralRow) -> bool:
    """True when the source has ended the referral itself, by its Task or its request; then it is closed here too."""
    if row.closed_at is not None:
        return True
    ids = [id for id in (row.source_task, row.source_request) if id]
    stored = {found.type: json.parse(found.body) for found in (await resources.by_ids(unit, ids)).values()}
    task_ended = task.view(stored.get("Task", {})).status in ("cancelled", "entered-in-error")
    request_ended = stored.get("ServiceRequest", {}).get("status") in ("revoked", "entered-in-error")
    if not task_ended and not request_ended:
        return False
    await _cancel(network, unit, [child.task for child in await referrals.children(unit, [row.id])], TAKEN_BACK)
    await roll_up(network, unit, row.id)
    if row.source_task is not None:
        await _end_task(network, unit, row.source_task, TAKEN_BACK)
    await referrals.close(unit, row.id, "cancelled")
    await events.add(unit, EventRow(network.ids.next(), "referral.cancelled", row.source_task, None, row.id))
    return True


async def cancel_children(network: Network, unit: Unit, consent: UUID) -> list[UUID]:
    """Cancels the parts whose basis, this Consent, was withdrawn; returns the referrals they belong to."""
    return await _cancel_of_bases(network, unit, await bases.withdrawn_of_consent(unit, consent), CONSENT_ENDED)


async def end_denied(network: Network, unit: Unit, row: ReferralRow) -> None:
    """Ends what one Consent admitted when another that the request names now denies: a denial overrides."""
    standing = [
        basis.id
        for basis in await bases.of_referral(unit, row.id)
        if basis.kind == "consent" and basis.withdrawn_at is None
    ]
    source = await read_source(network, unit, row) if standing else None
    if source is not None and any(denies(consent) for consent in await consents_of(network, unit, source)):
        await end_parts(unit, standing)
        await _cancel_of_bases(network, unit, standing, CONSENT_DENIED)
        await roll_up(network, unit, row.id)


async def end_basis(network: Network, unit: Unit, basis: UUID) -> list[UUID]:
    """When a basis has run out: its parts end like withdrawn ones; [] while it stands, or when it ended before."""
    row = await bases.get(unit, basis)
    if row is None or row.withdrawn_at is not None or row.valid_until > unit.now:
        return []
    await end_parts(unit, [basis])
    return await _cancel_of_bases(network, unit, [basis], CONSENT_OVER)


async def _cancel_of_bases(network: Network, unit: Unit, ended: Sequence[UUID], reason: str) -> list[UUID]:
    """The referrals first, then their Tasks: the order in which everybody locks."""
    children = await referrals.children_of_bases(unit, ended)
    touched = sorted({child.referral for child in children})
    for referral in touched:
        await referrals.get(unit, referral, lock=True)
    await _cancel(network, unit, [child.task for child in children], reason)
    return touched


async def cancel_parts(network: Network, unit: Unit, row: ReferralRow, reason: str) -> None:
    """Cancels every open part of a referral."""
    await _cancel(network, unit, [child.task for child in await referrals.children(unit, [row.id])], reason)


async def _cancel(network: Network, unit: Unit, tasks: Sequence[UUID], reason: str) -> None:
    for each in tasks:
        await _end_task(network, unit, each, reason)


async def _end_task(network: Network, unit: Unit, each: UUID, reason: str) -> None:
    await end_task(network, unit, the_network(network.coordinator), each, "cancelled", reason)
