"""Which schema a database has and which this program has; without Alembic, whose import takes longer than a start."""

import re
from pathlib import Path

import asyncpg

VERSIONS = Path(__file__).parents[2] / "migrations" / "versions"
REVISION = re.compile(r'^(down_)?revision(?:: [^=]+)? = "(\w+)"', re.MULTILINE)


async def current(dsn: str) -> bool:
    """Whether the database is at the newest revision that this program knows."""
    connection = await asyncpg.connect(dsn)
    try:
        found = await connection.fetchval("SELECT to_regclass('alembic_version') IS NOT NULL")
        version = await connection.fetchval("SELECT version_num FROM alembic_version") if found else None
    finally:
        await connection.close()
    return bool(version == newest())


def newest() -> str:
    """The revision of `migrations/versions` that no other follows."""
    named = [found for file in VERSIONS.glob("*.py") for found in REVISION.findall(file.read_text(encoding="utf-8"))]
    followed = {revision for down, revision in named if down}
    (head,) = {revision for down, revision in named if not down} - followed
    return str(head)
