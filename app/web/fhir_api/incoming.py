"""Reading an ASGI request strictly: its address, its headers, its body within a limit, who it says it is."""

import asyncio
from collections.abc import Mapping

from starlette.types import Receive, Scope

from app.fhir.errors import Login, NotFound, RequestTimeout, TooLong, Value
from app.services.network import Network
from app.services.requests import ReadBody, query_pairs
from app.web.front import ONCE, refuse_other_hosts, refuse_repeated

FHIR_ONCE = ONCE | {b"if-match", b"if-none-exist", b"idempotency-key"}


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
    """The segments below /fhir. Raises NotFound for escapes and dots, TooLong for an endless address."""
    raw: bytes = scope.get("raw_path") or scope["path"].encode()
    if len(raw) + len(scope["query_string"]) > network.settings.max_url_bytes:
        raise TooLong("address-too-long", f"an address has at most {network.settings.max_url_bytes} bytes")
    segments = raw.split(b"?")[0].decode("latin-1").removeprefix("/fhir").strip("/").split("/")
    if segments == [""]:
        return ()
    if any(segment in ("", ".", "..") or "%" in segment for segment in segments):
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


def remembering(read: ReadBody, form: list[tuple[str, str]]) -> ReadBody:
    """Reads a search that comes as a form, and keeps its pairs: the format of the answer may be among them."""

    async def read_and_keep(limit: int) -> bytes:
        body = await read(limit)
        form.extend(query_pairs(body.decode("utf-8", "replace")))
        return body

    return read_and_keep


def _too_long(limit: int) -> TooLong:
    return TooLong("body-too-long", f"the body has at most {limit} bytes")
