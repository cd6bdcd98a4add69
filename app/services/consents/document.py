"""The document behind a Consent, for the operator who has to read whom it names."""

import base64
import binascii
from dataclasses import dataclass
from uuid import UUID

from app.fhir import json
from app.fhir.errors import NotFound
from app.fhir.json import JsonObject
from app.services.caller import Caller
from app.services.network import Network
from app.services.referrals.gather import resolve
from app.services.referrals.pass_on import operator
from app.store import audit, referrals, resources
from app.store.pool import Unit


@dataclass(frozen=True, slots=True)
class Document:
    data: bytes
    content_type: str


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


async def find_document(network: Network, unit: Unit, request: JsonObject) -> Document | None:
    """An attachment of a Consent that the request names, or of the DocumentReference that the Consent names."""
    for consent in await _trees(network, unit, request.get("supportingInfo", ()), "Consent"):
        document = _attachment(consent.get("sourceAttachment", {}))
        if document is not None:
            return document
        source = consent.get("sourceReference", {})
        for reference in await _trees(network, unit, [source], "DocumentReference"):
            for content in reference.get("content", ()):
                document = _attachment(content.get("attachment", {}))
                if document is not None:
                    return document
    return None


async def _trees(network: Network, unit: Unit, references: list[JsonObject], type_name: str) -> list[JsonObject]:
    texts = [each["reference"] for each in references if each.get("reference", "#")[0] != "#"]
    found = await resolve(network, unit, texts)
    return [json.parse(stored.body) for stored in found.values() if stored.type == type_name]


def _attachment(tree: JsonObject) -> Document | None:
    if "data" not in tree:
        return None
    try:
        data = base64.b64decode("".join(tree["data"].split()), validate=True)
    except binascii.Error:
        return None
    return Document(data, str(tree.get("contentType", "application/octet-stream")))
