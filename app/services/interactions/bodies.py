"""Reading what a request brings: its media type, its bytes within the limit, one resource of the type that is meant."""

from app.fhir import json
from app.fhir.errors import Invalid, MediaType, Structure
from app.fhir.json import JsonObject
from app.services.requests import FhirRequest

MEDIA_TYPES = ("application/fhir+json", "application/json")


async def resource_of(request: FhirRequest, type_name: str, limit: int) -> JsonObject:
    """The parsed resource. Raises MediaType, TooLong, Structure, Value or Invalid (another type)."""
    check_media_type(request)
    tree = json.parse(await request.read_body(limit))
    if not isinstance(tree.get("resourceType"), str):
        raise Structure("resource-type", "a resource says its resourceType")
    if tree["resourceType"] != type_name:
        raise Invalid("resource-type-differs", f"this address takes {type_name}", "resourceType")
    return tree


def check_media_type(request: FhirRequest) -> None:
    """FHIR JSON in UTF-8, not compressed, of FHIR version 4.0."""
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise MediaType("content-encoding", "send the body uncompressed")
    kind, *parameters = (part.strip() for part in request.headers.get("content-type", "").split(";"))
    if kind.lower() not in MEDIA_TYPES:
        raise MediaType("media-type", "send application/fhir+json")
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        wanted = {"charset": "utf-8", "fhirversion": "4.0"}.get(name.strip().lower())
        if wanted is None or value.strip().strip('"').lower() != wanted:
            raise MediaType("media-type", "the parameters understood are charset=utf-8 and fhirVersion=4.0")
