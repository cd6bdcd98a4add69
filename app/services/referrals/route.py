"""Routing without a person: when the request names one member and a Consent admits it, the network passes it on itself.

Otherwise the referral waits with the operator, and says why.
"""

from app.domain.referral import task, waiting
from app.fhir.errors import BusinessRule
from app.services.caller import the_network
from app.services.lookups.lead_back import member_behind
from app.services.network import Network
from app.services.referrals.consents import consents_of, first_permitting
from app.services.referrals.gather import what_is_shown
from app.services.referrals.hand_over import hand_over
from app.services.referrals.source import Source, read_source
from app.store import referrals
from app.store.members import MemberRow
from app.store.pool import Unit
from app.store.referrals import ReferralRow


async def route(network: Network, unit: Unit, referral: ReferralRow) -> None:
    """Passes an open referral on, or notes why it waits. Safe to repeat; what an operator decides is left to her."""
    if referral.closed_at is not None or await referrals.children(unit, [referral.id]):
        return
    source = await read_source(network, unit, referral)
    if source is None:
        await wait(network, unit, referral, waiting.SENDER_NOT_READ)
        return
    if source.task is not None and task.view(source.task_tree).status != "requested":
        return
    try:
        target = await _named_target(network, unit, source)
        consents = await consents_of(network, unit, source)
        shared = await what_is_shown(network, unit, referral, source)
        chosen = await first_permitting(network, unit, target.organization, consents, referral.sources)
    except BusinessRule as reason:
        await wait(network, unit, referral, reason.issues[0].rule)
        return
    basis = chosen.basis(network.ids.next(), referral.id, target.organization, unit.now)
    await hand_over(network, unit, the_network(network.coordinator), referral, source, basis, shared)


async def wait(network: Network, unit: Unit, referral: ReferralRow, because: str) -> None:
    """Back to the operator, who has until the due time that stands; a referral that comes back gets a new one."""
    due_at = referral.due or unit.now
    await referrals.hand(
        unit, referral.id, owner=network.coordinator, next_action=waiting.PASS_ON, due=due_at, because=because
    )


async def _named_target(network: Network, unit: Unit, source: Source) -> MemberRow:
    found: dict[object, MemberRow] = {}
    for performer in source.request_tree.get("performer", ()):
        member = await member_behind(network, unit, performer)
        if member is not None and member.kind == "target":
            found[member.organization] = member
    if len(found) == 1:
        return next(iter(found.values()))
    rule = waiting.SEVERAL_NAMED if found else waiting.NOBODY_NAMED
    raise BusinessRule(rule, waiting.WHY_WAITING[rule])
