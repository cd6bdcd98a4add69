"""Puts a simulated EHR together as its command wishes, and serves it."""

import random
import sys
import threading
from dataclasses import dataclass, replace
from pathlib import Path

import typer
import uvicorn

from app.cli import server
from app.cli.running import quietly
from app.cli.simulated_smart import SmartWish, read_app, smart_server
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
from app.simulate.smart.server import App
from app.simulate.vocabulary import Clinic

HOST = "127.0.0.1"
PATIENTS = 12
# a token address that hangs, on purpose, holds no stop
ENDS_WITHIN_S = 2


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
    smart: SmartWish


def run(wish: Wish) -> None:
    """Until SIGTERM; with `until_stdin_ends` also until whoever started us is gone."""
    installation = quietly(load())
    launching = replace(wish.smart, launch_url=wish.smart.launch_url or f"{installation.public_url}/launch")
    app, shape = read_app(launching), _shape(wish.shape)
    performers = dict(_performer(each) for each in wish.performers)
    file = wish.key_file or installation.data_dir / "simulated-ehr" / "key.pem"
    key = _key(file)
    base = (wish.base or f"{installation.public_url}/fhir").rstrip("/")
    known_as = wish.client_id or wish.smart.client_id
    settings = Settings(
        base=base,
        shape=shape,
        clinic=Clinic(wish.name, wish.naming or f"https://simulated-ehr.example/{known_as or 'unregistered'}"),
        performers=performers,
        every_s=wish.interval_s,
    )
    # the same patients at each start of the same client
    chart = Chart(people(random.Random(known_as), PATIENTS))
    identity = Identity(wish.client_id, key) if wish.client_id else None
    ehr = Ehr(settings, identity, chart, SystemClock().now, random.Random())
    if identity is None and app is None:
        _say_how_to_register(wish.name, jwks_file(file))
    if wish.until_stdin_ends:
        threading.Thread(target=_end_with_stdin, daemon=True).start()
    _serve(wish, ehr, key, app)


def _serve(wish: Wish, ehr: Ehr, key: Key, app: App | None) -> None:
    settings = ehr.settings
    named = {category: f"{settings.base}/{reference}" for category, reference in settings.performers.items()}
    with server.listening_on(HOST, wish.port) as listener:
        origin = f"http://{HOST}:{listener.getsockname()[1]}"
        smart = smart_server(wish.smart, app, origin, settings.clinic, ehr.chart.people, named)
        greeting = f"Simulated EHR on {origin}\n  FHIR base  {smart.base}"
        greeting += f"\n  launch     {origin}/launch" if smart.app else ""
        config = uvicorn.Config(page_app(ehr, key, smart), timeout_graceful_shutdown=ENDS_WITHIN_S, **server.COMMON)
        server.run_quietly(config, listener, greeting)


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
