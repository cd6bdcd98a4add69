"""`baton demo`: the demo world without a server."""

import typer

from app.cli.failures import Failed
from app.cli.running import on_network
from app.settings import load


def add_to(app: typer.Typer) -> None:
    app.command("demo")(demo)


def demo() -> None:
    """Make the demo world, in development only; a second run changes nothing.

    \b
    Example:
      BATON_ENV=development DATA_DIR=/tmp/try baton demo
    """
    from app.cli.demo_beside import sign_ins
    from app.demo.world import ensure_world

    if not load().development:
        raise Failed("The demo world is for development only (BATON_ENV).")
    on_network(ensure_world)
    print(sign_ins())
