"""The one HTTP client for other people's servers: it resolves once, judges every address, connects to what it judged.

Between the check and the connection there is no second look-up, so a name cannot change its mind (rebinding). No
redirect is followed, no proxy of the environment is used, no answer grows past its limit, and no call outlasts its
time. Connections are kept and used again per name and vetted address, at most so many at once for each.

*Source*: security sheet NET-01 to NET-08, NET-11, BSC-04; part 2 (limits of outbound calls).
"""

import asyncio
import socket
import ssl
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from typing import Literal

import httpx

from app.clock import Clock, Ids, SystemClock, SystemIds
from app.gateways.outbound.addresses import Allowance, BadAddress, Target, is_name, may_connect, read_target
from app.gateways.outbound.bodies import BodyTrouble, read_body

__all__ = ["Allowance", "Answer", "Outbound", "OutboundTrouble"]

CONNECT_S, READ_S, TOTAL_S = 5.0, 20.0, 30.0
KEEP_S = 4.0  # many servers close at 5; a call must not meet the closing
# one page asks for seven things at once, and a hospital has many clinicians; what nobody waits for goes slowly
AT_ONCE_PER_HOST, AT_ONCE_IN_BACKGROUND = 32, 4
KEPT_HOSTS = 64
ADDRESSES_TRIED = 3
OWN_ADDRESSES_KEPT_S = 300.0
MEBIBYTE = 1024 * 1024
MAX_BYTES = 5 * MEBIBYTE

Kind = Literal["address", "away", "tls", "timeout", "too-large", "redirect", "protocol"]
Resolve = Callable[[str, int], Awaitable[Sequence[str]]]


class OutboundTrouble(Exception):
    """The call brought no usable answer. `kind` says what sort of trouble; nothing of the address or answer is kept."""

    def __init__(self, kind: Kind) -> None:
        super().__init__(kind)
        self.kind: Kind = kind


@dataclass(frozen=True, slots=True)
class Answer:
    """Status 200-299 or 400-599, headers with lower-case names, the whole body, decoded."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds for a connection, for the next bytes, and for the whole call."""

    connect_s: float = CONNECT_S
    read_s: float = READ_S
    total_s: float = TOTAL_S


async def resolve(host: str, port: int) -> Sequence[str]:
    """Every address of a name, as the machine resolves it; an address stands for itself. Raises OSError."""
    if not is_name(host):
        return [host]
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[4][0]) for address in found))


@dataclass(slots=True)
class _Line:
    """Kept connections to one name at one vetted address."""

    transport: httpx.AsyncHTTPTransport
    calls: int = 0


@dataclass(frozen=True, slots=True)
class _Way:
    host: str
    port: int
    address: str
    ca_file: str | None
    background: bool


