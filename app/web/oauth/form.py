"""The form of an OAuth request, read strictly: each parameter once, empty ones as if they were absent.

*Source*: RFC 6749 sections 3.2 and 4.4.2; security sheet AS-06, D36, D49.
"""

from urllib.parse import parse_qsl

from starlette.requests import Request

from app.services.identity.authenticate_client import OAuthRequest
from app.services.identity.oauth_refusal import OAuthRefusal

FORM = "application/x-www-form-urlencoded"
MAX_BYTES = 64 * 1024
MAX_FIELDS = 50


async def read_form(request: Request) -> OAuthRequest:
    """What the client sent. Raises OAuthRefusal `invalid_request`."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != FORM or request.headers.get("content-encoding", "identity") != "identity":
        raise OAuthRefusal("invalid_request", f"Send the parameters as {FORM}.", rule="form-media-type")
    authorization = request.headers.getlist("authorization")
    if len(authorization) > 1:
        raise OAuthRefusal("invalid_request", "Send one Authorization header.", rule="form-authorization")
    pairs = _pairs(await _body(request))
    parameters = dict(pairs)
    if len(parameters) != len(pairs):
        raise OAuthRefusal("invalid_request", "A parameter occurs twice.", rule="form-repeated")
    address = request.client.host if request.client else ""
    given = {name: value for name, value in parameters.items() if value}
    return OAuthRequest(given, authorization[0] if authorization else None, address)


async def _body(request: Request) -> bytes:
    """The body, given up as soon as it is too long."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BYTES:
            raise OAuthRefusal("invalid_request", f"The form is larger than {MAX_BYTES // 1024} KiB.", rule="form-size")
    return bytes(body)


def _pairs(body: bytes) -> list[tuple[str, str]]:
    try:
        return parse_qsl(body.decode("ascii"), keep_blank_values=True, max_num_fields=MAX_FIELDS, errors="strict")
    except ValueError:
        raise OAuthRefusal("invalid_request", "The form cannot be read.", rule="form-syntax") from None
