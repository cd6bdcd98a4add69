"""Pass on: the operator chooses the organization and says on which basis it may see the referral."""

from uuid import UUID

from app.domain.consent.decide import ATTESTED_KINDS, FOREVER
from app.fhir.errors import BusinessRule, Invalid, NotFound, Required
from app.services.caller import Caller
from app.services.network import Network
from app.services.operators import operator
from app.services.referrals.consents import consents_of, first_permitting
from app.services.referrals.hand_over import hand_over
from app.services.referrals.source import Source, read_source
from app.store import referrals
from app.store.bases import BasisRow
from app.store.pool import Unit
from app.store.referrals import ReferralRow

MAX_ATTESTATION = 2_000


async def pass_on(
    network: Network, caller: Caller, referral: UUID, *, to: UUID, basis_kind: str, attestation: str = ""
) -> None:
    """Hands an open referral to the member `to`. Raises Forbidden, NotFound, Required or BusinessRule."""
    operator(network, caller)
    async with network.store.unit(caller.members, write=True) as unit:
        row = await open_referral(unit, referral)
        source = await read_source(network, unit, row)
        if source is None:
            raise BusinessRule("sender-not-read", "the sender's system has not been read; there is nothing to show yet")
        basis = await _basis(network, unit, caller, row, source, to, basis_kind, attestation.strip())
        await hand_over(network, unit, caller, row, source, basis)


async def open_referral(unit: Unit, referral: UUID) -> ReferralRow:
    row = await referrals.get(unit, referral, lock=True)
    if row is None:
        raise NotFound("not-found", "there is no such referral")
    if row.closed_at is not None:
        raise BusinessRule("referral-closed", "this referral has ended")
    return row


async def _basis(
    network: Network,
    unit: Unit,
    caller: Caller,
    row: ReferralRow,
    source: Source,
    to: UUID,
    kind: str,
    attestation: str,
) -> BasisRow:
    if kind == "consent":
        chosen = await first_permitting(network, unit, to, await consents_of(network, unit, source))
        return chosen.basis(network.ids.next(), row.id, to, unit.now)
    if kind not in ATTESTED_KINDS:
        raise Invalid("basis-kind", "the basis is one of consent, treatment, agreement, paper, spoken")
    if not attestation or len(attestation) > MAX_ATTESTATION:
        raise Required("attestation", "say in a few words what you have seen or heard, and when")
    return BasisRow(
        id=network.ids.next(),
        kind=kind,
        referral=row.id,
        recipient=to,
        consent=None,
        consent_version=None,
        attested_by=caller.account,
        attestation=attestation,
        valid_from=unit.now,
        valid_until=FOREVER,
        withdrawn_at=None,
    )
