"""What `baton serve --demo` has beside the server: the demo world, and its simulated EHR as a child process."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from app.cli.failures import Failed
from app.settings import Settings

if TYPE_CHECKING:
    from app.demo.world import World

# Far from the ports beside ours, which belong to the next installation on this machine.
PORTS_UP = 10_000
INTERVAL_S = 90
ENDS_WITHIN_S = 5
LOOPBACK = "127.0.0.1"


async def prepare(settings: Settings, *, make: bool) -> "World | None":
    """Brings the database up to date and says now what would keep the server from starting; makes the demo world."""
    from app.wiring import open_network

    if make and not settings.development:
        raise Failed("The demo world is for development only (BATON_ENV).")
    async with open_network(settings) as network:
        if not make:
            return None
        from app.demo.world import ensure_world

        return await ensure_world(network)


@contextmanager
def simulated_ehr(settings: Settings, world: "World | None") -> Iterator[str]:
    """Runs the simulated EHR for as long as the block; its address, '' where there is none. It ends with us, even
    when we are killed: it reads from a pipe whose other end is ours."""
    if world is None:
        yield ""
        return
    port = _free_port(settings.port + PORTS_UP)
    child = subprocess.Popen(_command(world, port), stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
    try:
        yield f"http://{LOOPBACK}:{port}"
    finally:
        if child.stdin is not None:
            child.stdin.close()
        child.terminate()
        try:
            child.wait(ENDS_WITHIN_S)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def greeting(world: "World | None", address: str) -> str:
    if world is None:
        return ""
    return f"\n  EHR        {address} (simulated, sends a referral now and then)\n{sign_ins()}"


def sign_ins() -> str:
    """Who can sign in, and how."""
    from app.demo.cast import PASSWORD, PEOPLE

    people = "\n".join(f"  {person.email:<22} {person.organization}, {person.role}" for person in PEOPLE)
    return f"Sign in with the password {PASSWORD} as\n{people}"


def _command(world: "World", port: int) -> list[str]:
    from app.demo.cast import NAMING, SOURCE

    performers = [f"--performer={category}={reference}" for category, reference in world.performers.items()]
    return [
        *(sys.executable, "-m", "app.cli.main", "simulate", "ehr", "--until-stdin-ends", f"--port={port}"),
        *(f"--client-id={world.client_id}", f"--key-file={world.key_file}", f"--interval={INTERVAL_S}"),
        *(f"--name={SOURCE.name}", f"--naming={NAMING}", *performers),
    ]


def _free_port(wished: int) -> int:
    """The wished one, so that its address stays the same at each start, or any."""
    for port in (wished, 0):
        try:
            with socket.create_server((LOOPBACK, port)) as probe:
                found: int = probe.getsockname()[1]
                return found
        except (OSError, OverflowError):
            continue
    raise Failed("There is no free port for the simulated EHR.")
