"""The outbox: each delivery is one worker's at a time, in order per key; what cannot be done blocks its key only.

*Source*: security sheet OUT-01..OUT-03.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from app.services.network import Network
from app.settings import Settings
from app.store import deliveries
from app.store.deliveries import Claimed
from app.wiring import open_network
from app.worker import loop
from tests.conftest import Database

QUEUE = """
INSERT INTO delivery (event, handler, order_key, payload) VALUES ($1, $2, $3, jsonb_build_object('key', $3::text))
RETURNING id
"""


@pytest.fixture
async def network(database: Database, tmp_path: Path) -> AsyncIterator[Network]:
    """No server and no worker beside it: the tests turn the worker themselves."""
    settings = Settings(env="development", database_url=database.app_dsn, data_dir=tmp_path)
    async with open_network(settings) as opened:
        yield opened


async def queue(network: Network, *keys: str, handler: str = "react") -> list[int]:
    return [await network.store.pool.fetchval(QUEUE, uuid4(), handler, key) for key in keys]


async def claim(network: Network, limit: int = 8, lease_s: float = 60) -> list[Claimed]:
    return await deliveries.claim(network.store, uuid4(), lease_s=lease_s, limit=limit, handlers=["react"])


async def turn(network: Network) -> int:
    """What is due inside, carried out; how many deliveries that were."""
    begun = await loop.begin(network, loop.INSIDE, room=8)
    await asyncio.gather(*begun)
    return len(begun)


@asynccontextmanager
async def at_work(network: Network, *groups: loop.Group) -> AsyncIterator[None]:
    """The loops themselves, until the block ends."""
    stop = asyncio.Event()
    async with asyncio.timeout(10), asyncio.TaskGroup() as running:
        for group in groups:
            running.create_task(loop.work(network, stop, group))
        yield
        stop.set()
        network.store.wake.set()


async def left(network: Network) -> dict[int, Any]:
    return {row["id"]: row for row in await network.store.pool.fetch("SELECT * FROM delivery ORDER BY id")}


async def test_only_the_oldest_of_each_key_is_claimed(network: Network) -> None:
    a1, _, b1, _ = await queue(network, "a", "a", "b", "b")
    assert [each.id for each in await claim(network)] == [a1, b1]
    assert await claim(network) == [], "the second of a key waits for the first"


async def test_two_workers_share_the_work_each_delivery_once_and_in_order(network: Network) -> None:
    keys = [f"k{n % 7}" for n in range(70)]
    ids = await queue(network, *keys)
    key_of = dict(zip(ids, keys, strict=True))
    done: list[int] = []
    held: set[int] = set()

    async def worker() -> None:
        while await left(network):
            for each in await claim(network, limit=3):
                assert each.id not in held
                assert key_of[each.id] not in {key_of[other] for other in held}, "one of a key at a time"
                held.add(each.id)
                await asyncio.sleep(0.001)
                held.discard(each.id)
                done.append(each.id)
                await deliveries.done(network.store, each)

    async with asyncio.timeout(30):
        await asyncio.gather(*(worker() for _ in range(3)))
    assert sorted(done) == ids
    for key in set(keys):
        mine = [id for id in done if key_of[id] == key]
        assert mine == sorted(mine)


async def test_what_a_worker_left_behind_is_taken_up_after_its_lease(network: Network) -> None:
    (one,) = await queue(network, "a")
    (dead,) = await claim(network, lease_s=0)
    await asyncio.sleep(0.01)
    (again,) = await claim(network)
    assert (again.id, again.tries) == (one, 2)
    await deliveries.done(network.store, dead)
    assert await left(network), "who lost the lease has no say any more"
    await deliveries.done(network.store, again)
    assert not await left(network)


async def test_a_poison_delivery_blocks_its_key_only_and_is_set_aside(
    network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    poison, after, other = await queue(network, "bad", "bad", "good")
    served: list[str] = []

    async def handler(_: Network, payload: dict[str, Any]) -> None:
        served.append(payload["key"])
        if payload["key"] == "bad":
            raise ValueError("Zyzzyva")

    monkeypatch.setattr(loop, "EVENT_HANDLERS", {"react": handler})
    assert await turn(network) == 2
    assert sorted(served) == ["bad", "good"]
    for _ in range(len(loop.RETRY_AFTER_S)):
        await network.store.pool.execute("UPDATE delivery SET not_before = now() WHERE id = $1", poison)
        assert await turn(network) == 1
    rows = await left(network)
    assert list(rows) == [poison, after]
    assert rows[poison]["dead_reason"] == "ValueError", "the error's class: its words may hold anything"
    assert await turn(network) == 0
    assert other not in rows

    assert await deliveries.retry(network.store, poison)
    monkeypatch.setattr(loop, "EVENT_HANDLERS", {"react": lambda *_: asyncio.sleep(0)})
    assert await turn(network) == 1
    assert await turn(network) == 1
    assert not await left(network)


async def test_a_skipped_dead_letter_lets_the_next_of_its_key_go(network: Network) -> None:
    first, second = await queue(network, "a", "a")
    (claimed,) = await claim(network)
    assert not await deliveries.skip(network.store, first), "only what is set aside is skipped"
    await deliveries.bury(network.store, claimed, "ValueError")
    assert await deliveries.skip(network.store, first)
    assert [each.id for each in await claim(network)] == [second]


async def test_what_calls_others_is_claimed_apart_and_an_unknown_handler_reaches_the_dead_letters(
    network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "EVENT_HANDLERS", {"write-back": lambda *_: asyncio.sleep(0)})
    (calling,) = await queue(network, "a", handler="write-back")
    (unknown,) = await queue(network, "a", handler="of-a-later-version")
    assert await turn(network) == 1
    rows = await left(network)
    assert (list(rows), rows[unknown]["tries"], rows[calling]["tries"]) == ([calling, unknown], 1, 0)
    await asyncio.gather(*await loop.begin(network, loop.OUTSIDE, room=8))
    assert list(await left(network)) == [unknown]


async def test_a_slow_delivery_is_waited_for_by_its_key_alone(
    network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    answered = asyncio.Event()

    async def handler(_: Network, payload: dict[str, Any]) -> None:
        if payload["key"] == "slow":
            await answered.wait()

    async def until_left(*ids: int) -> None:
        while list(await left(network)) != [*ids]:
            await asyncio.sleep(0.01)

    monkeypatch.setattr(loop, "EVENT_HANDLERS", {"react": handler, "write-back": handler})
    slow, after = await queue(network, "slow", "slow")
    async with at_work(network, loop.Group(calling=False, at_once=2, lease_s=20), loop.OUTSIDE):
        while not (await left(network))[slow]["tries"]:
            await asyncio.sleep(0.01)
        await queue(network, "quick", "other", "quick")
        (calling,) = await queue(network, "slow", handler="write-back")
        await queue(network, "quick", handler="write-back")
        await until_left(slow, after, calling)
        answered.set()
        await until_left()
