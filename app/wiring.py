"""Puts the parts together. It knows everybody; only `main.py`, the commands and the demo import it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from urllib.parse import urlsplit

from app.clock import SystemClock, SystemIds
from app.fhir.registry import Registry
from app.gateways.ehr.discoveries import Discoveries
from app.gateways.mail import open_mail
from app.gateways.outbound.client import Limits, Outbound
from app.services.answerable import Answerable
from app.services.network import Coordination, Network
from app.services.profiles.load import load
from app.settings import Settings
from app.store import schema, search_parameters
from app.store.embedded import EmbeddedPostgres
from app.store.pool import Store


class NotMigrated(Exception):
    """The database is not at this program's schema: run `baton migrate`."""


class RoleTooMighty(Exception):
    """The database's role could read past row-level security."""


@asynccontextmanager
async def open_network(settings: Settings, *, migrated: bool = False) -> AsyncIterator[Network]:
    """The network of these settings, with its own database where none is named; everything is closed at the end.

    The embedded database is brought up to date at each start, unless the caller has just done so (`migrated`); one of
    your own is migrated by `baton migrate` alone, and the start says so when it is behind. Raises NotMigrated,
    RoleTooMighty.
    """
    if settings.database_url is not None:
        async with _on_database(settings, settings.database_url) as network:
            yield network
        return
    with EmbeddedPostgres.start(settings.data_dir) as embedded:
        if not migrated and await schema.current(embedded.owner_dsn):
            await _number_parameters(embedded.owner_dsn)
        elif not migrated:
            await bring_up_to_date(embedded.owner_dsn, "baton_app")
        async with _on_database(settings, embedded.app_dsn) as network:
            yield network


async def bring_up_to_date(owner_dsn: str, app_role: str) -> None:
    """Newest schema, and a number for every search parameter of the registry."""
    from app.store import migrate  # late: Alembic and SQLAlchemy are half of what a start would import

    await migrate.upgrade_async(owner_dsn, app_role)
    await _number_parameters(owner_dsn)


async def _number_parameters(owner_dsn: str) -> None:
    registry = Registry.load()
    wanted = [(name, code) for name, served in registry.types.items() for code in served.indexed]
    await search_parameters.synchronise(owner_dsn, wanted)


@asynccontextmanager
async def _on_database(settings: Settings, dsn: str) -> AsyncIterator[Network]:
    if not await schema.current(dsn):
        raise NotMigrated("the database is not at this program's schema: run 'baton migrate' first")
    if not await schema.held_by_row_level_security(dsn):
        raise RoleTooMighty(
            "DATABASE_URL names a superuser, an owner of the tables or a role with BYPASSRLS: "
            "name one that owns nothing; docs/operator.md, The two ways to have a database"
        )
    store = await Store.open(
        dsn,
        max_size=settings.pool_size,
        statement_timeout_s=settings.statement_timeout_s,
        idle_timeout_s=settings.idle_in_transaction_timeout_s,
    )
    clock, ids = SystemClock(), SystemIds()
    own_host = urlsplit(settings.public_url).hostname
    limits = Limits(read_s=settings.outbound_read_s)
    outbound = Outbound(development=settings.development, own_host=own_host, limits=limits, clock=clock, ids=ids)
    try:
        registry = Registry.load()
        network = Network(
            settings=settings,
            store=store,
            registry=registry,
            clock=clock,
            ids=ids,
            mail=open_mail(settings, clock, ids),
            base=f"{settings.public_url}/fhir",
            answerable=Answerable(registry, await search_parameters.states(store)),
            coordination=Coordination(),
            discoveries=Discoveries(timedelta(seconds=settings.discovery_s)),
            outbound=outbound,
            numbers=await search_parameters.all_numbers(store),
            conformance=await load(store),
        )
        await network.coordination.learn(store)
        yield network
    finally:
        await outbound.close()
        await store.close()
