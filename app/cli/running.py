"""What every command needs around its service: settings, quiet logs, the network, and one event loop."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
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


@contextmanager
def own_database(settings: Settings) -> Iterator[str]:
    """Its address; the embedded one is kept up between the parts of one command."""
    if settings.database_url is not None:
        yield settings.database_url
        return
    with EmbeddedPostgres.start(settings.data_dir) as embedded:
        yield embedded.app_dsn


async def _inside(settings: Settings, work: "Callable[[Network], Awaitable[Answer]]") -> Answer:
    from app.wiring import open_network  # late: `--help` need not wait for the database's libraries

    async with open_network(settings) as network:
        return await work(network)
