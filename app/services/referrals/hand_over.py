"""Handing a referral over to a member: filler order, child Task, parts, referral row, in one transaction.

Both ways in, the operator's **Pass on** and automatic routing, end here.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from app.domain.consent.decide import Deny
from app.domain.referral.due import due
from app.domain.referral.waiting import ANSWER, WHY_WAITING
from app.fhir.errors import BusinessRule
from app.services.caller import Caller
from app.services.lookups.decision import ends_at, weigh_row
from app.services.network import Network
from app.services.referrals.filler import child_task, filler_order, referral_identifier
from app.services.referrals.source import Source
from app.services.write import write_in
from app.services.writing import new
from app.store import bases, events, members, participations, referrals
from app.store.bases import BasisRow
from app.store.members import MemberRow
from app.store.participations import until_or_forever
from app.store.pool import Unit
from app.store.record import DeliveryRow, EventRow, ParticipationRow
from app.store.referrals import ReferralRow
from app.store.resources import Stored


async def hand_over(
    network: Network,
    unit: Unit,
    caller: Caller,
    referral: ReferralRow,
    source: Source,
    basis: BasisRow,
    shared: Sequence[Stored],
) -> UUID:
    """The child Task's key; `shared` is what its recipient sees besides it and its order.

    Raises BusinessRule when the basis does not permit, or a part is open already.
    """
    if any(child.ended_at is None for child in await referrals.children(unit, [referral.id])):
        raise BusinessRule(
            "already-passed-on", "an organization has this referral; wait for its answer or end its part"
        )
    target = await _target(unit, basis.recipient)
    # the basis before its weighing: its share of the Consent keeps out a withdrawal until this is committed
    await bases.add(unit, basis)
    decision = await weigh_row(network, unit, basis)
    if isinstance(decision, Deny):
        raise BusinessRule(decision.because, WHY_WAITING.get(decision.because, "this basis does not permit it"))
    task, order = network.ids.next(), network.ids.next()
    part = _Part(target.organization, task, basis, until_or_forever(decision.until))
    await _write_ours(network, unit, caller, referral, source, part, order)
    await participations.grant(unit, [part.of(stored.id, stored.version) for stored in shared])
    await referrals.add_child(
        unit, task=task, referral=referral.id, filler_order=order, target=target.organization, basis=basis.id
    )
    await _note(network, unit, caller, referral, target, task)
    await ends_at(network, unit, basis.id, decision.until)
    return task


async def _target(unit: Unit, recipient: UUID) -> MemberRow:
    target = (await members.get(unit, [recipient])).get(recipient)
    if target is None or target.kind != "target":
        raise BusinessRule("not-a-target", "choose an organization of this network that takes referrals")
    return target


class _Part:
    """What the recipient gets: rows that all hang on the child Task and on the basis."""

    def __init__(self, member: UUID, task: UUID, basis: BasisRow, until: datetime | None) -> None:
        self.member, self.task, self.basis, self.until = member, task, basis, until

    def of(self, resource: UUID, from_version: int = 1) -> ParticipationRow:
        return ParticipationRow(
            self.member,
            resource,
            self.task,
            "recipient",
            self.basis.id,
            self.basis.consent_version,
            from_version,
            self.until,
        )


async def _write_ours(
    network: Network, unit: Unit, caller: Caller, referral: ReferralRow, source: Source, part: _Part, order: UUID
) -> None:
    requester = source.request_tree.get("requester") or source.task_tree.get("requester", {})
    owner = f"Organization/{part.member}"
    order_tree = filler_order(
        source.request_tree,
        based_on=f"ServiceRequest/{source.request.fhir_id}",
        requester=requester,
        performer=owner,
        identifier=referral_identifier(network.base, referral.id, order),
        now=unit.now,
    )
    about = source.task_tree
    if about.get("for", {}).get("reference", "#").startswith("#"):  # contained in the source's Task, or not said there
        about = {**about, "for": source.request_tree["subject"]}
    task_tree = child_task(
        about,
        part_of=f"Task/{source.task.fhir_id}" if source.task else "",
        focus=f"ServiceRequest/{order}",
        requester=f"Organization/{network.coordinator}",
        owner=owner,
        identifier=referral_identifier(network.base, referral.id, part.task),
        now=unit.now,
    )
    entries = [
        new(network, order_tree, id=order, shares=(part.of(order),)),
        new(network, task_tree, id=part.task, shares=(part.of(part.task),)),
    ]
    await write_in(network, unit, caller, entries)


async def _note(
    network: Network, unit: Unit, caller: Caller, referral: ReferralRow, target: MemberRow, task: UUID
) -> None:
    act_by = due(unit.now, target.time_zone)
    await referrals.hand(unit, referral.id, owner=target.organization, next_action=ANSWER, due=act_by)
    event = EventRow(
        network.ids.next(),
        "referral.passed-on",
        task,
        1,
        referral.id,
        target.organization,
        caller.account,
        {"to": str(target.organization)},
    )
    payload = {"type": "new-referral", "referral": str(referral.id), "member": str(target.organization)}
    await events.add(unit, event, [DeliveryRow(event.id, "notify", str(referral.id), payload)])
