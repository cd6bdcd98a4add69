"""What goes wrong with a database, by what to do about it; callers outside the store need not know the driver."""

from typing import Final

import asyncpg


class Overtaken(Exception):
    """Another transaction has taken away what this one had found and goes by."""


# another transaction was faster: try again at once
LOST_RACE: Final = (asyncpg.SerializationError, asyncpg.DeadlockDetectedError, asyncpg.LockNotAvailableError, Overtaken)
# a statement ran longer than it may, and would again
TOO_SLOW: Final = asyncpg.QueryCanceledError
# the database is away, or a statement took too long: the caller may try again later
AWAY: Final = (
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.QueryCanceledError,
    asyncpg.InterfaceError,
    OSError,
)
# anything that a database says: what runs in the background waits and tries again
DATABASE_TROUBLE: Final = (asyncpg.PostgresError, asyncpg.InterfaceError, OSError)
