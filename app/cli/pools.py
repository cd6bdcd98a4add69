"""How many database connections each process of a server may have: as many as were asked for, or its share."""

from app.cli.failures import Failed
from app.settings import Settings

# of what the database allows, a tenth is for commands and backups
FOR_OTHERS = 10
# a request and a delivery at a time
FEWEST = 2


async def fitted(settings: Settings, dsn: str, processes: int) -> tuple[Settings, str]:
    """The settings of each process, and a line about their pools where these are smaller than was asked for.

    A pooler in between decides for itself. Raises Failed where there is too little for all.
    """
    from app.store import schema  # late: no other command needs it

    if settings.database_direct_url not in (None, settings.database_url):
        return settings, ""
    allowed = await schema.connections_allowed(dsn)
    each = share(allowed, settings.pool_size, processes)
    if each == settings.pool_size:
        return settings, ""
    line = f"\n  database   {each} connections for each process, since it allows {allowed} in all"
    return settings.model_copy(update={"pool_size": each}), line


def share(allowed: int, wanted: int, processes: int) -> int:
    """The connections of one process. Raises Failed when it could not work with so few."""
    ours = allowed - allowed // FOR_OTHERS
    each = min(wanted, ours // processes)
    if each < min(wanted, FEWEST):
        raise Failed(
            f"The database allows {allowed} connections, too few for {processes} processes: "
            f"use --workers {max(1, ours // FEWEST)} or fewer, or raise its max_connections."
        )
    return each
