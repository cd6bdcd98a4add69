"""The decision with what it needs from the store: who the recipient is by every name, and what time it is."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from app.domain.consent import consent as fhir_consent
from app.domain.consent.decide import Attested, Decision, Deny, Permit, Recipient, decide
from app.fhir import json
from app.services.network import Network
from app.store import bases, events, participations, referrals, resources
from app.store.bases import BasisRow
from app.store.pool import Unit
from app.store.record import DeliveryRow, EventRow

# what a referral discloses: the classes that the decision weighs
REFERRAL_CLASSES = ("Task", "ServiceRequest", "Patient", "Condition", "Observation")


async def decide_for(network: Network, unit: Unit, recipient: UUID, tree: Mapping[str, Any]) -> datetime | None:
    """Until when a Consent permits `recipient` to see a referral, or None when it does not."""
    decision = await weigh(network, unit, recipient, fhir_consent.view(dict(tree)))
    return decision.until if isinstance(decision, Permit) else None


async def weigh(
    network: Network, unit: Unit, recipient: UUID, basis: fhir_consent.ConsentView | Attested | None
) -> Decision:
    return decide(
        basis,
        discloser=_reference(network.coordinator),
        recipient=await names_of(network, unit, recipient),
        purpose="TREAT",
        classes=REFERRAL_CLASSES,
        direction="out",
        now=unit.now,
    )


async def weigh_row(network: Network, unit: Unit, row: BasisRow) -> Decision:
    """The decision on a recorded basis as it stands now."""
    if row.withdrawn_at is not None:
        return Deny("basis-withdrawn")
    if row.consent is not None and row.kind == "consent":
        stored = (await resources.by_ids(unit, [row.consent])).get(row.consent)
        view = fhir_consent.view(json.parse(stored.body)) if stored else None
        return await weigh(network, unit, row.recipient, view)
    return await weigh(network, unit, row.recipient, attested(row))


def attested(row: BasisRow) -> Attested:
    return Attested(
        row.kind,  # type: ignore[arg-type]  # the table's check allows these kinds only
        _reference(row.recipient),
        row.valid_from,
        row.valid_until,
        row.withdrawn_at is not None,
    )


async def names_of(network: Network, unit: Unit, member: UUID) -> Recipient:
    """Every reference and identifier by which a consent may name a member."""
    stored = (await resources.by_ids(unit, [member])).get(member)
    tree = json.parse(stored.body) if stored else {}
    identifiers = {(each.get("system", ""), each["value"]) for each in tree.get("identifier", ()) if "value" in each}
    reference = _reference(member)
    return Recipient(frozenset({reference, "/".join((network.base, reference))}), frozenset(identifiers))


async def end_parts(unit: Unit, ended: Collection[UUID]) -> None:
    """Withdraws bases and closes, at once, every part that rests on them."""
    await bases.withdraw(unit, ended)
    children = await referrals.children_of_bases(unit, ended)
    if children:
        await unit.also_for({child.target for child in children})
        await participations.close(unit, [child.task for child in children])


async def ends_at(network: Network, unit: Unit, basis: UUID, until: datetime) -> None:
    """Lets the worker look when a basis runs out, so that its referral does not stay with somebody who is shut out."""
    moment = participations.until_or_forever(until)
    if moment is not None:
        event = EventRow(network.ids.next(), "basis.limited")
        payload = {"type": "basis", "resource": str(basis)}
        # a key of its own: what is due later must not hold up what is due now
        row = DeliveryRow(event.id, "react", f"basis/{basis}/{moment.isoformat()}", payload, not_before=moment)
        await events.add(unit, event, [row])


async def limit_parts(network: Network, unit: Unit, basis: BasisRow, until: datetime) -> None:
    """A standing basis, and every open part that rests on it, now ends at `until`."""
    await ends_at(network, unit, basis.id, until)
    await bases.limit(unit, basis.id, until)
    children = await referrals.children_of_bases(unit, [basis.id])
    if children:
        await unit.also_for({child.target for child in children})
        await participations.limit(unit, [child.task for child in children], until)


def _reference(member: UUID) -> str:
    return f"Organization/{member}"
