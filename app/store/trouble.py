"""What goes wrong with a database, by what to do about it; callers outside the store need not know the driver."""

from typing import Final

import asyncpg

# another transaction was faster: try again at once
LOST_RACE: Final = (asyncpg.SerializationError, asyncpg.DeadlockDetectedError, asyncpg.LockNotAvailableError)
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
