"""The document behind a Consent: its attachment, or that of the DocumentReference that it names."""

import base64
import binascii
from dataclasses import dataclass

from app.fhir import json
from app.fhir.json import JsonObject
from app.services.lookups.resolve import resolve
from app.services.network import Network
from app.store.pool import Unit


@dataclass(frozen=True, slots=True)
class Document:
    data: bytes
    content_type: str


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
