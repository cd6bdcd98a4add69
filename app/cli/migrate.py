"""`baton migrate`: brings the database to this program's schema."""

import asyncio
from urllib.parse import unquote, urlsplit

import typer

from app.cli.running import quietly
from app.settings import Settings, load
from app.store.embedded import EmbeddedPostgres

EMBEDDED_ROLE = "baton_app"


def add_to(app: typer.Typer) -> None:
    app.command("migrate")(migrate)


def migrate() -> None:
    """Bring the database to this program's schema; safe to repeat, and while the server runs.

    With DATABASE_URL it needs MIGRATION_DATABASE_URL, the owner's address; the role of DATABASE_URL gets its rights.

    \b
    Example:
      MIGRATION_DATABASE_URL=postgresql://baton_owner@db/baton DATABASE_URL=postgresql://baton_app@db/baton \\
        baton migrate
    """
    asyncio.run(_migrate(quietly(load())))
    print("the database is up to date")


async def _migrate(settings: Settings) -> None:
    from app.wiring import bring_up_to_date

    if settings.database_url is None:
        with EmbeddedPostgres.start(settings.data_dir) as embedded:
            await bring_up_to_date(embedded.owner_dsn, EMBEDDED_ROLE)
        return
    # the migrator holds a lock of its session, so it goes past a pooler
    owner = settings.migration_database_url or settings.database_direct_url or settings.database_url
    await bring_up_to_date(owner, unquote(urlsplit(settings.database_url).username or EMBEDDED_ROLE))
