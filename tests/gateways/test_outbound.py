"""The one way out: what it connects to, what it refuses, and what an answer may be. Real servers on this machine."""

import asyncio
import gzip
import socket
import zlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from app.gateways.outbound.client import (
    AT_ONCE_IN_BACKGROUND,
    AT_ONCE_PER_HOST,
    KEPT_HOSTS,
    Allowance,
    Limits,
    Outbound,
    OutboundTrouble,
    resolve,
)
from tests.gateways.servers import NAME, Answering, Authority, Names, Seen, Server, always, answer, serving

OK = always(answer(b"{}"))
METADATA = "169.254.169.254"


async def trouble(outbound: Outbound, server: Server, url: str = "", allowance: Allowance | None = None) -> str:
    with pytest.raises(OutboundTrouble) as refused:
        await outbound.request("GET", url or server.here, allowance=allowance or server.allowed())
    return refused.value.kind


async def test_the_certificate_and_the_host_are_those_of_the_name(outbound: Outbound, authority: Authority) -> None:
    async with serving(OK, authority.server()) as server:
        got = await outbound.request("GET", server.url("/fhir"), allowance=server.allowed(authority.ca_file))
    assert (got.status, got.body) == (200, b"{}")
    assert server.seen[0].headers["host"] == f"{NAME}:{server.port}"
    assert server.seen[0].headers["accept-encoding"] == "identity"


@pytest.mark.parametrize("bad", [{"expired": True}, {"self_signed": True}, {"name": "other.example"}])
async def test_a_bad_certificate_ends_the_call_before_anything_is_sent(
    outbound: Outbound, authority: Authority, bad: dict[str, Any]
) -> None:
    async with serving(OK, authority.server(**bad)) as server:
        assert await trouble(outbound, server, server.url(), server.allowed(authority.ca_file)) == "tls"
        assert server.seen == []


async def test_a_certificate_of_an_unknown_authority_or_a_missing_ca_file_is_refused(
    outbound: Outbound, authority: Authority
) -> None:
    async with serving(OK, authority.server()) as server:
        assert await trouble(outbound, server, server.url()) == "tls"
        assert await trouble(outbound, server, server.url(), server.allowed(Path("/nowhere.pem"))) == "tls"
        assert server.seen == []


async def test_connections_are_used_again_per_name_and_never_shared_between_names(
    outbound: Outbound, names: Names, authority: Authority
) -> None:
    names.answers["other.example"] = [["127.0.0.1"]]
    async with serving(OK, authority.server()) as server:
        allowed = server.allowed(authority.ca_file)
        for _ in range(3):
            await outbound.request("GET", server.url(), allowance=allowed)
        assert server.connections == 1
        other = Allowance(frozenset({f"other.example:{server.port}"}), loopback_http=True, ca_file=allowed.ca_file)
        assert await trouble(outbound, server, f"https://other.example:{server.port}/", other) == "tls"


@pytest.mark.parametrize(
    "answers", [[METADATA], ["127.0.0.1", METADATA], [METADATA, "127.0.0.1"], ["8.8.8.8", "10.0.0.1"], ["::ffff:8.8.8.8"]]
)  # fmt: skip
async def test_one_address_that_may_not_be_called_refuses_the_name(
    outbound: Outbound, names: Names, authority: Authority, answers: list[str]
) -> None:
    names.answers[NAME] = [answers]
    async with serving(OK, authority.server()) as server:
        assert await trouble(outbound, server, server.url(), server.allowed(authority.ca_file)) == "address"
        assert server.connections == 0


async def test_a_name_is_looked_up_once_a_call_and_judged_at_every_call(
    outbound: Outbound, names: Names, authority: Authority
) -> None:
    names.answers[NAME] = [["127.0.0.1"], [METADATA]]
    async with serving(OK, authority.server()) as server:
        allowed = server.allowed(authority.ca_file)
        assert (await outbound.request("GET", server.url(), allowance=allowed)).status == 200
        assert names.asked == [NAME]
        assert await trouble(outbound, server, server.url(), allowed) == "address"
        assert len(server.seen) == 1


