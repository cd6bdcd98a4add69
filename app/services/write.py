"""The one door for writes. API, pages, polling and roll-up all come through here.

Each step sees all entries; the first that refuses ends the write, and nothing of it is stored.
"""

from collections.abc import Awaitable, Callable, Sequence
from uuid import UUID

from app.fhir.errors import NotReady
from app.services.caller import Caller
from app.services.network import Network
from app.services.retries import with_retries
from app.services.steps.authorize import authorize
from app.services.steps.disclose import disclose
from app.services.steps.load import load
from app.services.steps.profile import profile
from app.services.steps.receive import receive
from app.services.steps.record import record
from app.services.steps.references import references
from app.services.steps.structure import structure
from app.services.steps.transition import transition
from app.services.writing import Entry, Trigger, Write
from app.store.pool import Unit

Step = Callable[[Write], Awaitable[None]]
Then = Callable[[Unit], Awaitable[None]]

WRITE_STEPS: tuple[Step, ...] = (
    structure,  # types, cardinality, unknown elements, required codes
    profile,  # what a referral's resources must hold
    load,  # what stands there now, locked; is it what the sender has seen
    references,  # conditional creates, remote references noted, dangling refused
    authorize,  # this caller, this very resource
    disclose,  # is there a basis for this recipient
    transition,  # may this status change happen, by this role
    record,  # version + history + index rows + participation + audit + event + deliveries
    receive,  # a referral's row, so that nothing waits unseen
)


def ready(network: Network) -> None:
    """Raises NotReady while the network has no Organization: nothing could be handed to it."""
    if network.organization is None:
        raise NotReady("no-network", "this network has no Organization yet: baton organization add NAME --kind network")


async def write(network: Network, caller: Caller, entries: Sequence[Entry], then: Then | None = None) -> Write:
    """Carries out one write in its own transaction; what `then` refuses at its end undoes it.

    Raises Refusal; LockError after three repeats of a lost race.
    """
    ready(network)

    async def once() -> Write:
        async with network.store.unit(caller.members, write=True) as unit:
            written = await write_in(network, unit, caller, entries)
            if then is not None:
                await then(unit)
            return written

    return await with_retries(once)


async def write_in(
    network: Network,
    unit: Unit,
    caller: Caller,
    entries: Sequence[Entry],
    *,
    trigger: Trigger = "push",
    connection: UUID | None = None,
    referral: UUID | None = None,
) -> Write:
    """The same inside a transaction that holds more than this write.

    `trigger`, `connection` and `referral` are what the row of a referral in it gets: its door, its EHR, its key.
    """
    under_way = Write(network, caller, unit, list(entries), trigger=trigger, connection=connection, referral=referral)
    for step in WRITE_STEPS:
        await step(under_way)
    return under_way
