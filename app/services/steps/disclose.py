"""disclose: every part that a write gives stands on a basis, and a Consent that no longer permits ends its parts.

The end of a part happens in the transaction of the Consent itself: once that is acknowledged, nothing more is shown.
*Source*: security sheet CON-15..CON-17.
"""

from uuid import UUID

from app.domain.consent.consent import still_stands
from app.fhir.errors import BusinessRule
from app.services.lookups.decision import decide_for, end_parts, limit_parts
from app.services.lookups.resolve import resolve
from app.services.writing import Entry, Write
from app.store import bases
from app.store.participations import until_or_forever


async def disclose(write: Write) -> None:
    for entry in write.changing:
        if any(share.role == "recipient" and share.basis is None for share in entry.shares):
            raise BusinessRule("no-basis", "nothing is passed on without a basis", entry.at)
        if entry.type == "Consent" and entry.before is not None:
            await _reconsider(write, entry)


async def _reconsider(write: Write, consent: Entry) -> None:
    """Ends what rests on this consent and its new version does not permit; a new end of its period is theirs too."""
    ended: list[UUID] = []
    same_person = await _same_person(write, consent)
    for basis in await bases.of_consent(write.unit, consent.id):
        if basis.kind != "consent":  # the operator has read whom it names; that it stands is the person's word
            permitted = basis.valid_until if still_stands(consent.tree) else None
        else:
            permitted = await decide_for(write.network, write.unit, basis.recipient, consent.tree)
        if permitted is None or not same_person or basis.valid_until <= write.unit.now:
            ended.append(basis.id)
        elif until_or_forever(permitted) != until_or_forever(basis.valid_until):
            await limit_parts(write.network, write.unit, basis, permitted)
    if ended:
        await end_parts(write.unit, ended)


async def _same_person(write: Write, consent: Entry) -> bool:
    """Whether it is still about whom it was about, however that is written."""
    texts = [(tree or {}).get("patient", {}).get("reference", "") for tree in (consent.before_tree, consent.tree)]
    before, after = [set(await resolve(write.network, write.unit, [text])) if text else set() for text in texts]
    return texts[0] == texts[1] or bool(before & after)