async def test_in_production_loopback_is_refused_whatever_the_allowance_says(
    names: Names, authority: Authority
) -> None:
    outbound = Outbound(development=False, resolve=names)
    async with serving(OK, authority.server()) as server:
        for url in (server.here, server.url(), f"http://localhost:{server.port}/", "https://127.0.0.1.nip.io/"):
            names.answers["127.0.0.1.nip.io"] = [["127.0.0.1"]]
            hosts = server.allowed().hosts | {"127.0.0.1.nip.io"}
            allowance = Allowance(
                hosts, ("127.0.0.0/8", "0.0.0.0/0"), loopback_http=True, ca_file=str(authority.ca_file)
            )
            assert await trouble(outbound, server, url, allowance) == "address"
        assert server.connections == 0


async def test_our_own_public_address_is_not_called(names: Names) -> None:
    names.answers |= {"baton.example": [["8.8.4.4"]], "trick.example": [["8.8.4.4"]]}
    outbound = Outbound(own_host="baton.example", resolve=names)
    with pytest.raises(OutboundTrouble, match="address"):
        await outbound.request("GET", "https://trick.example/", allowance=Allowance(frozenset({"trick.example"})))


async def test_a_host_or_port_that_is_not_pinned_is_not_called(outbound: Outbound, names: Names) -> None:
    names.answers["evil.example"] = [["127.0.0.1"]]
    async with serving(OK) as server, serving(OK) as neighbour:
        for url in (neighbour.here, f"https://evil.example:{server.port}/", f"https://{NAME}/"):
            assert await trouble(outbound, server, url) == "address"
        assert neighbour.connections == server.connections == 0
    assert names.asked == []


async def test_the_environments_proxy_is_ignored(outbound: Outbound, monkeypatch: pytest.MonkeyPatch) -> None:
    async with serving(OK) as server, serving(OK) as proxy:
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy"):
            monkeypatch.setenv(name, proxy.here)
        await outbound.request("GET", server.here, allowance=server.allowed())
        assert (len(server.seen), proxy.connections) == (1, 0)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_not_followed(outbound: Outbound, status: int) -> None:
    async with serving(OK) as other:
        async with serving(always(answer(b"", status=status, Location=other.here))) as server:
            assert await trouble(outbound, server) == "redirect"
        assert other.connections == 0


