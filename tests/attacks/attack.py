"""An attack as data: what is sent, the answer that it must get, what must hold afterwards; and how it is carried out.

Every line holds besides: no 500, no stack, nothing of the input in a refusal, nothing stored by it, a server that lives.
"""

import json
import re
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from tests.api.answers import refused
from tests.attacks.scene import Scene
from tests.world import FHIR_JSON

Tree = dict[str, Any]
Send = Callable[[Scene], Awaitable[httpx.Response]]
After = Callable[[Scene, httpx.Response], Awaitable[None]]
# a message may name a type, a status or an include that would be right; whatever else was sent is somebody's
WORD = re.compile(r"[A-Za-z\-:]*")
SHORTEST_TELLTALE = 6
LARGEST_READ = 2 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Attack:
    """`line` of the sheet, `what` tells its variants apart. `code` is the first issue's, '' where nothing is
    refused. `before` prepares what is attacked, `at` is where the refusal points."""

    line: str
    what: str
    send: Send
    status: int
    code: str = ""
    after: After | None = None
    before: Callable[[Scene], Awaitable[Any]] | None = None
    at: str = ""


def told_apart(attacks: tuple[Attack, ...]) -> pytest.MarkDecorator:
    """The table as parameters; ids are `A31 null`."""
    return pytest.mark.parametrize("attack", attacks, ids=[f"{each.line} {each.what}" for each in attacks])


async def carry_out(scene: Scene, attack: Attack) -> None:
    """Sends it and asserts all that the line and every line demand."""
    if attack.before is not None:
        await attack.before(scene)
    before = await scene.stored()
    answer = await attack.send(scene)
    assert answer.status_code == attack.status, answer.text
    if attack.code:
        issues = refused(answer, attack.status, attack.code)
        assert any(place.startswith(attack.at) for issue in issues for place in issue.get("expression", [""])), issues
        assert [value for value in sent_values(answer.request) if value in answer.text] == []
        assert await scene.stored() == before
    if attack.after is not None:
        await attack.after(scene, answer)
    assert await scene.lives()


def sent_values(request: httpx.Request) -> Iterator[str]:
    """Every text of a body in JSON and of a query that is long enough to be recognized; words are no values."""
    yield from (value for _, value in request.url.params.multi_items() if _tells(value))
    try:
        if len(request.content) > LARGEST_READ:
            return
        tree = json.loads(request.content)
    except (ValueError, RecursionError, httpx.RequestNotRead):
        return
    yield from (text for text in _texts(tree) if _tells(text))


def _tells(text: str) -> bool:
    return len(text) >= SHORTEST_TELLTALE and not WORD.fullmatch(text)


def _texts(node: Any) -> Iterator[str]:
    if isinstance(node, str):
        yield node
    elif isinstance(node, dict):
        yield from (text for value in node.values() for text in _texts(value))
    elif isinstance(node, list):
        yield from (text for value in node for text in _texts(value))


# what is sent: addresses and trees may hold names of the scene, as in Patient/{mine}


def sends(
    method: str, address: str, body: bytes | Tree | list[Any] | None = None, *, by: str = "ehr", **headers: str
) -> Send:
    """A request to an address below /fhir. A header's name is written with _ for -."""

    async def send(scene: Scene) -> httpx.Response:
        content = body if isinstance(body, bytes | None) else json.dumps(scene.filled(body)).encode()
        sent = {name.replace("_", "-"): scene.filled(value) for name, value in headers.items()}
        if body is not None:
            sent = {"Content-Type": FHIR_JSON, **sent}
        return await scene.system(by).http.request(
            method, "/fhir/" + scene.filled(address), content=content, headers=sent
        )

    return send


def gets(address: str, *, by: str = "ehr", **headers: str) -> Send:
    return sends("GET", address, by=by, **headers)


def posts(body: bytes | Tree, *, to: str = "Patient", by: str = "ehr", **headers: str) -> Send:
    return sends("POST", to, body, by=by, **headers)


def patches(address: str, *operations: Tree, by: str = "ehr", **headers: str) -> Send:
    return sends(
        "PATCH", address, list(operations), by=by, **{"Content_Type": "application/json-patch+json", **headers}
    )


def bundles(kind: str, *entries: Tree, by: str = "ehr", **headers: str) -> Send:
    return sends("POST", "", {"resourceType": "Bundle", "type": kind, "entry": list(entries)}, by=by, **headers)
