"""What a start asks of a database: its schema, a role that row-level security holds, how many may connect.

Without Alembic, whose import takes longer than a start.
"""

import re
from pathlib import Path

import asyncpg

VERSIONS = Path(__file__).parents[2] / "migrations" / "versions"
REVISION = re.compile(r'^(down_)?revision(?:: [^=]+)? = "(\w+)"', re.MULTILINE)

# Whoever may act as an owner or is past row-level security would see every member's data (security sheet TEN-03).
TOO_MIGHTY = """
SELECT r.rolsuper OR r.rolbypassrls OR EXISTS (
    SELECT 1 FROM pg_class c WHERE c.oid = to_regclass('resource') AND pg_has_role(r.rolname, c.relowner, 'MEMBER'))
FROM pg_roles r WHERE r.rolname = current_user
"""

# reserved ones are not for us; -1 means no limit of its own
CONNECTIONS = """
SELECT least(
    current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int
        - coalesce(current_setting('reserved_connections', true), '0')::int,
    nullif(r.rolconnlimit, -1), nullif(d.datconnlimit, -1))
FROM pg_roles r CROSS JOIN pg_database d WHERE r.rolname = current_user AND d.datname = current_database()
"""


async def held_by_row_level_security(dsn: str) -> bool:
    """Whether this role is neither superuser nor past row-level security nor an owner of the tables."""
    connection = await asyncpg.connect(dsn)
    try:
        return not await connection.fetchval(TOO_MIGHTY)
    finally:
        await connection.close()


async def connections_allowed(dsn: str) -> int:
    """How many connections this role may have to this database, all its programs together."""
    connection = await asyncpg.connect(dsn)
    try:
        found: int = await connection.fetchval(CONNECTIONS)
        return found
    finally:
        await connection.close()


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
