"""`baton simulate`: another system beside the network, for trying things out."""

import random
import sys
import threading
from pathlib import Path
from typing import Annotated, Literal

import typer
import uvicorn

from app.cli import server
from app.cli.running import quietly
from app.clock import SystemClock
from app.settings import load
from app.simulate.chart import Chart
from app.simulate.ehr import ANY_NEED, Ehr, Settings
from app.simulate.keys import KeyProblem, jwks_file, read_or_make
from app.simulate.needs import NEEDS, need_of
from app.simulate.network import SCOPES, Identity
from app.simulate.page import page_app
from app.simulate.people import people
from app.simulate.shapes import shape_named
from app.simulate.vocabulary import Clinic

commands = typer.Typer(help="Other systems, simulated, for trying things out.", no_args_is_help=True)
DEFAULT_PORT = 8090
PATIENTS = 12


@commands.callback()
def simulate() -> None:
    """Other systems, simulated, for trying things out."""


@commands.command("ehr")
def ehr(
    port: Annotated[int, typer.Option(min=0, max=65535, help="Of its page, on this machine only.")] = DEFAULT_PORT,
    shape: Annotated[
        Literal["pusher"], typer.Option(help="What this EHR can do; docs in app/simulate/shapes.py.")
    ] = "pusher",
    base: Annotated[str, typer.Option(help="FHIR base of its network; this installation's when absent.")] = "",
    client_id: Annotated[str, typer.Option(help="As 'baton client add' printed it; without it nothing is sent.")] = "",
    key_file: Annotated[Path | None, typer.Option(help="Its private key (PEM); made when it is not there.")] = None,
    performer: Annotated[
        list[str] | None,
        typer.Option(help="Organization/<id> to ask for, or CATEGORY=Organization/<id>; repeatable."),
    ] = None,
    interval: Annotated[float, typer.Option(min=0, help="Seconds between two referrals; 0: only by its button.")] = 120,
    name: Annotated[str, typer.Option(help="Of the clinic that refers.")] = "Simulated Clinic",
    naming: Annotated[str, typer.Option(help="URI that the systems of its identifiers begin with.")] = "",
    until_stdin_ends: Annotated[bool, typer.Option("--until-stdin-ends", hidden=True)] = False,
) -> None:
    """Run a simulated EHR with invented patients that sends referrals and shows what becomes of them.

    Without --client-id it makes its key and says how to register it.

    \b
    Example:
      baton simulate ehr --client-id 0198c0de-0000-7000-8000-000000000001 \\
        --performer Organization/0198c0de-0000-7000-8000-000000000002 --interval 30
    """
    installation = quietly(load())
    file = key_file or installation.data_dir / "simulated-ehr" / "key.pem"
    try:
        key = read_or_make(file)
    except KeyProblem as problem:
        raise typer.BadParameter(str(problem), param_hint="--key-file") from None
    found = shape_named(shape)
    if found is None:
        raise typer.BadParameter("there is no such shape", param_hint="--shape")
    settings = Settings(
        base=(base or f"{installation.public_url}/fhir").rstrip("/"),
        shape=found,
        clinic=Clinic(name, naming or f"https://simulated-ehr.example/{client_id or 'unregistered'}"),
        performers=dict(_performer(each) for each in performer or ()),
        every_s=interval,
    )
    # the same patients at each start of the same client
    chart = Chart(people(random.Random(client_id), PATIENTS))
    identity = Identity(client_id, key) if client_id else None
    simulated = Ehr(settings, identity, chart, SystemClock().now, random.Random())
    if identity is None:
        _say_how_to_register(name, jwks_file(file))
    if until_stdin_ends:
        threading.Thread(target=_end_with_stdin, daemon=True).start()
    with server.listening_on("127.0.0.1", port) as listener:
        greeting = f"Simulated EHR on http://127.0.0.1:{listener.getsockname()[1]}"
        app = page_app(simulated, key)
        server.run_quietly(uvicorn.Config(app, **server.COMMON), listener, greeting)


def _performer(typed: str) -> tuple[str, str]:
    """(category of need or '', Organization/<id>)."""
    category, equals, reference = typed.partition("=")
    if not equals:
        category, reference = ANY_NEED, typed
    if not reference.startswith("Organization/") or (category and need_of(category) is None):
        known = ", ".join(need.category.code for need in NEEDS)
        raise typer.BadParameter(
            f"write Organization/<id> or CATEGORY=Organization/<id> ({known})", param_hint="--performer"
        )
    return category, reference


def _say_how_to_register(name: str, jwks: Path) -> None:
    print(f"Register it, then start it with --client-id:\n  baton client add {name!r} --jwks-file {jwks} \\")
    print(f"    --organization Organization/<id of its member> --scopes '{SCOPES}'", flush=True)


def _end_with_stdin() -> None:
    """Whoever started us holds the other end: when it is gone, however it went, so are we."""
    sys.stdin.buffer.read()
    server.stop_this_process()
