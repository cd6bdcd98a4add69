"""The Consents that a request brings, and the first of them that admits a recipient; a denial overrides."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.domain.consent import consent as fhir_consent
from app.domain.consent.decide import Deny, Permit
from app.domain.referral.waiting import NO_CONSENT, WHY_WAITING
from app.fhir import json
from app.fhir.errors import BusinessRule
from app.services.lookups.decision import weigh
from app.services.lookups.resolve import resolve
from app.services.network import Network
from app.services.referrals.source import Source
from app.store import participations
from app.store.bases import BasisRow
from app.store.pool import Unit
from app.store.resources import Stored


@dataclass(frozen=True, slots=True)
class Permitting:
    """A Consent that admits the recipient, until then at the latest."""

    consent: Stored
    until: datetime

    def basis(self, id: UUID, referral: UUID, recipient: UUID, now: datetime) -> BasisRow:
        version = self.consent.version
        return BasisRow(id, "consent", referral, recipient, self.consent.id, version, None, None, now, self.until, None)


async def consents_of(network: Network, unit: Unit, source: Source) -> list[Stored]:
    """The Consents that the request references, about the same person."""
    named = [each["reference"] for each in source.request_tree.get("supportingInfo", ()) if "reference" in each]
    found = await resolve(network, unit, named)
    subject = source.request_tree.get("subject", {}).get("reference", "")
    person = set(await resolve(network, unit, [subject])) if subject else set()
    mine = []
    for stored in found.values():
        if stored.type == "Consent":
            patient = json.parse(stored.body).get("patient", {}).get("reference", "")
            if patient and set(await resolve(network, unit, [patient])) & person:
                mine.append(stored)
    return mine


def denies(consent: Stored) -> bool:
    """Whether it stands and denies as a whole."""
    view = fhir_consent.view(json.parse(consent.body))
    return view.active and view.rule == "deny"


async def first_permitting(
    network: Network, unit: Unit, recipient: UUID, consents: list[Stored], sources: Collection[UUID]
) -> Permitting:
    """Raises BusinessRule with the reason why none admits the recipient, who cannot admit itself."""
    permitting: Permitting | None = None
    denied = ""
    own = {} if recipient in sources else await _authored_by(unit, recipient, consents)
    for consent in consents:
        if "author" in own.get(consent.id, ()):
            denied = denied or "consent-by-recipient"
            continue
        view = fhir_consent.view(json.parse(consent.body))
        decision = await weigh(network, unit, recipient, view)
        if isinstance(decision, Permit):
            permitting = permitting or Permitting(consent, decision.until)
        elif isinstance(decision, Deny):
            denied = decision.because if not denied or view.rule == "deny" else denied
            if denies(consent):
                permitting = None
                break
    if permitting is None:
        rule = denied or NO_CONSENT
        raise BusinessRule(rule, WHY_WAITING[rule])
    return permitting


async def _authored_by(unit: Unit, member: UUID, consents: list[Stored]) -> dict[UUID, set[str]]:
    await unit.also_for([member])
    return await participations.roles(unit, [member], [consent.id for consent in consents])
