"""uvicorn as `baton serve` runs it: one process or several on one socket, a graceful stop that ends with 0."""

import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from multiprocessing.synchronize import Event
from types import FrameType, MappingProxyType
from typing import Any

import uvicorn
from fastapi import FastAPI
from uvicorn.config import STARTUP_FAILURE

from app.cli.failures import Failed
from app.cli.protocol import WholeAnswers
from app.cli.supervisor import supervise
from app.settings import Settings

BACKLOG = 2048
PARENT_LOOKED_FOR_EVERY_S = 1.0
# beyond what a request may take: the worker finishes, the pool closes
ENDED_WITHIN_S = 10.0
COMMON: Mapping[str, Any] = MappingProxyType(
    {
        "log_config": None,
        "access_log": False,
        "server_header": False,
        # who asks is whoever connects: a header that anybody can send decides nothing, see `heeding`
        "proxy_headers": False,
        "http": WholeAnswers,
        "ws": "none",
        "lifespan": "on",
        "timeout_keep_alive": 15,
    }
)


@contextmanager
def listening_on(host: str, port: int) -> Iterator[socket.socket]:
    """The socket, before anything is started: who has no port need not wait for a database."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        bound = socket.create_server((host, port), family=family, backlog=BACKLOG)
    except OSError as error:
        raise Failed(f"Cannot listen on this host and port ({error.strerror or type(error).__name__}).") from None
    # Made anew from its number, a socket knows that it is TCP; only then asyncio sends small answers without delay.
    with socket.socket(fileno=bound.detach()) as listener:
        yield listener


def greeting(settings: Settings) -> str:
    """Where to go first."""
    lines = (
        f"Baton serves on {settings.public_url}",
        f"  pages      {settings.public_url}/",
        f"  operator   {settings.public_url}/ops",
        f"  FHIR base  {settings.public_url}/fhir",
    )
    return "\n".join(lines)


def run(settings: Settings, listener: socket.socket, *, works: bool, processes: int, greeting: str) -> None:
    """Serves until SIGTERM or SIGINT. Raises Failed when it could not start."""
    config = uvicorn.Config(
        partial(_application, settings, works, os.getpid()),
        factory=True,
        workers=processes,
        timeout_graceful_shutdown=int(settings.request_timeout_s),
        **{**COMMON, **heeding(settings.trusted_proxies)},
    )
    if processes == 1:
        run_quietly(config, listener, greeting)
    else:
        _run_several(config, listener, greeting)


def heeding(proxies: str | None) -> Mapping[str, Any]:
    """What these proxies say of who asks is believed; the operator named them, and nobody else is heard."""
    return {"proxy_headers": True, "forwarded_allow_ips": proxies.split(",")} if proxies else {}


def run_quietly(config: uvicorn.Config, listener: socket.socket, greeting: str) -> None:
    """One server in this process, which says where it is once it is there."""
    try:
        _Server(config, partial(print, greeting, flush=True)).run([listener])
    except SystemExit as ended:
        if ended.code == STARTUP_FAILURE:
            raise _not_started() from None
        raise


def stop_this_process() -> None:
    """As a stop from outside: what is in flight is finished."""
    os.kill(os.getpid(), signal.SIGTERM)


def _application(settings: Settings, works: bool, parent: int) -> FastAPI:
    from app.main import application

    if os.getpid() != parent:
        threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    return application(settings, works=works, migrated=True)


def _end_with(parent: int) -> None:
    """A parent that was killed stops nobody: its children look for it."""
    while os.getppid() == parent:
        time.sleep(PARENT_LOOKED_FOR_EVERY_S)
    stop_this_process()


def _run_several(config: uvicorn.Config, listener: socket.socket, greeting: str) -> None:
    """The parent only watches: a process that dies is replaced."""
    ends_within_s = (config.timeout_graceful_shutdown or 0) + ENDED_WITHIN_S
    work = partial(_one_of_several, config, listener)
    if not supervise(work, config.workers, partial(print, greeting, flush=True), ends_within_s):
        raise _not_started()


def _one_of_several(config: uvicorn.Config, listener: socket.socket, begun: Event) -> None:
    _Server(config, begun.set).run([listener])


def _not_started() -> Failed:
    return Failed("The server could not start; the lines above say why.")


class _Server(uvicorn.Server):
    """It says that it is there; a stop that was asked for is not raised again after it: exit code 0."""

    def __init__(self, config: uvicorn.Config, on_started: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_started = on_started

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._on_started()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self.force_exit = self.should_exit and sig == signal.SIGINT
        self.should_exit = True