@dataclass(slots=True)
class Outbound:
    """Calls others. `own_host` is the name we are known under: its addresses are ours and not called (F14).

    `clock` and `ids` are for those who sign and judge what goes over it.
    """

    development: bool = False
    own_host: str | None = None
    resolve: Resolve = resolve
    limits: Limits = field(default_factory=Limits)
    clock: Clock = field(default_factory=SystemClock)
    ids: Ids = field(default_factory=SystemIds)
    _lines: OrderedDict[_Way, _Line] = field(default_factory=OrderedDict)
    _contexts: dict[str, ssl.SSLContext] = field(default_factory=dict)
    _own: tuple[float, frozenset[str]] | None = None

    async def request(
        self,
        method: str,
        url: str,
        *,
        allowance: Allowance,
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
        max_bytes: int = MAX_BYTES,
    ) -> Answer:
        """The answer, whatever its status but a redirect. Raises OutboundTrouble."""
        asked = httpx.Request(method, _plain(url), headers=dict(headers or {}), content=content)
        answer = await self.transport(allowance, max_bytes=max_bytes).handle_async_request(asked)
        return Answer(answer.status_code, dict(answer.headers), answer.content)

    def transport(self, allowance: Allowance, *, max_bytes: int = MAX_BYTES) -> httpx.AsyncBaseTransport:
        """The same way out for a library that brings its own httpx client. Raises OutboundTrouble when called."""
        return _Vetted(self, allowance, max_bytes)

    async def close(self) -> None:
        lines, self._lines = list(self._lines.values()), OrderedDict()
        for line in lines:
            await line.transport.aclose()

    async def send(self, asked: httpx.Request, allowance: Allowance, max_bytes: int) -> httpx.Response:
        """One call, within its time. Raises OutboundTrouble."""
        try:
            async with asyncio.timeout(self.limits.total_s):
                return await self._send(asked, allowance, max_bytes)
        except (TimeoutError, httpx.TimeoutException):
            raise OutboundTrouble("timeout") from None
        except BodyTrouble as trouble:
            raise OutboundTrouble(trouble.kind) from None
        except httpx.ConnectError as trouble:
            raise OutboundTrouble("tls" if _is_tls(trouble) else "away") from None
        except (httpx.ProtocolError, httpx.UnsupportedProtocol, httpx.InvalidURL):
            raise OutboundTrouble("protocol") from None
        except (httpx.TransportError, OSError) as trouble:
            raise OutboundTrouble("tls" if _is_tls(trouble) else "away") from None

    async def _send(self, asked: httpx.Request, allowance: Allowance, max_bytes: int) -> httpx.Response:
        url = str(asked.url)
        target = self._target(url, allowance)
        addresses = await self._vetted(target, allowance)
        ways = [_Way(target.host, target.port, each, allowance.ca_file, allowance.background) for each in addresses]
        for way in ways[:-1]:
            # nothing has been sent yet when a connection fails, so the next address may be tried
            with suppress(httpx.ConnectError, httpx.ConnectTimeout):
                return await self._over(way, asked, max_bytes)
        return await self._over(ways[-1], asked, max_bytes)

    def _target(self, url: str, allowance: Allowance) -> Target:
        try:
            target = read_target(url, loopback_http=allowance.loopback_http and self.development)
        except BadAddress:
            raise OutboundTrouble("address") from None
        if target.place not in allowance.hosts:
            raise OutboundTrouble("address")
        return target

    async def _vetted(self, target: Target, allowance: Allowance) -> Sequence[str]:
        """The addresses of the name when each one may be called; one that may not refuses them all."""
        async with asyncio.timeout(self.limits.connect_s):
            try:
                addresses = list(await self.resolve(target.host, target.port))
            except (OSError, UnicodeError):
                raise OutboundTrouble("away") from None
            ours = await self._own_addresses()
        loopback = allowance.loopback_http and self.development
        for address in addresses:
            if not may_connect(address, private_ranges=allowance.private_ranges, loopback=loopback):
                raise OutboundTrouble("address")
            # an operator may except a network that we stand in ourselves
            if address in ours and may_connect(address):
                raise OutboundTrouble("address")
        if not addresses:
            raise OutboundTrouble("away")
        return addresses[:ADDRESSES_TRIED]

    async def _own_addresses(self) -> frozenset[str]:
        now_s = asyncio.get_running_loop().time()
        if self.own_host is None or not is_name(self.own_host):
            return frozenset()
        if self._own is None or self._own[0] < now_s:
            try:
                found = frozenset(await self.resolve(self.own_host, 443))
            except (OSError, UnicodeError):
                found = frozenset()
            self._own = (now_s + OWN_ADDRESSES_KEPT_S, found)
        return self._own[1]

    async def _over(self, way: _Way, asked: httpx.Request, max_bytes: int) -> httpx.Response:
        """The call over a connection to this very address; certificate and Host are those of the name."""
        line = self._line(way)
        line.calls += 1
        try:
            await self._close_oldest()
            response = await line.transport.handle_async_request(self._pinned(asked, way))
            try:
                if 300 <= response.status_code < 400:
                    raise OutboundTrouble("redirect")
                body = await read_body(response, max_bytes)
            finally:
                await response.aclose()
        finally:
            line.calls -= 1
        kept = [(name, value) for name, value in response.headers.items() if name not in _OF_THE_WIRE]
        return httpx.Response(response.status_code, headers=kept, content=body, request=asked)

    def _pinned(self, asked: httpx.Request, way: _Way) -> httpx.Request:
        headers = httpx.Headers([(name, value) for name, value in asked.headers.items() if name != "accept-encoding"])
        headers["host"] = asked.url.netloc.decode("ascii")
        headers["accept-encoding"] = "identity"
        url = asked.url.copy_with(host=way.address)
        times = {"connect": self.limits.connect_s, "read": self.limits.read_s, "write": self.limits.read_s}
        extensions = {"sni_hostname": way.host, "timeout": times | {"pool": self.limits.total_s}}
        return httpx.Request(asked.method, url, headers=headers, stream=asked.stream, extensions=extensions)

    def _line(self, way: _Way) -> _Line:
        line = self._lines.get(way)
        if line is None:
            most = AT_ONCE_IN_BACKGROUND if way.background else AT_ONCE_PER_HOST
            pool = httpx.Limits(max_connections=most, max_keepalive_connections=most, keepalive_expiry=KEEP_S)
            transport = httpx.AsyncHTTPTransport(verify=self._context(way.ca_file), trust_env=False, limits=pool)
            line = self._lines[way] = _Line(transport)
        self._lines.move_to_end(way)
        return line

    async def _close_oldest(self) -> None:
        """What was not used for longest, beyond the number that is kept; never one in use."""
        idle = [way for way, line in self._lines.items() if not line.calls]
        closing = [self._lines.pop(way) for way in idle[: max(0, len(self._lines) - KEPT_HOSTS)]]
        for line in closing:
            await line.transport.aclose()

    def _context(self, ca_file: str | None) -> ssl.SSLContext:
        if ca_file is None:
            return _everybodys_authorities()
        if ca_file not in self._contexts:
            try:
                context = ssl.create_default_context(cafile=ca_file)
            except (OSError, ssl.SSLError):
                raise OutboundTrouble("tls") from None
            context.minimum_version = ssl.TLSVersion.TLSv1_2
            self._contexts[ca_file] = context
        return self._contexts[ca_file]


@dataclass(frozen=True, slots=True)
class _Vetted(httpx.AsyncBaseTransport):
    """Our way out in the form that httpx's clients ask for."""

    outbound: Outbound
    allowance: Allowance
    max_bytes: int

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return await self.outbound.send(request, self.allowance, self.max_bytes)


@cache
def _everybodys_authorities() -> ssl.SSLContext:
    """Read once in a process, which takes 30 ms."""
    context = httpx.create_ssl_context(trust_env=False)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


# The body is handed on whole and decoded, so these would no longer be true of it.
_OF_THE_WIRE = frozenset({"content-encoding", "content-length", "transfer-encoding"})


def _plain(url: str) -> str:
    """The URL as given, before httpx would quietly escape or drop what is odd about it. Raises OutboundTrouble."""
    try:
        read_target(url, loopback_http=True)
    except BadAddress:
        raise OutboundTrouble("address") from None
    return url


def _is_tls(trouble: BaseException) -> bool:
    seen: BaseException | None = trouble
    while seen is not None:
        if isinstance(seen, ssl.SSLError):
            return True
        seen = seen.__cause__ or seen.__context__
    return False
