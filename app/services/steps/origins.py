"""Which copy of ours stands for which resource of a registered EHR, learnt when the sender posts it.

A sender names it by the entry's `fullUrl`, by `meta.source`, or, where a reference of the sender's is waiting for
exactly that resource, by the id that it had at home.
"""

from app.fhir.references import Remote, parse_reference
from app.services.writing import Entry, Write
from app.store import connections, events
from app.store.connections import ConnectionRow
from app.store.record import DeliveryRow, EventRow


async def note_origins(write: Write) -> None:
    """Joins created resources to the references that were waiting for them, and lets the worker look again."""
    named = [entry for entry in write.changing if entry.interaction == "create" and _names(entry)]
    if not named or write.caller.kind != "client":
        return
    for connection in await connections.of_members(write.unit, write.caller.members):
        for entry in named:
            remote_id = await _remote_id(write, entry, connection)
            if remote_id:
                await connections.note_copy(write.unit, connection, entry.type, remote_id, entry.id)
                await _look_again(write, entry)


def _names(entry: Entry) -> list[str]:
    """What its own system may call it; urn:uuid holds within one Bundle only."""
    names = (entry.full_url, entry.tree.get("meta", {}).get("source", ""), entry.sent_id)
    return [name for name in names if name and not name.startswith("urn:uuid:")]


async def _remote_id(write: Write, entry: Entry, connection: ConnectionRow) -> str:
    for name in _names(entry):
        target = parse_reference(name, write.network.base) if "://" in name else None
        if isinstance(target, Remote) and target.base == connection.fhir_base and target.type == entry.type:
            return target.id
    if entry.sent_id and await connections.awaited(write.unit, connection, entry.type, entry.sent_id):
        return entry.sent_id
    return ""


async def _look_again(write: Write, entry: Entry) -> None:
    event = EventRow(write.network.ids.next(), "origin.noted", entry.id, entry.version)
    payload = {"type": "origin", "resource": str(entry.id)}
    await events.add(write.unit, event, [DeliveryRow(event.id, "react", str(entry.id), payload)])
