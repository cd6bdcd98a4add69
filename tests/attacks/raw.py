"""Requests that no library writes: byte by byte over a socket."""

import asyncio
from collections.abc import Sequence

import httpx

from tests.attacks.attack import Send
from tests.attacks.scene import Scene
from tests.world import FHIR_JSON

Headers = Sequence[tuple[str, str]]


def raw(
    method: str, target: str, body: bytes = b"", *, host: str | None = "{host}", headers: Headers = (), **token: str
) -> Send:
    """A request with this very target and these very headers. `{host}` and `{token}` are those of the town; no Host
    header at all without a `host`. The ehr's token is sent unless `token` is another one, '' for none."""

    async def send(scene: Scene) -> httpx.Response:
        bearer = scene.town.ehr.http.headers["Authorization"]
        known = {"{host}": scene.town.world.address.removeprefix("http://"), "{token}": bearer}
        sent = [("Host", host)] if host is not None else []
        sent += [("Authorization", text) for text in (token.get("token", bearer),) if text]
        sent = [(name, known.get(value, value)) for name, value in (*sent, *headers)]
        if body:
            sent.append(("Content-Length", str(len(body))))
        lines = [f"{method} {scene.filled(target)} HTTP/1.1", *(f"{name}: {value}" for name, value in sent), "", ""]
        return await _ask(scene, "\r\n".join(lines).encode("latin-1") + body)

    return send


def stalls() -> Send:
    """A body of which the first byte comes, and no other."""
    headers = (("Content-Type", FHIR_JSON), ("Content-Length", "500"))

    async def send(scene: Scene) -> httpx.Response:
        opening = raw("POST", "/fhir/Patient", headers=headers)
        return await asyncio.wait_for(opening(scene), 10)

    return send


async def _ask(scene: Scene, request: bytes) -> httpx.Response:
    host, port = scene.town.world.address.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(request)
    head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 15)
    status, *lines = head.decode("latin-1").strip().split("\r\n")
    headers = [tuple(line.split(": ", 1)) for line in lines]
    size = int(dict(headers).get("content-length", "0"))
    content = await asyncio.wait_for(reader.readexactly(size), 15)
    writer.close()
    asked = httpx.Request("RAW", scene.town.world.address, content=request.partition(b"\r\n\r\n")[2])
    return httpx.Response(int(status.split()[1]), headers=headers, content=content, request=asked)
