"""The server and the worker, put together: for the commands, and for `uvicorn --factory app.main:application`."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext

from fastapi import FastAPI

from app.log import configure
from app.services.network import Network
from app.settings import Settings, load
from app.web.server import Started, create_app
from app.wiring import open_network
from app.worker.loop import working


def application(settings: Settings | None = None, *, works: bool = True, migrated: bool = False) -> FastAPI:
    """Web and, unless it `works` elsewhere, worker in one process; without settings, on those of the environment."""
    settings = settings or load()
    configure(settings.log_level)
    return create_app(lambda: open_network(settings, migrated=migrated), _beside(works))


def application_on(network: Network, *, works: bool = True) -> FastAPI:
    """The same on a network that is open already and that somebody else closes."""
    return create_app(lambda: nullcontext(network), _beside(works))


def _beside(works: bool) -> Started:
    return working if works else _resting


async def work(network: Network, stop: asyncio.Event) -> None:
    """The worker alone, until `stop`: it finishes what it has begun."""
    async with working(network):
        await stop.wait()


@asynccontextmanager
async def _resting(_: Network) -> AsyncIterator[None]:
    yield
