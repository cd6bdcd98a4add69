"""What time demands: partitions made ahead, what has expired forgotten, EHRs that were away asked again.

Each job is safe to repeat and to run twice.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from app.log import log
from app.services.identity.housekeeping import forget_expired
from app.services.network import Network
from app.services.resume_write_backs import resume_unanswered
from app.store.partitions import ensure_partitions
from app.store.trouble import DATABASE_TROUBLE


@dataclass(frozen=True, slots=True)
class Job:
    name: str
    run: Callable[[Network], Awaitable[None]]


async def _partitions(network: Network) -> None:
    await ensure_partitions(network.store)


JOBS: tuple[Job, ...] = (
    Job("partitions", _partitions),
    Job("forget-expired", forget_expired),
    Job("write-backs", resume_unanswered),
)
EVERY_S = 3600.0


async def run_jobs(network: Network, stop: asyncio.Event) -> None:
    """Every job at the start and then each hour, until `stop`; one that fails is tried again the next hour."""
    while not stop.is_set():
        for job in JOBS:
            try:
                await job.run(network)
            except DATABASE_TROUBLE as trouble:
                log.warning("job_failed", handler=job.name, error=type(trouble).__name__)
        try:
            await asyncio.wait_for(stop.wait(), EVERY_S)
        except TimeoutError:
            continue
