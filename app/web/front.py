"""In front of every face: a request says once what counts, and it is addressed to us.

A header that is sent twice lets two readers understand two requests. A host that is not ours is somebody else's name
that leads here: a page of theirs could use a browser to reach a server that only the browser can reach.
*Source*: security sheet A46, A47; RFC 9112 3.2 (Host); OWASP (DNS rebinding).
"""

from collections.abc import Iterable
from functools import lru_cache
from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Receive, Scope, Send

from app.fhir.errors import Invalid
from app.settings import Settings

ONCE = frozenset({b"authorization", b"host", b"content-type", b"content-length"})
# orchestrators ask by address, and there is nothing in the answers that a name could change
BY_ANY_NAME = frozenset({"/live", "/ready"})

Headers = Iterable[tuple[bytes, bytes]]


class Front:
    """ASGI. What may not pass gets 400; the FHIR face asks the same itself, and answers as FHIR does."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] not in BY_ANY_NAME:
            try:
                refuse_repeated(scope["headers"], ONCE)
                refuse_other_hosts(scope["headers"], scope["app"].state.network.settings)
            except Invalid as refusal:
                await _refuse(send, refusal.issues[0].message)
                return
        await self.app(scope, receive, send)


def refuse_repeated(headers: Headers, once: frozenset[bytes]) -> None:
    """Raises Invalid when one that must be single comes twice."""
    seen = set()
    for name, _ in headers:
        if name in once:
            if name in seen:
                raise Invalid("header-repeated", "this header may be sent once", name.decode())
            seen.add(name)


def refuse_other_hosts(headers: Headers, settings: Settings) -> None:
    """Raises Invalid, also without any Host."""
    host = next((value for name, value in headers if name == b"host"), b"").decode("latin-1")
    if not _is_ours(host, settings.public_url, settings.allowed_hosts, settings.development):
        raise Invalid("host-unknown", "no host of this name is served here; see BATON_ALLOWED_HOSTS", "Host")


@lru_cache(maxsize=64)
def _is_ours(host: str, public_url: str, allowed: str | None, development: bool) -> bool:
    """Asked with every request, mostly about the same. A port is the business of whoever stands before us."""
    name = _without_port(host)
    if name == _without_port(urlsplit(public_url).netloc) or (allowed is not None and name in allowed.split(",")):
        return True
    return development and (name == "localhost" or _is_address(name))


def _without_port(host: str) -> str:
    return (host if host.endswith("]") else host.rsplit(":", 1)[0]).lower()


def _is_address(name: str) -> bool:
    """Whether somebody asks by number: whom a name misled would send the name."""
    try:
        ip_address(name.strip("[]"))
    except ValueError:
        return False
    return True


async def _refuse(send: Send, message: str) -> None:
    body = message.encode()
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 400, "headers": [*headers, (b"cache-control", b"no-store")]})
    await send({"type": "http.response.body", "body": body})
