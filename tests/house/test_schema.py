"""The schema: migrations make what the tables declare; a start knows without Alembic whether a database has it."""

from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest
from alembic.script import ScriptDirectory

from app.settings import Settings
from app.store import migrate, schema
from app.store.embedded import EmbeddedPostgres
from app.wiring import RoleTooMighty, open_network
from tests.conftest import Database


def test_the_newest_revision_is_the_one_that_alembic_sees() -> None:
    assert schema.newest() == ScriptDirectory(str(migrate.MIGRATIONS)).get_current_head()


async def test_the_migrations_make_what_the_tables_declare(database: Database) -> None:
    assert await migrate.differences(database.owner_dsn) == []


async def test_a_migrated_database_is_current_and_one_at_another_revision_is_not(database: Database) -> None:
    assert await schema.current(database.app_dsn)
    owner = await asyncpg.connect(database.owner_dsn)
    await owner.execute("UPDATE alembic_version SET version_num = 'older'")
    await owner.close()
    assert not await schema.current(database.app_dsn)


async def test_migrating_again_changes_nothing_and_the_application_may_only_add_to_what_happened(
    database: Database,
) -> None:
    await migrate.upgrade_async(database.owner_dsn)
    app = await asyncpg.connect(database.app_dsn)
    try:
        for table in ("event", "audit", "version"):
            rights = await app.fetchrow(
                "SELECT has_table_privilege($1, 'INSERT') AS add, has_table_privilege($1, 'UPDATE, DELETE') AS change",
                table,
            )
            assert dict(rights) == {"add": True, "change": False}
    finally:
        await app.close()


@pytest.mark.parametrize(
    "statement",
    [
        "EXPLAIN SELECT referral FROM write_back WHERE connection = $1 AND state = 'waiting'",
        "EXPLAIN SELECT referral FROM write_back WHERE connection = $1 AND state IN ('waiting', 'failed')",
    ],
)
async def test_what_is_not_in_an_ehrs_chart_yet_is_found_by_an_index(database: Database, statement: str) -> None:
    app = await asyncpg.connect(database.app_dsn)
    try:
        await app.execute("SET enable_seqscan = off")
        plan = "\n".join(row[0] for row in await app.fetch(statement, uuid4()))
        assert "write_back_unwritten" in plan
    finally:
        await app.close()


@pytest.mark.parametrize("rights", ["SUPERUSER", "BYPASSRLS", "IN ROLE baton_owner"])
async def test_a_role_that_is_past_row_level_security_is_not_started_with(
    cluster: EmbeddedPostgres, database: Database, tmp_path: Path, rights: str
) -> None:
    """TEN-03"""
    role = f"too_mighty_{rights[:2].lower()}"
    superuser = await asyncpg.connect(database.superuser_dsn)
    await superuser.execute(f"CREATE ROLE {role} LOGIN {rights}; GRANT baton_app TO {role}")
    try:
        settings = Settings(env="development", data_dir=tmp_path, database_url=cluster.dsn(database.name, role))
        with pytest.raises(RoleTooMighty, match="owns nothing"):
            async with open_network(settings):
                pass
    finally:
        await superuser.execute(f"DROP ROLE {role}")
        await superuser.close()
