"""What `baton serve --demo` has beside the server: the demo world, and its simulated EHR as a child process."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.cli.failures import Failed
from app.settings import Settings

if TYPE_CHECKING:
    from app.demo.launch import Launching
    from app.demo.world import World

# Far from the ports beside ours, which belong to the next installation on this machine.
PORTS_UP = 10_000
INTERVAL_S = 90
ENDS_WITHIN_S = 5
LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Beside:
    """The demo world and where its EHR is served; `launching` None where Baton cannot be launched from it."""

    world: "World"
    port: int
    launching: "Launching | None"

    @property
    def address(self) -> str:
        return f"http://{LOOPBACK}:{self.port}"


async def prepare(settings: Settings, *, make: bool) -> Beside | None:
    """Brings the database up to date and says now what would keep the server from starting; makes the demo world."""
    from app.wiring import open_network

    if make and not settings.development:
        raise Failed("The demo world is for development only (BATON_ENV).")
    async with open_network(settings) as network:
        if not make:
            return None
        from app.demo.launch import ensure_launch
        from app.demo.world import ensure_world

        world = await ensure_world(network)
        port = _free_port(settings.port + PORTS_UP)
        launching = await ensure_launch(network, world.source, f"http://{LOOPBACK}:{port}/fhir")
        return Beside(world, port, launching)


@contextmanager
def simulated_ehr(beside: Beside | None) -> Iterator[None]:
    """Runs the simulated EHR for as long as the block. It ends with us, even when we are killed: it reads from a pipe
    whose other end is ours."""
    if beside is None:
        yield
        return
    child = subprocess.Popen(_command(beside), stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
    try:
        yield
    finally:
        if child.stdin is not None:
            child.stdin.close()
        child.terminate()
        try:
            child.wait(ENDS_WITHIN_S)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def greeting(beside: Beside | None) -> str:
    if beside is None:
        return ""
    lines = f"\n  EHR        {beside.address} (simulated, sends a referral now and then)"
    if beside.launching:
        lines += f"\n  launch     {beside.address}/launch (a clinician opens Baton from inside this EHR)"
    return f"{lines}\n{sign_ins()}"


def sign_ins() -> str:
    """Who can sign in, and how."""
    from app.demo.cast import PASSWORD, PEOPLE

    people = "\n".join(f"  {person.email:<22} {person.organization}, {person.role}" for person in PEOPLE)
    return f"Sign in with the password {PASSWORD} as\n{people}"


def _command(beside: Beside) -> list[str]:
    from app.demo.cast import NAMING, SOURCE

    world, launching = beside.world, beside.launching
    performers = [f"--performer={category}={reference}" for category, reference in world.performers.items()]
    app = [
        f"--smart-client-id={launching.client_id}",
        f"--smart-redirect-uri={launching.redirect_uri}",
        f"--smart-jwks-file={launching.jwks_file}",
    ] if launching else []  # fmt: skip
    return [
        *(sys.executable, "-m", "app.cli.main", "simulate", "ehr", "--until-stdin-ends", f"--port={beside.port}"),
        *(f"--client-id={world.client_id}", f"--key-file={world.key_file}", f"--interval={INTERVAL_S}"),
        *(f"--name={SOURCE.name}", f"--naming={NAMING}", *performers, *app),
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