async def _silence(_: Seen, writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(30)


async def _drip(_: Seen, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    for _turn in range(100):
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(0.1)


async def _endless(_: Seen, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    for _turn in range(200):
        writer.write(b"10000\r\n" + b"x" * 65536 + b"\r\n")
        await writer.drain()


async def _gone(_: Seen, writer: asyncio.StreamWriter) -> None:
    writer.close()


ZIPPED = {"Content_Encoding": "gzip"}
MISBEHAVIOUR: dict[str, tuple[Answering, str]] = {
    "says nothing": (_silence, "timeout"),
    "drips past the whole time": (_drip, "timeout"),
    "sends 10 MB and says so": (always(answer(b"x" * 10_000_000)), "too-large"),
    "sends 10 MB in chunks": (_endless, "too-large"),
    "sends a bomb": (always(answer(gzip.compress(bytes(200_000_000), 9), **ZIPPED)), "too-large"),
    "zips what is no gzip": (always(answer(b"plain", **ZIPPED)), "protocol"),
    "zips half of it": (always(answer(gzip.compress(b"{}" * 100)[:-9], **ZIPPED)), "protocol"),
    "uses a coding nobody asked for": (always(answer(b"x", Content_Encoding="br")), "protocol"),
    "codes twice": (always(answer(b"x", Content_Encoding="gzip, gzip")), "protocol"),
    "speaks another protocol": (always(b"SSH-2.0-OpenSSH_9.6\r\n\r\n"), "protocol"),
    "goes away": (_gone, "protocol"),
}


@pytest.mark.parametrize("how", MISBEHAVIOUR)
async def test_no_answer_grows_or_lasts_past_its_limits(outbound: Outbound, how: str) -> None:
    answering, kind = MISBEHAVIOUR[how]
    async with serving(answering) as server:
        assert await trouble(outbound, server) == kind


@pytest.mark.parametrize(("pack", "coding"), [(gzip.compress, "gzip"), (zlib.compress, "deflate")])
async def test_a_server_that_zips_unasked_is_read(
    outbound: Outbound, pack: Callable[[bytes], bytes], coding: str
) -> None:
    async with serving(always(answer(pack(b"{}"), Content_Encoding=coding))) as server:
        got = await outbound.request("GET", server.here, allowance=server.allowed())
    assert got.body == b"{}"
    assert "content-encoding" not in got.headers


async def test_a_server_that_is_not_there_or_has_no_name_is_away(outbound: Outbound) -> None:
    async with serving(OK) as server:
        assert server.port
    assert await trouble(outbound, server) == "away"
    allowance = Allowance(frozenset({"nowhere.example"}), loopback_http=True)
    assert await trouble(outbound, server, "https://nowhere.example/", allowance) == "away"


async def test_the_next_address_is_tried_when_the_first_takes_no_connection(
    outbound: Outbound, names: Names, authority: Authority
) -> None:
    names.answers[NAME] = [["127.0.0.9", "127.0.0.1"]]
    async with serving(OK, authority.server()) as server:
        got = await outbound.request("POST", server.url(), allowance=server.allowed(authority.ca_file), content=b"once")
    assert (got.status, [seen.body for seen in server.seen]) == (200, [b"once"])


async def test_an_address_is_looked_up_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: pytest.fail("looked up"))
    assert [await resolve(address, 443) for address in ("127.0.0.1", "::1")] == [["127.0.0.1"], ["::1"]]


async def test_a_name_server_that_hangs_costs_the_time_of_a_connection() -> None:
    async def hang(host: str, port: int) -> list[str]:
        await asyncio.sleep(30)
        return []

    outbound = Outbound(resolve=hang, limits=Limits(0.1, 0.5, 5))
    with pytest.raises(OutboundTrouble, match="timeout"):
        await outbound.request("GET", "https://ehr.example/", allowance=Allowance(frozenset({NAME})))


@pytest.mark.parametrize(("background", "most"), [(False, AT_ONCE_PER_HOST), (True, AT_ONCE_IN_BACKGROUND)])
async def test_so_many_calls_at_once_reach_one_server(outbound: Outbound, background: bool, most: int) -> None:
    slow, outbound.limits = Slow(0.1, enough=most), Limits()
    async with serving(slow) as server:
        allowed = replace(server.allowed(), background=background)
        calls = (outbound.request("GET", server.here, allowance=allowed) for _ in range(2 * most))
        answers = await asyncio.gather(*calls)
    assert {got.status for got in answers} == {200}
    assert slow.most == most


async def test_calls_for_which_nobody_waits_keep_nobody_waiting(outbound: Outbound) -> None:
    slow, outbound.limits = Slow(3), Limits()
    async with serving(slow) as server:
        allowed = replace(server.allowed(), background=True)
        calls = (outbound.request("GET", server.here, allowance=allowed) for _ in range(2 * AT_ONCE_IN_BACKGROUND))
        waiting = asyncio.gather(*calls)
        while slow.at_once < AT_ONCE_IN_BACKGROUND:
            await asyncio.sleep(0.01)
        slow.for_s = 0
        assert (await outbound.request("GET", server.here, allowance=server.allowed())).status == 200
        assert slow.at_once == AT_ONCE_IN_BACKGROUND
        waiting.cancel()
        with suppress(asyncio.CancelledError):
            await waiting


@dataclass(slots=True)
class Slow:
    """Answers a while after `enough` have come at once, and counts how many calls wait at the same moment."""

    for_s: float
    enough: int = 0
    at_once: int = 0
    most: int = 0

    async def __call__(self, _: Seen, writer: asyncio.StreamWriter) -> None:
        self.at_once += 1
        self.most = max(self.most, self.at_once)
        while self.most < self.enough:
            await asyncio.sleep(0.01)
        await asyncio.sleep(self.for_s)
        self.at_once -= 1
        writer.write(answer(b"{}"))


async def test_a_trouble_tells_nothing_of_the_address(outbound: Outbound) -> None:
    with pytest.raises(OutboundTrouble) as refused:
        await outbound.request("GET", "https://evil.example/?token=canary", allowance=Allowance(frozenset()))
    assert str(refused.value) == "address"
    assert refused.value.__cause__ is None


async def test_connections_are_kept_to_a_limited_number_of_names(outbound: Outbound, names: Names) -> None:
    async with serving(OK) as server:
        for number in range(KEPT_HOSTS + 5):
            address = f"127.0.{number // 250}.{number % 250 + 1}"
            names.answers["localhost"] = [[address]]
            allowed = Allowance(frozenset({f"localhost:{server.port}"}), loopback_http=True)
            with suppress(OutboundTrouble):
                await outbound.request("GET", f"http://localhost:{server.port}/", allowance=allowed)
        assert len(outbound._lines) <= KEPT_HOSTS
        assert (await outbound.request("GET", server.here, allowance=server.allowed())).status == 200
