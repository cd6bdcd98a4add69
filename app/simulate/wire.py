"""Small shapes on the wire: base64url, JSON, compact JWTs. *Source*: RFC 7515."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping
from typing import Any

from starlette.datastructures import QueryParams
from starlette.requests import Request


def encoded(data: bytes) -> str:
    return urlsafe_b64encode(data).decode().rstrip("=")


def decoded(text: str) -> bytes:
    """Raises ValueError where it is no base64url."""
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def read_json(text: str | bytes) -> Any:
    """Raises ValueError where it is no JSON."""
    return json.loads(text)


def compact(head: Mapping[str, Any], claims: Mapping[str, Any], sign: Callable[[bytes], bytes]) -> str:
    signed = ".".join(encoded(json.dumps(part).encode()) for part in (head, claims))
    return f"{signed}.{encoded(sign(signed.encode()))}"


async def form_of(request: Request) -> QueryParams:
    """A posted form; it is written as a query is."""
    return QueryParams((await request.body()).decode("latin-1"))
