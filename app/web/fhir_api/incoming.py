"""Reading an ASGI request strictly: its address, its headers, its body within a limit, who it says it is."""

import asyncio
import re
from collections.abc import Callable, Mapping
from urllib.parse import parse_qsl, quote, unquote_to_bytes

from starlette.types import Receive, Scope

from app.fhir.errors import AddressTooLong, Login, NotFound, RequestTimeout, TooLong, Value
from app.services.network import Network
from app.services.requests import CONTROL, MAX_PARAMETERS, ReadBody, query_pairs
from app.web.front import ONCE, refuse_other_hosts, refuse_repeated

FHIR_ONCE = ONCE | {b"if-match", b"if-none-exist", b"idempotency-key"}
# what a part of an address may be, its escapes resolved; a % is one that was escaped twice
SEGMENT = re.compile(r"(?!\.{1,2}\Z)[^/\\%?#\x00-\x1f\x7f-\xff]+")
OF_THE_FACE = ("_format", "_pretty")
Pairs = list[tuple[str, str]]


def headers_of(scope: Scope, network: Network) -> dict[str, str]:
    """Lower-case names. Raises Invalid when one that must be single comes twice, or for a host that is not ours."""
    refuse_repeated(scope["headers"], FHIR_ONCE)
    refuse_other_hosts(scope["headers"], network.settings)
    found: dict[str, str] = {}
    for name, value in scope["headers"]:
        text = name.decode("latin-1")
        found[text] = ", ".join((found[text], value.decode("latin-1"))) if text in found else value.decode("latin-1")
    return found


def path_of(scope: Scope, network: Network) -> tuple[str, ...]:
    """The segments below /fhir, their escapes resolved once. Raises NotFound for dots and for what no name has in it,
    AddressTooLong."""
    raw: bytes = scope.get("raw_path") or quote(scope["path"]).encode()
    if len(raw) + len(scope["query_string"]) > network.settings.max_url_bytes:
        raise AddressTooLong("address-too-long", f"an address has at most {network.settings.max_url_bytes} bytes")
    first, _, rest = raw.partition(b"?")[0].removeprefix(b"/").partition(b"/")
    below = rest.strip(b"/")
    base, *segments = [
        unquote_to_bytes(each).decode("latin-1") for each in (first, *(below.split(b"/") if below else ()))
    ]
    if base != "fhir" or not all(map(SEGMENT.fullmatch, segments)):
        raise NotFound("address", "there is nothing at this address; /fhir/metadata says what there is")
    return tuple(segments)


def query_of(scope: Scope) -> tuple[tuple[str, str], ...]:
    """The decoded pairs. Raises Value."""
    raw: bytes = scope["query_string"]
    if not raw.isascii():
        raise Value("query", "a query is escaped, in ASCII")
    return tuple(query_pairs(raw.decode("ascii")))


def authorization(headers: Mapping[str, str]) -> str:
    """The Bearer token. Raises Login; a token anywhere else is not looked at."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    if not scheme:
        raise Login("token-absent", "send an access token: Authorization: Bearer ...")
    if scheme.lower() != "bearer" or not token.strip():
        raise Login("token-unknown", "the access token is not valid here")
    return token.strip()


def body_reader(receive: Receive, headers: Mapping[str, str], timeout_s: float) -> ReadBody:
    """Reads the body, at most `limit` bytes; what comes too slowly or is too long ends the reading at once."""

    async def read(limit: int) -> bytes:
        declared = headers.get("content-length", "0")
        if declared.isascii() and declared.isdigit() and int(declared) > limit:
            raise _too_long(limit)
        pieces: list[bytes] = []
        size = 0
        try:
            async with asyncio.timeout(timeout_s):
                while True:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        raise RequestTimeout("body-incomplete", "the connection ended before the body did")
                    piece = message.get("body", b"")
                    size += len(piece)
                    if size > limit:
                        raise _too_long(limit)
                    pieces.append(piece)
                    if not message.get("more_body", False):
                        return b"".join(pieces)
        except TimeoutError as error:
            raise RequestTimeout("body-too-slow", f"the body did not arrive within {timeout_s:g} s") from error

    return read


def telling(read: ReadBody, tell: Callable[[Pairs], None]) -> ReadBody:
    """Reads a search that comes as a form, and tells what it says of the answer's format."""

    async def read_and_tell(limit: int) -> bytes:
        body = await read(limit)
        tell(_of_the_face(body))
        return body

    return read_and_tell


def _of_the_face(form: bytes) -> Pairs:
    """In any charset: these names and their values are ASCII. What else is wrong with it is said by who searches."""
    text = form.decode("latin-1")
    if CONTROL.search(text):
        return []
    try:
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=MAX_PARAMETERS)
    except ValueError:
        return []
    return [(name, value) for name, value in pairs if name in OF_THE_FACE]


def _too_long(limit: int) -> TooLong:
    return TooLong("body-too-long", f"the body has at most {limit} bytes")
