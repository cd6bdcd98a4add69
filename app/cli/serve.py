"""`baton serve` and `baton worker`: what runs until it is told to stop."""

import asyncio
import signal
from typing import Annotated

import typer

from app.cli import demo_beside
from app.cli.pools import fitted
from app.cli.running import own_database, quietly
from app.log import configure, log
from app.settings import Settings, load


def add_to(app: typer.Typer) -> None:
    app.command("serve")(serve)
    app.command("worker")(worker)


def serve(
    no_worker: Annotated[bool, typer.Option("--no-worker", help="Web only; run 'baton worker' elsewhere.")] = False,
    workers: Annotated[int, typer.Option(min=1, max=256, help="Processes that answer the web.")] = 1,
    demo: Annotated[
        bool, typer.Option("--demo", help="Development: make the demo world and run its simulated EHR.")
    ] = False,
) -> None:
    """Serve the FHIR API and the pages, with the worker beside them; SIGTERM ends it gracefully.

    \b
    Example:
      PORT=8123 DATA_DIR=/srv/baton baton serve --workers 2
    """
    from app.cli import server  # late: no other command needs a web server

    settings = quietly(_calm(load()) if demo else load())
    with server.listening_on(settings.host, settings.port) as listener, own_database(settings) as dsn:
        # what keeps it from starting is said here, in one line, and not by each of its processes
        fitting, pools = asyncio.run(fitted(settings, dsn, workers))
        beside = asyncio.run(demo_beside.prepare(settings, make=demo))
        with demo_beside.simulated_ehr(beside):
            words = server.greeting(settings) + pools + demo_beside.greeting(beside)
            server.run(fitting, listener, works=not no_worker, processes=workers, greeting=words)


def _calm(settings: Settings) -> Settings:
    """A newcomer's terminal keeps the addresses in sight: no line for each request, unless she asked for them."""
    if "log_level" in settings.model_fields_set:
        return settings
    return settings.model_copy(update={"log_level": "warning"})


def worker() -> None:
    """Work off deliveries without serving the web; as many as you like may run side by side.

    \b
    Example:
      DATABASE_URL=postgresql://baton_app@db/baton baton worker
    """
    settings = load()
    configure(settings.log_level)
    asyncio.run(_work(settings))


async def _work(settings: Settings) -> None:
    from app.main import work
    from app.wiring import open_network

    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with open_network(settings) as network:
        log.info("worker_started")
        await work(network, stop)
    log.info("worker_stopped")
