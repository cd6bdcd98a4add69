"""The transaction in which a read or a search looks: its own, or that of the Bundle of which it is an entry."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from app.services.caller import Caller
from app.services.network import Network
from app.services.requests import FhirRequest
from app.store.pool import Unit


@asynccontextmanager
async def reading(
    network: Network, caller: Caller, request: FhirRequest, *, searching: bool = False
) -> AsyncIterator[Unit]:
    """A unit that sees what the caller's members take part in, and what the same Bundle has just written."""
    if request.unit is not None:
        yield request.unit
    else:
        async with network.store.unit(caller.members, searching=searching) as unit:
            yield unit
