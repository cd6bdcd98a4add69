"""Claims deliveries and carries them out, in order per key, until it is told to stop.

What calls other people's servers has a loop of its own, and no delivery waits for another's end but those of its key.
A write in this process wakes both loops; otherwise they ask again after a wait that grows while there is nothing to do.
*Source*: security sheet OUT-01..OUT-04, OPS-01.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from app.log import log
from app.services.network import Network
from app.store import deliveries
from app.store.deliveries import Claimed
from app.store.trouble import DATABASE_TROUBLE
from app.worker.handlers import CALLING, EVENT_HANDLERS
from app.worker.jobs import run_jobs
from app.worker.search_index import build_search_index

SHORTEST_WAIT_S, LONGEST_WAIT_S = 0.05, 1.0
# after each failed try; the last one is followed by the dead letters
RETRY_AFTER_S = (1, 5, 30, 300, 1800, 7200, 18000, 36000, 50400)


@dataclass(frozen=True, slots=True)
class Group:
    """What one loop carries out: that which calls others, or the rest; so many at once.

    The lease is longer than a handler takes, since a second worker would do the same beside it; and no longer, since
    for so long nobody takes over from a worker that was killed.
    """

    calling: bool
    at_once: int
    lease_s: float


INSIDE: Final = Group(calling=False, at_once=8, lease_s=20)
OUTSIDE: Final = Group(calling=True, at_once=16, lease_s=60)


@asynccontextmanager
async def working(network: Network) -> AsyncIterator[None]:
    """The worker beside a server: stops claiming and finishes what it has begun when the block ends."""
    stop = asyncio.Event()
    tasks = [asyncio.create_task(work(network, stop, group)) for group in (INSIDE, OUTSIDE)]
    tasks.append(asyncio.create_task(run_jobs(network, stop)))
    tasks.append(asyncio.create_task(build_search_index(network, stop)))
    try:
        yield
    finally:
        stop.set()
        network.store.wake.set()
        await asyncio.gather(*tasks)


async def work(network: Network, stop: asyncio.Event, group: Group) -> None:
    """Runs until `stop` is set; a database that is away is waited for."""
    ear = network.store.wake.ear()
    running: set[asyncio.Task[None]] = set()
    wait_s = SHORTEST_WAIT_S
    while not stop.is_set():
        ear.clear()
        try:
            begun = await begin(network, group, group.at_once - len(running))
        except DATABASE_TROUBLE as trouble:
            log.warning("worker_waits", error=type(trouble).__name__)
            begun = []
        running |= {*begun}
        wait_s = SHORTEST_WAIT_S if begun else min(wait_s * 2, LONGEST_WAIT_S)
        running = await _something_new(ear, running, wait_s, full=len(running) >= group.at_once)
    await asyncio.gather(*running)


async def begin(network: Network, group: Group, room: int) -> list[asyncio.Task[None]]:
    """Claims at most `room` deliveries that are due and begins with each."""
    if network.organization is None:
        await network.coordination.learn(network.store)
    claimed = await deliveries.claim(
        network.store, network.ids.next(), lease_s=group.lease_s, limit=room, handlers=CALLING, others=not group.calling
    )
    return [asyncio.create_task(_deliver(network, delivery)) for delivery in claimed]


async def _something_new(
    ear: asyncio.Event, running: set[asyncio.Task[None]], wait_s: float, *, full: bool
) -> set[asyncio.Task[None]]:
    """Waits for a place where all are taken, else for work, an end that lets the next of its key go, or the time.

    Returns what is still under way.
    """
    if full:
        await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
    else:
        heard = asyncio.create_task(ear.wait())
        await asyncio.wait({heard, *running}, timeout=wait_s, return_when=asyncio.FIRST_COMPLETED)
        heard.cancel()
    for task in running:
        if task.done():
            task.result()
    return {task for task in running if not task.done()}


async def _deliver(network: Network, delivery: Claimed) -> None:
    try:
        await _carry_out(network, delivery)
    except DATABASE_TROUBLE as trouble:  # its lease ends, and it is taken up again
        log.warning("worker_waits", error=type(trouble).__name__)


async def _carry_out(network: Network, delivery: Claimed) -> None:
    if delivery.tries > len(RETRY_AFTER_S) + 1:  # it ended its worker before anybody could say why
        await deliveries.bury(network.store, delivery, "ended-its-worker")
        return
    try:
        await EVENT_HANDLERS[delivery.handler](network, delivery.payload)
    except Exception as trouble:
        await _failed(network, delivery, trouble)
    else:
        await deliveries.done(network.store, delivery)


async def _failed(network: Network, delivery: Claimed, trouble: Exception) -> None:
    """Tried again later, or set aside for the operator. The reason is the error's class, not its words."""
    reason = type(trouble).__name__
    log.exception("delivery_failed", delivery=delivery.id, handler=delivery.handler, attempt=delivery.tries)
    if delivery.tries > len(RETRY_AFTER_S):
        await deliveries.bury(network.store, delivery, reason)
    else:
        await deliveries.again(network.store, delivery, after_s=RETRY_AFTER_S[delivery.tries - 1])
