"""Claims deliveries and carries them out, in order per key, until it is told to stop.

A write in this process wakes it; otherwise it asks again after a wait that grows while there is nothing to do.
*Source*: security sheet OUT-01..OUT-04, OPS-01.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from app.log import log
from app.services.network import Network
from app.store import deliveries
from app.store.deliveries import Claimed
from app.store.trouble import DATABASE_TROUBLE
from app.worker.handlers import EVENT_HANDLERS
from app.worker.jobs import run_jobs

LEASE_S = 60.0
AT_ONCE = 8
SHORTEST_WAIT_S, LONGEST_WAIT_S = 0.05, 1.0
# after each failed try; the last one is followed by the dead letters
RETRY_AFTER_S = (1, 5, 30, 300, 1800, 7200, 18000, 36000, 50400)


@asynccontextmanager
async def working(network: Network) -> AsyncIterator[None]:
    """The worker beside a server: stops claiming and finishes what it has begun when the block ends."""
    stop = asyncio.Event()
    tasks = [asyncio.create_task(work(network, stop)), asyncio.create_task(run_jobs(network, stop))]
    try:
        yield
    finally:
        stop.set()
        network.store.wake.set()
        await asyncio.gather(*tasks)


async def work(network: Network, stop: asyncio.Event) -> None:
    """Runs until `stop` is set; a database that is away is waited for."""
    wait_s = SHORTEST_WAIT_S
    while not stop.is_set():
        network.store.wake.clear()
        try:
            done = await turn(network)
        except DATABASE_TROUBLE as trouble:
            log.warning("worker_waits", error=type(trouble).__name__)
            done = 0
        wait_s = SHORTEST_WAIT_S if done else min(wait_s * 2, LONGEST_WAIT_S)
        if not done:
            await _wait(network, stop, wait_s)


async def turn(network: Network) -> int:
    """Claims what is due and carries it out; returns how many deliveries that were."""
    if network.organization is None:
        await network.coordination.learn(network.store)
    claimed = await deliveries.claim(network.store, network.ids.next(), lease_s=LEASE_S, limit=AT_ONCE)
    await asyncio.gather(*(_deliver(network, delivery) for delivery in claimed))
    return len(claimed)


async def _deliver(network: Network, delivery: Claimed) -> None:
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


async def _wait(network: Network, stop: asyncio.Event, wait_s: float) -> None:
    try:
        await asyncio.wait_for(network.store.wake.wait(), wait_s)
    except TimeoutError:
        return
