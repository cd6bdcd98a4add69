"""An answer as the client wants it: the resource in JSON or XML, or the bytes that a Binary holds.

*Source*: R4 http.html#mime-type, binary.html#rest.
"""

from app.fhir import json, xml
from app.fhir.binary import to_bytes
from app.fhir.errors import NotAcceptable
from app.services.aside import aside
from app.services.requests import FhirResponse
from app.web.fhir_api.formats import Reply, accepted, takes

# Whatever the bytes of a Binary are, a browser saves them and runs nothing of them.
HARMLESS = {"Content-Disposition": "attachment", "Content-Security-Policy": "default-src 'none'; sandbox"}


async def dressed(response: FhirResponse, reply: Reply) -> FhirResponse:
    """The same answer, its body as it was asked for. Raises NotAcceptable for a Binary of a type that is not taken."""
    reads = reply.format.is_xml or reply.pretty or reply.takes is not None
    return await aside(len(response.body) if reads else 0, _dressed, response, reply)


def _dressed(response: FhirResponse, reply: Reply) -> FhirResponse:
    if reply.takes is not None and response.status == 200:
        kind, content = to_bytes(json.reread(response.body))
        if takes(reply.takes, kind):
            return FhirResponse(200, content, {**response.headers, **HARMLESS, "Content-Type": kind})
        if accepted(reply.takes) is None:
            raise NotAcceptable("format-binary", "this Binary holds another media type; take it, or FHIR")
    return FhirResponse(
        response.status, _written(response.body, reply), {"Content-Type": reply.format.content_type, **response.headers}
    )


def _written(body: bytes, reply: Reply) -> bytes:
    """JSON that nobody wants otherwise leaves as it is, unread."""
    if not body or not (reply.format.is_xml or reply.pretty):
        return body
    tree = json.reread(body)
    return xml.dump(tree, pretty=reply.pretty) if reply.format.is_xml else json.dump(tree, pretty=reply.pretty)
