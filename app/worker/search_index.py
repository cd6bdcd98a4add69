"""Builds the rows of new search parameters for resources stored before, batch by batch, until all of them answer.

Nothing is asked for where nothing is being built: a parameter comes with a new program, so with a start.
"""

import asyncio

from app.log import log
from app.services.network import Network
from app.services.rebuild_index import build_batch
from app.store.trouble import DATABASE_TROUBLE

WAITS_S = 1.0
# what went wrong is in the log; it does not have to be there each second
WAITS_AFTER_A_FAULT_S = 60.0


async def build_search_index(network: Network, stop: asyncio.Event) -> None:
    """Goes on until nothing is being built, or `stop`; what another process builds is waited for."""
    while network.answerable.waits and not stop.is_set():
        wait_s = await _build_some(network)
        if wait_s:
            await _pause(stop, wait_s)


async def _build_some(network: Network) -> float:
    """How long to wait before the next batch."""
    try:
        if network.organization is None:
            await network.coordination.learn(network.store)
        if await build_batch(network):
            return 0
        # whether another process has built the rest by now; the database may be away here as well
        await network.asking_by_now()
        return WAITS_S if network.answerable.waits else 0
    except DATABASE_TROUBLE as trouble:
        log.warning("worker_waits", error=type(trouble).__name__)
        return WAITS_S
    except Exception:
        log.exception("search_index_failed")
        return WAITS_AFTER_A_FAULT_S


async def _pause(stop: asyncio.Event, wait_s: float) -> None:
    try:
        await asyncio.wait_for(stop.wait(), wait_s)
    except TimeoutError:
        return
