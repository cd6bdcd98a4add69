"""`python -m bench.serving FILE`: one server process, as the pickled plan in FILE says. uvicorn, one worker."""

import cProfile
import pickle
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench import variants


@dataclass(frozen=True, slots=True)
class Plan:
    """`kind`: "ours", or one of the floor's; `without`: the duty that is switched off."""

    kind: str
    dsn: str
    data_dir: Path
    port: int
    pool_size: int
    world_file: Path
    without: str | None = None
    profile: Path | None = None


def main() -> None:
    plan: Plan = pickle.loads(Path(sys.argv[1]).read_bytes())
    variants.before_import(plan.without)
    import uvicorn

    app = _ours(plan) if plan.kind == "ours" else _floor(plan)
    from app.cli.server import COMMON

    config = uvicorn.Config(app, host="127.0.0.1", port=plan.port, loop="uvloop", **COMMON)
    profile = cProfile.Profile() if plan.profile else None
    # uvicorn raises the signal again that ended it: it must not end the process before the profile is written
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    try:
        with profile or nullcontext():
            uvicorn.Server(config).run()
    finally:
        if profile and plan.profile:
            profile.dump_stats(plan.profile)


def _ours(plan: Plan) -> Any:
    """The web server as it is served, without the worker beside it."""
    from app.log import configure
    from app.services.network import Network
    from app.web.server import create_app
    from bench.world import network_on

    world, _ = pickle.loads(plan.world_file.read_bytes())
    variants.after_import(plan.without, world.caller())
    configure("info")

    @asynccontextmanager
    async def resting(_: Network) -> AsyncIterator[None]:
        yield

    return create_app(lambda: network_on(plan.dsn, plan.data_dir), resting)


def _floor(plan: Plan) -> Any:
    from app.log import configure
    from bench.floor import floor_app

    configure("warning")
    world, recorded = pickle.loads(plan.world_file.read_bytes())
    return floor_app(plan.dsn, world, recorded, pool_size=plan.pool_size, kind=plan.kind)


if __name__ == "__main__":
    main()
