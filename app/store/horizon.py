"""How far a poller may look: to just before the oldest writer that is still running (ADR 0004).

A writer takes its transaction id first and reads the clock after; both happen after its transaction began. So whoever
asks for the horizon first and searches in a later statement sees every stamp below it: a writer that was running then
began before the horizon at the earliest, one that began later stamps later, and one that had ended is visible. The
asker's own time is `now()`, its transaction's begin: a clock read after the list of writers would be later than the
stamp of a writer that began in between.
"""

from datetime import datetime

from app.store.pool import Unit

HORIZON = """
SELECT date_trunc('milliseconds', least(now(), min(a.xact_start)))
FROM pg_stat_activity a
WHERE a.backend_xid IS NOT NULL AND a.datname = current_database() AND a.pid <> pg_backend_pid()
"""


async def horizon(unit: Unit) -> datetime:
    """The first millisecond that is not complete yet: show only what is stamped before it."""
    moment: datetime = await unit.conn.fetchval(HORIZON)
    return moment
