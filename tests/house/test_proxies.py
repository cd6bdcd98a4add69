"""Behind a proxy: who asks is what the operator's own proxies say, and nobody else is believed."""

import asyncio
import socket
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn

from app.cli.server import COMMON, heeding
from app.settings import Settings


async def asked_by(proxies: str | None, forwarded: str) -> str:
    """Whom a server that trusts these proxies takes for the asker of a request from this machine."""
    seen: list[str] = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        seen.append(scope["client"][0])
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    bound = socket.socket()
    bound.bind(("127.0.0.1", 0))
    options = {**COMMON, **heeding(proxies), "lifespan": "off"}
    server = uvicorn.Server(uvicorn.Config(application, **options))
    serving = asyncio.create_task(server.serve(sockets=[bound]))
    while not server.started:
        await asyncio.sleep(0.01)
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{bound.getsockname()[1]}") as client:
        await client.get("/", headers={"X-Forwarded-For": forwarded})
    server.should_exit = True
    await serving
    return seen[0]


@pytest.mark.parametrize(
    ("proxies", "forwarded", "asker"),
    [
        (None, "198.51.100.7", "127.0.0.1"),
        ("10.0.0.5/32", "198.51.100.7", "127.0.0.1"),
        ("127.0.0.1/32", "198.51.100.7", "198.51.100.7"),
        ("127.0.0.0/8,10.0.0.0/8", "198.51.100.7, 10.0.0.9", "198.51.100.7"),
        # what the asker wrote there before the proxy added her address counts for nothing
        ("127.0.0.0/8", "203.0.113.1, 198.51.100.7", "198.51.100.7"),
    ],
)
async def test_only_proxies_that_the_operator_named_say_who_asks(
    proxies: str | None, forwarded: str, asker: str
) -> None:
    assert await asked_by(proxies, forwarded) == asker


@pytest.fixture
def _at_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "data"))
    monkeypatch.delenv("DATABASE_URL", raising=False)


@pytest.mark.usefixtures("_at_home")
def test_proxies_are_addresses_and_networks() -> None:
    assert Settings(trusted_proxies=" 10.0.0.5, 10.1.0.0/16").trusted_proxies == "10.0.0.5/32,10.1.0.0/16"
    assert Settings().trusted_proxies is None


@pytest.mark.usefixtures("_at_home")
@pytest.mark.parametrize(
    "wrong", ["*", "0.0.0.0/0", "::/0", "proxy.example", "10.0.0.5/8", "10.0.0.5;10.0.0.6", "", "10.0.0.5,"]
)
def test_everybody_and_names_are_no_proxies(wrong: str) -> None:
    with pytest.raises(ValueError, match="proxies"):
        Settings(trusted_proxies=wrong)
