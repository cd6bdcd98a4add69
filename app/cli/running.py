"""What every command needs around its service: settings, quiet logs, the network, and one event loop."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from app.log import configure
from app.settings import Settings, load
from app.store.embedded import EmbeddedPostgres

if TYPE_CHECKING:  # a command that is typed wrongly, or asked for help, need not wait for the services
    from app.services.network import Network

Answer = TypeVar("Answer")

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]


def quietly(settings: Settings) -> Settings:
    """Logs of a command that only answers: nothing below a warning, unless somebody looks for a fault."""
    configure(settings.log_level if settings.log_level in ("debug", "error") else "warning")
    return settings


def on_network(work: "Callable[[Network], Awaitable[Answer]]") -> Answer:
    """What `work` answers on the network of this environment's settings."""
    return asyncio.run(_inside(quietly(load()), work))


def own_database(settings: Settings) -> AbstractContextManager[object]:
    """Keeps the embedded database up between the parts of one command; nothing where DATABASE_URL names another."""
    return nullcontext() if settings.database_url is not None else EmbeddedPostgres.start(settings.data_dir)


async def _inside(settings: Settings, work: "Callable[[Network], Awaitable[Answer]]") -> Answer:
    from app.wiring import open_network  # late: `--help` need not wait for the database's libraries

    async with open_network(settings) as network:
        return await work(network)
