"""references: each leads to something that the caller may see, to a system that we know, or the write is refused.

A copy of another system's resource may refer to what only that system knows: what we hold is found, the rest stays.

What is missing and what is hidden get the same answer.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from app.fhir.errors import NotSupported, ReferenceNotFound, Refusal
from app.fhir.links import HISTORY, NEW_VERSION
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
from app.store.connections import ConnectionRow, Copy
from app.store.trouble import Overtaken

_Place = tuple[Entry, Reference]


@dataclass(frozen=True, slots=True)
class _Copy:
    """An address under a registered base, and our copy of what stands there, if we have one."""

    connection: ConnectionRow
    type: str
    ours: Copy | None

    @property
    def key(self) -> tuple[str, str] | None:
        """By which the copy is known here; None where the caller does not see it, or there is none."""
        return (self.type, self.ours.fhir_id) if self.ours is not None and self.ours.fhir_id is not None else None


async def references(write: Write) -> None:
    """Fills `write.targets`, and keeps what is referred to from being deleted until this is committed.

    Raises ReferenceNotFound or NotSupported with the places; Overtaken where what a condition had found has just gone.
    """
    found = {entry.key for entry in write.entries if entry.existing is not None}
    if write.whole:
        found |= await follow_conditions(write)
        _follow_versions(write)
    local, remote = _by_kind(write)
    copies = await _copies(write, remote)
    written = {entry.key: entry.id for entry in write.entries if entry.existing is None}
    seen_copies = {copy.key for copy in copies.values() if copy.key is not None}
    held = await resources.visible_keys(write.unit, (local.keys() | seen_copies) - written.keys(), hold=True)
    write.targets = written | held
    if found & local.keys() - write.targets.keys():
        raise Overtaken
    _follow_remote(write, remote, copies)
    missing = [
        (entry, reference)
        for key, places in local.items()
        if key not in write.targets
        for entry, reference in places
        if entry.mode != "copy"
    ]
    if missing:
        raise _refusal(ReferenceNotFound, "reference-not-found", _MISSING, missing)


NO_SUCH_ENTRY = "a urn reference names the fullUrl of another entry of the same transaction; none has it"
_FORM = "write a reference as Type/id, or as an address under the FHIR base of a registered EHR"
_MISSING = "nothing that you may see stands at this reference; send it first, or in the same transaction"
_BASE = "this address is not under the FHIR base of an EHR registered for you (baton ehr add); or send the resource"


def _follow_versions(write: Write) -> None:
    """A reference to a version of another entry means the version that the transaction makes.

    *Source*: R4 http.html#trules.
    """
    versions = {each.key: each.existing.version if each.existing else each.next_version for each in write.entries}
    for entry in write.changing:
        for reference in each_reference(entry.type, entry.tree):
            named, mark, _ = reference.text.partition(HISTORY + NEW_VERSION)
            type_name, _, fhir_id = named.partition("/")
            if mark and (type_name, fhir_id) in versions:
                reference.holder["reference"] = f"{named}{HISTORY}{versions[type_name, fhir_id]}"


def _all(write: Write) -> Iterator[_Place]:
    """The references that this write brings: what stood there before was looked at then, and may be hidden now."""
    for entry in write.changing:
        before = {each.text for each in each_reference(entry.type, entry.before_tree or {})}
        for reference in each_reference(entry.type, entry.tree):
            if reference.text not in before:
                yield entry, reference


def _by_kind(write: Write) -> tuple[dict[tuple[str, str], list[_Place]], list[tuple[_Place, Remote]]]:
    """The places of each (type, id) of this server, and those that lead to others. Raises for what leads nowhere."""
    local: dict[tuple[str, str], list[_Place]] = {}
    remote: list[tuple[_Place, Remote]] = []
    for entry, reference in _all(write):
        match parse_reference(reference.text, write.network.base):
            case Local(type=type_name, id=fhir_id):
                local.setdefault((type_name, fhir_id), []).append((entry, reference))
            case Remote() as target:
                remote.append(((entry, reference), target))
            case Urn() if entry.mode != "copy":
                raise ReferenceNotFound("reference-not-in-bundle", NO_SUCH_ENTRY, entry.place(reference.path))
            case Absolute() | Conditional() if entry.mode != "copy":
                raise NotSupported("reference-form", _FORM, entry.place(reference.path))
    return local, remote


async def _copies(write: Write, remote: list[tuple[_Place, Remote]]) -> dict[Remote, _Copy]:
    """What is known of each address of another system, however many there are."""
    if not remote:
        return {}
    targets = dict.fromkeys(target for _, target in remote)
    known = await connections.by_bases(write.unit, {target.base for target in targets})
    asked = {(known[each.base].id, each.type, each.id) for each in targets if each.base in known}
    held = await connections.local_copies(write.unit, asked)
    return {
        each: _Copy(known[each.base], each.type, held.get((known[each.base].id, each.type, each.id)))
        for each in targets
        if each.base in known
    }


def _follow_remote(write: Write, remote: list[tuple[_Place, Remote]], copies: dict[Remote, _Copy]) -> None:
    """A client refers to the EHRs of its own members, and to a copy that it sees under the address that it saw."""
    unknown = []
    for (entry, reference), target in remote:
        copy = copies.get(target)
        if copy is None or not _may_name(write, entry, copy):
            if entry.mode != "copy":
                unknown.append((entry, reference))
        elif copy.ours is not None and (copy.key is None or copy.key in write.targets):
            write.targets["", reference.text] = copy.ours.local
    if unknown:
        raise _refusal(NotSupported, "reference-unknown-base", _BASE, unknown)


def _may_name(write: Write, entry: Entry, copy: _Copy) -> bool:
    if copy.connection.member in write.caller.members or (write.caller.kind != "client" and entry.mode != "copy"):
        return True
    return copy.key is not None and copy.key in write.targets


def _refusal(kind: type[Refusal], rule: str, message: str, places: list[_Place]) -> Refusal:
    issues = [kind(rule, message, entry.place(reference.path)).issues[0] for entry, reference in places]
    return kind.of_issues(issues)
