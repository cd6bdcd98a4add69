"""Pass on: the operator chooses the organization and says on which basis it may see the referral."""

from dataclasses import dataclass
from uuid import UUID

from app.domain.consent.decide import ATTESTED_KINDS, FOREVER
from app.fhir.errors import BusinessRule, Invalid, NotFound, Required
from app.services.caller import Caller
from app.services.network import Network
from app.services.operators import operator
from app.services.referrals.cancel import follow_source
from app.services.referrals.consents import consents_of, first_permitting
from app.services.referrals.gather import what_is_shown
from app.services.referrals.hand_over import hand_over
from app.services.referrals.source import Source, read_source
from app.services.retries import with_retries
from app.store import referrals
from app.store.bases import BasisRow
from app.store.pool import Unit
from app.store.referrals import ReferralRow

MAX_ATTESTATION = 2_000
OF_THE_PERSON = ("paper", "spoken")


async def pass_on(
    network: Network, caller: Caller, referral: UUID, *, to: UUID, basis_kind: str, attestation: str = ""
) -> None:
    """Hands an open referral to the member `to`. Raises Forbidden, NotFound, Required or BusinessRule."""
    operator(network, caller)
    chosen = Chosen(to, basis_kind, attestation.strip())

    async def once() -> bool:
        async with network.store.unit(caller.members, write=True) as unit:
            return await pass_on_in(network, unit, caller, referral, chosen)

    if not await with_retries(once):
        raise BusinessRule("referral-closed", "the sender has ended this referral")


@dataclass(frozen=True, slots=True)
class Chosen:
    """To which member, on which kind of basis, and what the operator has read or heard."""

    to: UUID
    kind: str
    attestation: str


async def pass_on_in(network: Network, unit: Unit, caller: Caller, referral: UUID, chosen: Chosen) -> bool:
    """The same inside a transaction that holds more.

    False when the source has ended the referral meanwhile, which is then followed here and kept.
    """
    row = await open_referral(unit, referral)
    if await follow_source(network, unit, row):
        return False
    source = await read_source(network, unit, row)
    if source is None:
        raise BusinessRule("sender-not-read", "the sender's system has not been read; there is nothing to show yet")
    shared = await what_is_shown(network, unit, row, source)
    basis = await _basis(network, unit, caller, row, source, chosen)
    await hand_over(network, unit, caller, row, source, basis, shared)
    return True


async def open_referral(unit: Unit, referral: UUID) -> ReferralRow:
    row = await referrals.get(unit, referral, lock=True)
    if row is None:
        raise NotFound("not-found", "there is no such referral")
    if row.closed_at is not None:
        raise BusinessRule("referral-closed", "this referral has ended")
    return row


async def _basis(
    network: Network, unit: Unit, caller: Caller, row: ReferralRow, source: Source, chosen: Chosen
) -> BasisRow:
    consents = await consents_of(network, unit, source)
    if chosen.kind == "consent":
        permitting = await first_permitting(network, unit, chosen.to, consents, row.sources)
        return permitting.basis(network.ids.next(), row.id, chosen.to, unit.now)
    if chosen.kind not in ATTESTED_KINDS:
        raise Invalid("basis-kind", "the basis is one of consent, treatment, agreement, paper, spoken")
    if not 0 < len(chosen.attestation) <= MAX_ATTESTATION:
        raise Required("attestation", "say in a few words what you have seen or heard, and when")
    # what she read or heard is that Consent's content: when it is withdrawn, so is this basis
    read = consents[0] if consents and chosen.kind in OF_THE_PERSON else None
    return BasisRow(
        id=network.ids.next(),
        kind=chosen.kind,
        referral=row.id,
        recipient=chosen.to,
        consent=read.id if read else None,
        consent_version=read.version if read else None,
        attested_by=caller.account,
        attestation=chosen.attestation,
        valid_from=unit.now,
        valid_until=FOREVER,
        withdrawn_at=None,
    )
