"""The document behind a Consent, for the operator who has to read whom it names."""

from uuid import UUID

from app.fhir import json
from app.fhir.errors import NotFound
from app.services.caller import Caller
from app.services.lookups.documents import Document, find_document
from app.services.network import Network
from app.services.operators import operator
from app.store import audit, referrals, resources


async def consent_document(network: Network, caller: Caller, referral: UUID) -> Document:
    """The bytes of the first Consent's source document. Raises Forbidden or NotFound."""
    operator(network, caller)
    async with network.store.unit(caller.members) as unit:
        row = await referrals.get(unit, referral)
        key = row.source_request if row else None
        request = (await resources.by_ids(unit, [key])).get(key) if key else None
        found = await find_document(network, unit, json.parse(request.body)) if request else None
        if found is None:
            raise NotFound("not-found", "no document came with this referral")
        await audit.write(unit, caller.act(network.ids, "consent document", "ServiceRequest"), "done", resource=key)
    return found
