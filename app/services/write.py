"""The one door for writes. API, pages, polling and roll-up all come through here.

Each step sees all entries; the first that refuses ends the write, and nothing of it is stored.
"""

import copy
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import fields, replace
from itertools import count
from uuid import UUID

from app.fhir.errors import Conflict, NotReady
from app.fhir.json import copied
from app.services.caller import Caller
from app.services.network import Network
from app.services.retries import with_retries
from app.services.steps.accommodate import accommodate
from app.services.steps.amend import amend
from app.services.steps.authorize import authorize
from app.services.steps.contexts import contexts
from app.services.steps.disclose import disclose
from app.services.steps.load import load
from app.services.steps.match import match
from app.services.steps.profile import profile
from app.services.steps.receive import receive
from app.services.steps.record import record, remove
from app.services.steps.references import references
from app.services.steps.spare import nothing_dangles, spare
from app.services.steps.structure import structure
from app.services.steps.transition import transition
from app.services.writing import Entry, Trigger, Write
from app.store.pool import Unit
from app.store.record import IdTaken

Step = Callable[[Write], Awaitable[None]]
InUnit = Callable[[Unit], Awaitable[None]]

WRITE_STEPS: tuple[Step, ...] = (
    match,  # which resource a condition means
    load,  # what stands there now, locked; is it what the sender has seen
    amend,  # patches carried out
    structure,  # types, cardinality, unknown elements, required codes
    accommodate,  # what the field sends, as the guide means it
    profile,  # declared and mandatory profiles; all that is wrong so far is told here, in one answer
    references,  # conditional ones resolved, remote ones noted, dangling refused
    contexts,  # whose access decides about a Binary
    authorize,  # this caller, this very resource
    disclose,  # is there a basis for this recipient
    transition,  # may this status change happen, by this role
    record,  # version + history + index rows + participation + audit + event + deliveries
    receive,  # a referral's row, so that nothing waits unseen
)
# what a transaction deletes goes first: its other entries may put something else in its place
DELETE_STEPS: tuple[Step, ...] = (
    match,
    load,
    authorize,
    spare,  # what a live referral needs stays
    remove,  # an empty version, nothing in the index, audit + event
)


def ready(network: Network) -> None:
    """Raises NotReady while the network has no Organization: nothing could be handed to it."""
    if network.organization is None:
        raise NotReady("no-network", "this network has no Organization yet: baton organization add NAME --kind network")


async def write(
    network: Network,
    caller: Caller,
    entries: Sequence[Entry],
    then: InUnit | None = None,
    *,
    first: InUnit | None = None,
    whole: bool = False,
) -> Write:
    """Carries out one write in its own transaction; what `first` or `then` refuse, before it and at its end, undoes it.

    `whole`: it is a FHIR transaction. Raises Refusal; LockError after three repeats of a lost race.
    """
    ready(network)
    # steps of a transaction write into its trees: ids for what conditions mean
    planned = [_planned(entry) if whole else copy.copy(entry) for entry in entries]
    tries = count()

    async def once() -> Write:
        if next(tries):
            _start_over(entries, [_planned(entry) for entry in planned] if whole else planned)
        async with network.store.unit(caller.members, write=True) as unit:
            if first is not None:
                await first(unit)
            written = await write_in(network, unit, caller, entries, whole=whole)
            if then is not None:
                await then(unit)
            return written

    try:
        return await with_retries(once)
    except IdTaken:  # by another request of its own, perhaps: then it is seen now
        pass
    try:
        return await with_retries(once)
    except IdTaken:
        raise Conflict("id-taken", "this id cannot be had; choose another one") from None


async def write_in(
    network: Network,
    unit: Unit,
    caller: Caller,
    entries: Sequence[Entry],
    *,
    trigger: Trigger = "push",
    connection: UUID | None = None,
    referral: UUID | None = None,
    whole: bool = False,
) -> Write:
    """The same inside a transaction that holds more than this write.

    `trigger`, `connection` and `referral` are what the row of a referral in it gets: its door, its EHR, its key.
    """
    gone = [entry for entry in entries if entry.interaction == "delete"]
    deleting = Write(network, caller, unit, gone, whole=whole)
    if gone:
        await _carry_out(DELETE_STEPS, deleting)
    kept = [entry for entry in entries if entry.interaction != "delete"]
    under_way = Write(
        network,
        caller,
        unit,
        kept,
        trigger=trigger,
        connection=connection,
        referral=referral,
        whole=whole,
        gone=tuple(gone),
    )
    if kept:
        await _carry_out(WRITE_STEPS, under_way)
    if gone:
        await nothing_dangles(deleting)
    return under_way


async def _carry_out(steps: Sequence[Step], under_way: Write) -> None:
    for step in steps:
        await step(under_way)


def _planned(entry: Entry) -> Entry:
    return replace(entry, tree=copied(entry.tree))


def _start_over(entries: Sequence[Entry], planned: Sequence[Entry]) -> None:
    """A repeat begins with what was asked for, not with what the try before had found."""
    for entry, plan in zip(entries, planned, strict=True):
        for each in fields(Entry):
            setattr(entry, each.name, getattr(plan, each.name))
