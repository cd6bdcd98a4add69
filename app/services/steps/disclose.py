"""disclose: every part that a write gives stands on a basis, and a Consent that no longer permits ends its parts.

The end of a part happens in the transaction of the Consent itself: once that is acknowledged, nothing more is shown.
*Source*: security sheet CON-15..CON-17.
"""

from uuid import UUID

from app.fhir.errors import BusinessRule
from app.services.lookups.decision import decide_for, end_parts, limit_parts
from app.services.writing import Entry, Write
from app.store import bases


async def disclose(write: Write) -> None:
    for entry in write.changing:
        if any(share.role == "recipient" and share.basis is None for share in entry.shares):
            raise BusinessRule("no-basis", "nothing is passed on without a basis", entry.at)
        if entry.type == "Consent" and entry.before is not None:
            await _reconsider(write, entry)


async def _reconsider(write: Write, consent: Entry) -> None:
    """Ends what rests on this consent and its new version does not permit; a new end of its period is theirs too."""
    ended: list[UUID] = []
    same_person = (consent.before_tree or {}).get("patient") == consent.tree.get("patient")
    for basis in await bases.of_consent(write.unit, consent.id):
        permitted = await decide_for(write.network, write.unit, basis.recipient, consent.tree)
        if permitted is None or not same_person:
            ended.append(basis.id)
        elif permitted != basis.valid_until:
            await limit_parts(write.unit, basis, permitted)
    if ended:
        await end_parts(write.unit, ended)
