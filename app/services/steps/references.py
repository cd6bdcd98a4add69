"""references: each leads to something that the caller may see, to a system that we know, or the write is refused.

A copy of another system's resource may refer to what only that system knows: what we hold is found, the rest stays.

What is missing and what is hidden get the same answer.
"""

from collections.abc import Iterator
from uuid import UUID

from app.fhir.errors import NotSupported, ReferenceNotFound, Refusal
from app.fhir.references import (
    Absolute,
    Conditional,
    Local,
    Reference,
    Remote,
    Urn,
    each_reference,
    parse_reference,
)
from app.services.steps.conditional import follow_conditions
from app.services.writing import Entry, Write
from app.store import connections, resources
from app.store.connections import ConnectionRow


async def references(write: Write) -> None:
    """Fills `write.targets`; raises ReferenceNotFound or NotSupported with the places."""
    if write.whole:
        await follow_conditions(write)
    in_this_write = {entry.key: entry.id for entry in write.entries}
    local: dict[tuple[str, str], list[tuple[Entry, Reference]]] = {}
    remote: list[tuple[Entry, Reference, Remote]] = []
    for entry, reference in _all(write):
        match parse_reference(reference.text, write.network.base):
            case Local(type=type_name, id=fhir_id):
                local.setdefault((type_name, fhir_id), []).append((entry, reference))
            case Remote() as target:
                remote.append((entry, reference, target))
            case Urn() if entry.mode != "copy":
                raise ReferenceNotFound("reference-not-in-bundle", _URN, entry.place(reference.path))
            case Absolute() | Conditional() if entry.mode != "copy":
                raise NotSupported("reference-form", _FORM, entry.place(reference.path))
    found = await resources.visible_keys(write.unit, local.keys() - in_this_write.keys())
    write.targets = in_this_write | found
    await _follow_remote(write, remote)
    missing = [
        (entry, reference)
        for key, places in local.items()
        if key not in write.targets
        for entry, reference in places
        if entry.mode != "copy"
    ]
    if missing:
        raise _refusal(ReferenceNotFound, "reference-not-found", _MISSING, missing)


_URN = "a urn reference names the fullUrl of another entry of the same transaction; none has it"
_FORM = "write a reference as Type/id, or as an address under the FHIR base of a registered EHR"
_MISSING = "nothing that you may see stands at this reference; send it first, or in the same transaction"
_BASE = "this address is not under the FHIR base of an EHR registered for you (baton ehr add); or send the resource"


def _all(write: Write) -> Iterator[tuple[Entry, Reference]]:
    """The references that this write brings: what stood there before was looked at then, and may be hidden now."""
    for entry in write.changing:
        before = {each.text for each in each_reference(entry.type, entry.before_tree or {})}
        for reference in each_reference(entry.type, entry.tree):
            if reference.text not in before:
                yield entry, reference


async def _follow_remote(write: Write, remote: list[tuple[Entry, Reference, Remote]]) -> None:
    """A client refers to the EHRs of its own members, and to a copy that it sees under the address that it saw."""
    if not remote:
        return
    known = await connections.by_bases(write.unit, {target.base for _, _, target in remote})
    unknown = []
    for entry, reference, target in remote:
        connection = known.get(target.base)
        copy = await _copy(write, connection, target) if connection else None
        if connection is None or not await _may_name(write, entry, connection, copy):
            if entry.mode != "copy":
                unknown.append((entry, reference))
        elif copy is not None:
            write.targets["", reference.text] = copy
    if unknown:
        raise _refusal(NotSupported, "reference-unknown-base", _BASE, unknown)


async def _copy(write: Write, connection: ConnectionRow, target: Remote) -> UUID | None:
    return await connections.local_copy(write.unit, connection.id, target.type, target.id)


async def _may_name(write: Write, entry: Entry, connection: ConnectionRow, copy: UUID | None) -> bool:
    if connection.member in write.caller.members or (write.caller.kind != "client" and entry.mode != "copy"):
        return True
    return copy is not None and bool(await resources.by_ids(write.unit, [copy]))


def _refusal(kind: type[Refusal], rule: str, message: str, places: list[tuple[Entry, Reference]]) -> Refusal:
    issues = [kind(rule, message, entry.place(reference.path)).issues[0] for entry, reference in places]
    return kind.of_issues(issues)
