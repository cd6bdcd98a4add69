"""Partitions of event and audit, by month, made ahead by a function of the owner's."""

from app.store.pool import Store


async def ensure_partitions(store: Store) -> None:
    """This month's and the next two; what falls outside all of them goes to the default partition."""
    await store.pool.execute("SELECT ensure_partitions(now() + interval '2 months')")
