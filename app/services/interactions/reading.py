"""The transaction in which a read or a search looks: its own, or that of the Bundle of which it is an entry."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from app.services.caller import Caller
from app.services.faults import too_slow
from app.services.network import Network
from app.services.requests import FhirRequest
from app.store.pool import Unit
from app.store.trouble import TOO_SLOW


@asynccontextmanager
async def reading(
    network: Network, caller: Caller, request: FhirRequest, *, searching: bool = False
) -> AsyncIterator[Unit]:
    """A unit that sees what the caller's members take part in, and what the same Bundle has just written.

    Raises Timeout for a search that the database gives up: to come again, as when it is away, would not help.
    """
    try:
        if request.unit is not None:
            yield request.unit
        else:
            async with network.store.unit(caller.members, searching=searching) as unit:
                yield unit
    except TOO_SLOW:
        if not searching:
            raise
        raise too_slow() from None
