"""Reading what a request brings: its media type, its bytes within the limit, one resource of the type that is meant."""

from app.fhir import binary, json, xml
from app.fhir.errors import Invalid, MediaType, Structure
from app.fhir.json import JsonObject
from app.services.network import Network
from app.services.requests import FhirRequest

READERS = {
    "application/fhir+json": json.parse,
    "application/json": json.parse,
    "application/fhir+xml": xml.parse,
    "application/xml": xml.parse,
    "text/xml": xml.parse,
}
PARAMETERS = {"charset": "utf-8", "fhirversion": "4.0"}


def limit_of(network: Network, type_name: str) -> int:
    """How many bytes a resource of a type may have: a Binary is a document."""
    return network.settings.max_binary_bytes if type_name == "Binary" else network.settings.max_resource_bytes


async def resource_of(request: FhirRequest, type_name: str, limit: int) -> JsonObject:
    """The parsed resource. Raises MediaType, TooLong, Structure, Value or Invalid (another type)."""
    if type_name == "Binary" and media_type(request) not in READERS:
        return await _binary(request, limit)
    tree = await tree_of(request, limit)
    if not isinstance(tree.get("resourceType"), str):
        raise Structure("resource-type", "a resource says its resourceType")
    if tree["resourceType"] != type_name:
        raise Invalid("resource-type-differs", f"this address takes {type_name}", "resourceType")
    return tree


async def tree_of(request: FhirRequest, limit: int) -> JsonObject:
    """What the body holds, in JSON or XML: the same tree."""
    check_media_type(request)
    return READERS[media_type(request)](await request.read_body(limit))


async def tree_if_any(request: FhirRequest, limit: int) -> JsonObject | None:
    """The same; None where nothing comes, whatever the headers say of it."""
    body = await request.read_body(limit)
    if not body:
        return None
    check_media_type(request)
    return READERS[media_type(request)](body)


def media_type(request: FhirRequest) -> str:
    """The media type of the body without its parameters, in small letters."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def check_media_type(request: FhirRequest) -> None:
    """FHIR JSON or XML in UTF-8, not compressed, of FHIR version 4.0."""
    _check_encoding(request)
    if media_type(request) not in READERS:
        raise MediaType("media-type", "send application/fhir+json or application/fhir+xml")
    for parameter in request.headers["content-type"].split(";")[1:]:
        if not parameter.strip():  # RFC 9110, 5.6.6: one may be left out
            continue
        name, _, value = parameter.partition("=")
        wanted = PARAMETERS.get(name.strip().lower())
        if wanted is None or value.strip().strip('"').lower() != wanted:
            raise MediaType("media-type", "the parameters understood are charset=utf-8 and fhirVersion=4.0")


def _check_encoding(request: FhirRequest) -> None:
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise MediaType("content-encoding", "send the body uncompressed")


async def _binary(request: FhirRequest, limit: int) -> JsonObject:
    """Bytes of any other kind, where a Binary is meant; an update's id is that of the address."""
    _check_encoding(request)
    kind = request.headers.get("content-type", "").strip()
    tree = binary.of_bytes(kind, await request.read_body(limit), request.headers.get("x-security-context"))
    return {**tree, "id": request.path[1]} if len(request.path) == 2 else tree
