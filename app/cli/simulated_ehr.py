"""Puts a simulated EHR together as its command wishes, and serves it."""

import random
import sys
import threading
from dataclasses import dataclass
from pathlib import Path

import typer
import uvicorn

from app.cli import server
from app.cli.running import quietly
from app.clock import SystemClock
from app.settings import load
from app.simulate.chart import Chart
from app.simulate.ehr import ANY_NEED, Ehr, Settings
from app.simulate.keys import Key, KeyProblem, jwks_file, read_or_make
from app.simulate.needs import NEEDS, need_of
from app.simulate.network import SCOPES, Identity
from app.simulate.page import page_app
from app.simulate.people import people
from app.simulate.shapes import Shape, shape_named
from app.simulate.vocabulary import Clinic

HOST = "127.0.0.1"
PATIENTS = 12


@dataclass(frozen=True, slots=True)
class Wish:
    """The options of `baton simulate ehr`, as typed."""

    port: int
    shape: str
    base: str
    client_id: str
    key_file: Path | None
    performers: tuple[str, ...]
    interval_s: float
    name: str
    naming: str
    until_stdin_ends: bool


def run(wish: Wish) -> None:
    """Until SIGTERM; with `until_stdin_ends` also until whoever started us is gone."""
    installation = quietly(load())
    file = wish.key_file or installation.data_dir / "simulated-ehr" / "key.pem"
    key = _key(file)
    settings = Settings(
        base=(wish.base or f"{installation.public_url}/fhir").rstrip("/"),
        shape=_shape(wish.shape),
        clinic=Clinic(wish.name, wish.naming or f"https://simulated-ehr.example/{wish.client_id or 'unregistered'}"),
        performers=dict(_performer(each) for each in wish.performers),
        every_s=wish.interval_s,
    )
    # the same patients at each start of the same client
    chart = Chart(people(random.Random(wish.client_id), PATIENTS))
    identity = Identity(wish.client_id, key) if wish.client_id else None
    ehr = Ehr(settings, identity, chart, SystemClock().now, random.Random())
    if identity is None:
        _say_how_to_register(wish.name, jwks_file(file))
    if wish.until_stdin_ends:
        threading.Thread(target=_end_with_stdin, daemon=True).start()
    with server.listening_on(HOST, wish.port) as listener:
        greeting = f"Simulated EHR on http://{HOST}:{listener.getsockname()[1]}"
        server.run_quietly(uvicorn.Config(page_app(ehr, key), **server.COMMON), listener, greeting)


def _key(file: Path) -> Key:
    try:
        return read_or_make(file)
    except KeyProblem as problem:
        raise typer.BadParameter(str(problem), param_hint="--key-file") from None


def _shape(name: str) -> Shape:
    found = shape_named(name)
    if found is None:
        raise typer.BadParameter("there is no such shape", param_hint="--shape")
    return found


def _performer(typed: str) -> tuple[str, str]:
    """(category of need or '', Organization/<id>)."""
    category, equals, reference = typed.partition("=")
    if not equals:
        category, reference = ANY_NEED, typed
    if not reference.startswith("Organization/") or (category and need_of(category) is None):
        known = ", ".join(need.category.code for need in NEEDS)
        words = f"write Organization/<id> or CATEGORY=Organization/<id> ({known})"
        raise typer.BadParameter(words, param_hint="--performer")
    return category, reference


def _say_how_to_register(name: str, jwks: Path) -> None:
    print(f"Register it, then start it with --client-id:\n  baton client add {name!r} --jwks-file {jwks} \\")
    print(f"    --organization Organization/<id of its member> --scopes '{SCOPES}'", flush=True)


def _end_with_stdin() -> None:
    """Whoever started us holds the other end: when it is gone, however it went, so are we."""
    sys.stdin.buffer.read()
    server.stop_this_process()
