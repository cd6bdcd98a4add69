"""A server in the process of a test: real sockets and uvicorn's own protocol, without its waits at the end.

uvicorn looks ten times a second whether it shall stop, and then waits a tenth more, which is most of what a small test
takes. How the product's own server stops is tested by the commands that run it.
"""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import uvicorn


def free_socket() -> socket.socket:
    """On the loopback. That it is TCP is said, so that small answers leave without delay."""
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    bound.bind(("127.0.0.1", 0))
    return bound


def client(address: str = "", **how: Any) -> httpx.AsyncClient:
    """For servers on plain HTTP: the authorities' certificates are not read, which takes 30 ms for each client."""
    return httpx.AsyncClient(base_url=address, verify=False, **how)


@asynccontextmanager
async def serving(application: Any, bound: socket.socket, **how: Any) -> AsyncIterator[None]:
    """Answers on `bound` for as long as the block runs, `how` as uvicorn takes it; what is in flight at its end is
    finished."""
    config = uvicorn.Config(application, **{"log_config": None, **how})
    config.load()
    server = uvicorn.Server(config)
    server.lifespan = config.lifespan_class(config)
    await server.startup(sockets=[bound])
    await server.on_tick(0)  # the date of every answer
    try:
        yield
    finally:
        for listening in server.servers:
            listening.close()
        state = server.server_state
        for connection in [*state.connections]:
            connection.shutdown()
        while state.connections or state.tasks:
            await asyncio.sleep(0.002)
        await server.lifespan.shutdown()
