"""Brings a database to the newest schema, one migrator at a time, and gives the application's role what it needs.

Called by `baton migrate`, by the start of an embedded database and by the tests' template database.
"""

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path

import asyncpg
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, text
from sqlalchemy.dialects.postgresql.base import ischema_names
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from app.store.tables import SQLModel
from app.store.tables.columns import Xid8

MIGRATIONS = Path(__file__).parents[2] / "migrations"
ONE_MIGRATOR = 4_206_069  # any constant: whoever holds this advisory lock migrates, others wait

GRANTS = (
    "GRANT USAGE ON SCHEMA public TO {role}",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}",
    # what happened is only ever added to
    "REVOKE UPDATE, DELETE ON event, audit, version FROM {role}",
    # nothing that a referral stands on is taken away; a part has an end, and only that can be set
    "REVOKE DELETE ON resource, participation, referral, child_task, basis, member, origin, clinician FROM {role}",
    "REVOKE UPDATE ON participation FROM {role}",
    "GRANT UPDATE (until) ON participation TO {role}",
    "GRANT EXECUTE ON FUNCTION ensure_partitions(timestamptz) TO {role}",
)

PARTITIONS = "SELECT quote_ident(relname) FROM pg_class WHERE relispartition AND relkind = 'r'"


def statements(name: str) -> Iterator[str]:
    """The statements of `migrations/sql/<name>.sql`; an empty line after a semicolon ends one."""
    whole = (MIGRATIONS / "sql" / f"{name}.sql").read_text()
    for piece in re.split(r";\n(?:\n|\Z)", whole):
        # a colon would be a bind parameter to SQLAlchemy
        if re.sub(r"--[^\n]*", "", piece).strip():
            yield re.sub(r"(?<!:):(?!:)", r"\\:", piece)


def upgrade(owner_dsn: str, app_role: str = "baton_app") -> None:
    """Migrates to the newest revision and grants; safe to call by several processes at once."""
    asyncio.run(upgrade_async(owner_dsn, app_role))


async def upgrade_async(owner_dsn: str, app_role: str = "baton_app") -> None:
    engine = _engine(owner_dsn)
    try:
        async with engine.connect() as connection:
            await connection.execute(text("SELECT pg_advisory_lock(:lock)"), {"lock": ONE_MIGRATOR})
            await connection.run_sync(_upgrade)
            await connection.run_sync(_grant, app_role)
            await connection.commit()
            await connection.execute(text("SELECT pg_advisory_unlock(:lock)"), {"lock": ONE_MIGRATOR})
            await connection.commit()
    finally:
        await engine.dispose()


async def differences(owner_dsn: str) -> list[object]:
    """What Alembic would still change so that the database matches the declared tables; empty when they agree."""
    engine = _engine(owner_dsn)
    try:
        async with engine.connect() as connection:
            return await connection.run_sync(_compare)
    finally:
        await engine.dispose()


def _compare(connection: Connection) -> list[object]:
    ischema_names["xid8"] = Xid8
    options = {"include_name": lambda name, kind, _: kind != "table" or not re.match(r"(event|audit)_", name or "")}
    return list(compare_metadata(MigrationContext.configure(connection, opts=options), SQLModel.metadata))


def _engine(dsn: str) -> AsyncEngine:
    # asyncpg reads the DSN itself: SQLAlchemy's URL has no form for every socket path
    return create_async_engine("postgresql+asyncpg://", async_creator=lambda: asyncpg.connect(dsn), poolclass=NullPool)


def _upgrade(connection: Connection) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _grant(connection: Connection, app_role: str) -> None:
    quoted = connection.execute(text("SELECT quote_ident(:role)"), {"role": app_role}).scalar_one()
    for grant in GRANTS:
        connection.execute(text(grant.replace("{role}", quoted)))
    # a partition is reached through its parent, whose privileges count; its own would be a way around them
    for partition in connection.execute(text(PARTITIONS)).scalars().all():
        connection.execute(text("".join(("REVOKE ALL ON ", partition, " FROM ", quoted))))
