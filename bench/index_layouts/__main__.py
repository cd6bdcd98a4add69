"""`python -m bench.index_layouts`: measure all layouts, write docs/decisions/figures/index-layouts.json and .md."""

import argparse
import asyncio
import signal
import sys
import time
from contextlib import nullcontext
from pathlib import Path

import asyncpg

from bench.index_layouts import put, search
from bench.index_layouts.cluster import throw_away
from bench.index_layouts.layouts import LAYOUTS, Layout
from bench.index_layouts.report import save
from bench.index_layouts.statements import statements
from bench.index_layouts.world import build


def main() -> None:
    """Read the arguments and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--tasks", type=int, action="append", help="how many Tasks; may be repeated (10000 and 1000000)"
    )
    parser.add_argument(
        "--layout", action="append", choices=[layout.name for layout in LAYOUTS], help="only these layouts"
    )
    parser.add_argument("--dsn", help="a superuser of an otherwise idle PostgreSQL 18; a throw-away cluster by default")
    parser.add_argument(
        "--folder", default="/var/tmp", help="where the throw-away cluster lies (12 GB at a million Tasks)"
    )
    parser.add_argument(
        "--figures", type=Path, default=Path("docs/decisions/figures"), help="where the figures are written"
    )
    arguments = parser.parse_args()
    # a stopped measurement leaves no cluster behind
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))
    chosen = [layout for layout in LAYOUTS if not arguments.layout or layout.name in arguments.layout]
    with nullcontext(arguments.dsn) if arguments.dsn else throw_away(arguments.folder) as dsn:
        for tasks in arguments.tasks or (10_000, 1_000_000):
            for layout in chosen:
                asyncio.run(measure(dsn, layout, tasks, arguments.figures))


async def measure(dsn: str, layout: Layout, tasks: int, figures: Path) -> None:
    """Build, measure and drop one layout's database; its figures are saved at once."""
    started = time.monotonic()
    print(f"{layout.name}, {tasks} Tasks", flush=True)
    own = await build(dsn, layout, tasks)
    connection = await asyncpg.connect(own)
    sizes = {
        row["relname"]: row["heap"] + row["indexes"] for row in await connection.fetch(statements("base")["sizes"])
    }
    await connection.close()
    searches = await search.measure(own, layout)
    print(f"  searches measured after {time.monotonic() - started:.0f} s", flush=True)
    writes = await put.measure(own, layout)
    save(figures, {"layout": layout.name, "tasks": tasks, "bytes": sizes, "put": writes, "searches": searches})
    admin = await asyncpg.connect(dsn)
    await admin.execute(f'DROP DATABASE "{own.rsplit("/", 1)[1]}" WITH (FORCE)')
    await admin.close()
    print(f"  done after {time.monotonic() - started:.0f} s", flush=True)


if __name__ == "__main__":
    main()
