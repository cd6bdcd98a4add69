"""B49, the time class: a reference to what others have takes the same work, and so the same time, as one to nothing.

The work is compared to the letter: the statements that the database gets. The time is that of many tries, one kind
after the other, so that whatever else the machine does hits both.
"""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from statistics import median
from typing import Any

import pytest

from app.store.pool import Store, Unit
from tests.api.answers import without_number
from tests.attacks.attack import Send, bundles, posts, sends
from tests.attacks.scene import Scene
from tests.builders import entry, resource

TRIES = 40
# of two medians; without the hidden row in the way they differ by less than a tenth
APART = 1.5


@pytest.fixture
def statements(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The texts of what the server asks of the database for the clinic from here on; the worker asks for the network."""
    asked: list[str] = []
    unit = Store.unit

    @asynccontextmanager
    async def noting(store: Store, members: Any, **how: bool) -> AsyncIterator[Unit]:
        def note(query: Any) -> None:
            if scene.town.clinic in members:
                asked.append(query.query)

        async with unit(store, members, **how) as opened:
            opened.conn.add_query_logger(note)
            try:
                yield opened
            finally:
                opened.conn.remove_query_logger(note)

    monkeypatch.setattr(Store, "unit", noting)
    return asked


def condition(of: str) -> dict[str, Any]:
    return resource("Condition", subject=f"Patient/{{{of}}}")


async def updates(scene: Scene, of: str) -> Send:
    if "changing" not in scene.names:
        await scene.made("changing", condition("mine"))
    return sends("PUT", "Condition/{changing}", {**condition(of), "id": "{changing}"})


async def creates(scene: Scene, of: str) -> Send:
    return posts(condition(of), to="Condition")


async def transacts(scene: Scene, of: str) -> Send:
    return bundles("transaction", entry(resource("Patient")), entry(condition(of)))


WAYS = pytest.mark.parametrize("way", [creates, updates, transacts], ids=lambda way: way.__name__)


@WAYS
async def test_b49_what_others_have_is_looked_for_as_what_nobody_has(
    scene: Scene, statements: list[str], way: Any
) -> None:
    found = {}
    for of in ("theirs", "nobody"):
        send = await way(scene, of)
        await send(scene)
        await scene.town.world.settled()
        statements.clear()
        answer = await send(scene)
        assert answer.status_code == 422, answer.text
        found[of] = (without_number(answer), list(statements))
    assert found["theirs"] == found["nobody"]
    # the look-up, and that it was refused
    assert len(found["theirs"][1]) >= 2


@WAYS
async def test_b49_and_in_the_same_time(scene: Scene, way: Any) -> None:
    spent: dict[str, list[float]] = {"theirs": [], "nobody": []}
    sending = {of: await way(scene, of) for of in spent}
    await scene.town.world.settled()
    for turn in range(TRIES + 5):
        for of in sorted(sending, reverse=bool(turn % 2)):
            started = time.perf_counter()
            await sending[of](scene)
            spent[of].append(time.perf_counter() - started)
    theirs, nobodys = (median(each[5:]) for each in spent.values())
    assert max(theirs, nobodys) < APART * min(theirs, nobodys), (theirs, nobodys)
