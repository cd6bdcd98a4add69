"""The body of an answer, within its limit both as sent and as unpacked: 194 KB of gzip can hold 200 MB.

*Source*: security sheet NET-08 and trap 10; RFC 9110 8.4 (content codings).
"""

import zlib
from typing import Final, Literal

import httpx

# gzip and zlib by their own heads; every other coding was not asked for and is not read
WINDOW: Final = {"gzip": 16 + zlib.MAX_WBITS, "x-gzip": 16 + zlib.MAX_WBITS, "deflate": zlib.MAX_WBITS}


class BodyTrouble(Exception):
    """Too much, or not readable; `kind` says which."""

    def __init__(self, kind: Literal["too-large", "protocol"]) -> None:
        super().__init__(kind)
        self.kind: Literal["too-large", "protocol"] = kind


async def read_body(response: httpx.Response, max_bytes: int) -> bytes:
    """The whole body, unpacked. Raises BodyTrouble as soon as it is past `max_bytes`, sent or unpacked."""
    coding = response.headers.get("content-encoding", "identity").strip().lower()
    if coding not in {*WINDOW, "identity", ""}:
        raise BodyTrouble("protocol")
    stated = response.headers.get("content-length", "")
    if stated.isdecimal() and stated.isascii() and len(stated) < 20 and int(stated) > max_bytes:
        raise BodyTrouble("too-large")
    packed = bytearray()
    async for part in response.aiter_raw():
        packed += part
        if len(packed) > max_bytes:
            raise BodyTrouble("too-large")
    return _unpacked(bytes(packed), WINDOW[coding], max_bytes) if coding in WINDOW and packed else bytes(packed)


def _unpacked(packed: bytes, window: int, max_bytes: int) -> bytes:
    unpacking = zlib.decompressobj(window)
    try:
        body = unpacking.decompress(packed, max_bytes + 1)
    except zlib.error:
        raise BodyTrouble("protocol") from None
    if len(body) > max_bytes:
        raise BodyTrouble("too-large")
    if not unpacking.eof:
        raise BodyTrouble("protocol")
    return body
