"""record: version, history, index rows, participation, audit, event and deliveries, in one statement."""

from datetime import datetime, timedelta
from uuid import UUID

from app.fhir import json
from app.fhir.bundles import stamp
from app.services.indexed import indexed
from app.services.writing import Entry, Write
from app.store import deletion
from app.store import record as rows_of
from app.store.record import DeliveryRow, EventRow, ParticipationRow, Rows, VersionRow

# a change of one of these may move a referral; the worker reacts
MOVES_A_REFERRAL = frozenset({"Task", "ServiceRequest", "Consent"})
TICK = timedelta(milliseconds=1)


async def record(write: Write) -> None:
    """Stores every entry that changes something and gives it version, last_updated and the body that readers get."""
    rows = Rows()
    for entry in write.changing:
        _version(write, entry, rows)
        _parts(write, entry, rows)
        _happened(write, entry, rows)
    for entry in write.entries:
        if entry.existing is not None:  # its body is the answer: that is a read
            read = write.caller.act(write.network.ids, "read", entry.type)
            rows.acts.append((read, entry.existing.id, entry.existing.version))
    if rows.acts:
        await rows_of.record(write.unit, rows)
        await rows.index.take_away(write.unit)


async def remove(write: Write) -> None:
    """Stores that these were deleted: an empty version each, and nothing finds them any more."""
    rows = Rows()
    for entry in write.changing:
        _stamped(write, entry)
        rows.versions.append(_row(write, entry))
        _happened(write, entry, rows)
    for entry in write.entries:
        if entry.nothing_there:
            there = entry.before.id if entry.before else None
            rows.acts.append((write.caller.act(write.network.ids, "delete", entry.type), there, None))
    if rows.acts:
        await rows_of.record(write.unit, rows)
        await deletion.forget_index(write.unit, [entry.id for entry in write.changing])


def _version(write: Write, entry: Entry, rows: Rows) -> None:
    network = write.network
    stamped_at = _stamped(write, entry)
    entry.tree = stamp(entry.tree, entry.fhir_id, str(entry.version), stamped_at)
    entry.body = json.dump(entry.tree)
    entry.values = indexed(network, entry.type, entry.tree)
    before = indexed(network, entry.type, entry.before_tree) if entry.before_tree else None
    rows.index.change(entry.id, before, entry.values, network.numbers[entry.type], write.targets)
    if entry.type == "Task":
        rows.index.task(entry.id, stamped_at, before, entry.values, write.targets)
    rows.versions.append(_row(write, entry))


def _stamped(write: Write, entry: Entry) -> datetime:
    """Gives an entry its version and its time, which it returns."""
    entry.version = entry.next_version
    entry.last_updated = _strictly_later(write.unit.now, entry.before.last_updated if entry.before else None)
    return entry.last_updated


def _row(write: Write, entry: Entry) -> VersionRow:
    key = (entry.id, entry.type, entry.fhir_id, entry.version)
    done = "restore" if entry.act == "update" and entry.is_new else entry.act
    return VersionRow(*key, entry.last_updated or write.unit.now, done, write.caller.author, entry.body)


def _parts(write: Write, entry: Entry, rows: Rows) -> None:
    """What is created belongs to the caller's members; the network takes part in all that it receives."""
    if entry.interaction == "create":
        members = set(write.caller.members)
        rows.participations += [ParticipationRow(member, entry.id, entry.id, "author") for member in sorted(members)]
        coordinator = write.network.organization
        if coordinator is not None and coordinator not in members:
            rows.participations.append(ParticipationRow(coordinator, entry.id, entry.id, "network"))
    rows.participations += entry.shares


def _happened(write: Write, entry: Entry, rows: Rows) -> None:
    ids, caller = write.network.ids, write.caller
    event = EventRow(
        ids.next(),
        f"{entry.type}.{entry.interaction}",
        entry.id,
        entry.version,
        member=min(caller.members, default=None),
        account=caller.account,
    )
    rows.events.append(event)
    rows.acts.append((caller.act(ids, entry.act, entry.type), entry.id, entry.version))
    if entry.type in MOVES_A_REFERRAL and entry.interaction != "delete":
        rows.deliveries.append(_reaction(event.id, entry.type, entry.id))


def _reaction(event: UUID, type_name: str, resource: UUID) -> DeliveryRow:
    return DeliveryRow(event, "react", str(resource), {"type": type_name, "resource": str(resource)})


def _strictly_later(now: datetime, before: datetime | None) -> datetime:
    """Database time, and after the version before, whatever the clock did."""
    return now if before is None or now > before else before + TICK
