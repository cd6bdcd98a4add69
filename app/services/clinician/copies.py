"""Copies of what the EHR holds: what is shared of it, as the EHR wrote it, under ids of ours, findable by its address.

A resource that is read again becomes a new version of the same copy, and only when it says something else than before.
*Source*: architecture, decision 3 (copies); SDOH Clinical Care 3.0.0, refer-1 (local copies of what the source has).
"""

from collections.abc import Collection, Iterable
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from app.fhir import json
from app.fhir.errors import Value
from app.fhir.json import JsonObject
from app.fhir.problems import MAX_PROBLEMS
from app.fhir.references import Local, parse_reference
from app.services.clinician.reduced import judged, reduced
from app.services.launch.session import Launched
from app.services.lookups.decision import end_parts
from app.services.network import Network
from app.services.retries import with_retries
from app.services.write import write_in
from app.services.writing import Entry
from app.store import bases, connections, events, origins, resources
from app.store.pool import Unit
from app.store.record import DeliveryRow, EventRow
from app.store.resources import Stored

# what a server puts on each version by itself
OF_THE_VERSION = frozenset({"versionId", "lastUpdated"})


@dataclass(slots=True)
class Copies:
    """`here`: "Type/id" in the EHR -> "Type/id" of our copy; `refused`: those that cannot be kept; `entries` to write.

    `note` belongs behind the write of the entries, in its transaction.
    """

    here: dict[str, str] = field(default_factory=dict)
    refused: tuple[str, ...] = ()
    entries: list[Entry] = field(default_factory=list)
    read: list[tuple[tuple[str, str], str | None, UUID, Entry | None]] = field(default_factory=list)

    def local(self, references: Iterable[str]) -> tuple[str, ...]:
        """Our names of those that are kept."""
        return tuple(self.here[each] for each in references if each in self.here)


async def copy(network: Network, unit: Unit, launched: Launched, trees: Iterable[JsonObject]) -> Copies:
    """What has to be written so that we hold these resources of the launch's EHR as they are now."""
    found = Copies()
    connection = launched.connection
    await origins.hold(unit, connection.id, launched.patient or str(launched.id))
    readable: dict[tuple[str, str], JsonObject] = {}
    refused = []
    for tree in trees:
        key = (tree["resourceType"], tree["id"])
        absolute = as_copy(tree, connection.fhir_base)
        if judged(absolute)[0]:
            refused.append("/".join(key))
        else:
            readable[key] = absolute
    found.refused = tuple(refused)
    known = await origins.copies(unit, connection.id, readable)
    stored = await resources.by_ids(unit, list(known.values()), lock=True)
    for key, tree in readable.items():
        _one(network, found, key, tree, stored.get(known[key]) if key in known else None)
    return found


async def read_again(network: Network, launched: Launched, trees: Iterable[JsonObject]) -> None:
    """Brings what we hold of these resources up to date, and copies nothing new: what was taken back there ends here.

    Most of the time nothing has changed, and nothing is written.
    """
    trees = list(trees)
    async with network.store.unit(launched.caller.members) as unit:
        if not (await _changed(unit, launched, trees)):
            return

    async def once() -> None:
        async with network.store.unit(launched.caller.members, write=True) as unit:
            copies = await copy(network, unit, launched, await _changed(unit, launched, trees))
            if copies.entries:
                await write_in(network, unit, launched.caller, copies.entries)
            await note(unit, launched, copies)
            await _end_unreadable(network, unit, launched, copies)

    await with_retries(once)


async def _end_unreadable(network: Network, unit: Unit, launched: Launched, copies: Copies) -> None:
    """A Consent that we hold and that cannot be read whole any more permits nothing: errors deny."""
    consents = [("Consent", name.partition("/")[2]) for name in copies.refused if name.startswith("Consent/")]
    held = await origins.copies(unit, launched.connection.id, consents)
    await end_consents(network, unit, launched, list(held.values()), "consent.unreadable")


async def end_consents(network: Network, unit: Unit, launched: Launched, held: Collection[UUID], because: str) -> None:
    """Ends what rests on these copies of Consents, now, and lets nothing rest on them; `because` names the event.

    A copy says so by its status until the EHR says something else of it again.
    """
    for each in held:
        standing = [basis.id for basis in await bases.of_consent(unit, each)]
        if standing:
            await end_parts(unit, standing)
            event = EventRow(network.ids.next(), because, each, member=launched.member)
            payload = {"type": "Consent", "resource": str(each)}
            await events.add(unit, event, [DeliveryRow(event.id, "react", str(each), payload)])
    stored = (await resources.by_ids(unit, list(held), lock=True)).values()
    trees = [(kept, json.parse(kept.body)) for kept in stored]
    ended = [
        Entry("Consent", tree | {"status": "inactive"}, "update", kept.fhir_id, kept.id, mode="copy")
        for kept, tree in trees
        if tree["status"] == "active"
    ]
    if ended:
        await write_in(network, unit, launched.caller, ended)


async def _changed(unit: Unit, launched: Launched, trees: Iterable[JsonObject]) -> list[JsonObject]:
    """Those that we hold and that say something else now."""
    keyed = {(tree["resourceType"], tree["id"]): tree for tree in trees}
    known = await origins.copies(unit, launched.connection.id, keyed)
    stored = await resources.by_ids(unit, list(known.values()))
    base = launched.connection.fhir_base
    return [
        keyed[key]
        for key, local in known.items()
        if local in stored and not same(as_copy(keyed[key], base), json.parse(stored[local].body))
    ]


async def note(unit: Unit, launched: Launched, copies: Copies) -> None:
    """Joins the copies to what they are copies of; the entries have been written."""
    for key, version, local, entry in copies.read:
        await connections.note_copy(unit, launched.connection, *key, local)
        if entry is not None:
            flaws = [{"rule": issue.rule, "at": issue.at} for issue in entry.flaws[:MAX_PROBLEMS]]
            await origins.read_again(unit, launched.connection.id, key, version=version, flaws=flaws)


def as_copy(tree: JsonObject, base: str) -> JsonObject:
    """What is shared of the tree, its relative references made absolute under `base`, and with where it came from."""
    changed: JsonObject = _absolute(deepcopy(reduced(tree)), base)
    meta = changed.get("meta")
    source = "/".join((base, tree["resourceType"], tree["id"]))
    changed["meta"] = {"source": source, **meta} if isinstance(meta, dict) else {"source": source}
    return changed


def same(tree: JsonObject, kept: JsonObject) -> bool:
    """Whether two versions say the same, whatever servers put on them."""
    return said(tree) == said(kept)


def _one(network: Network, found: Copies, key: tuple[str, str], tree: JsonObject, stored: Stored | None) -> None:
    type_name = key[0]
    version = tree["meta"].get("versionId")
    entry: Entry | None = None
    if stored is None:
        id = network.ids.next()
        entry = Entry(type_name, tree, "create", str(id), id, mode="copy")
    elif not same(tree, json.parse(stored.body)):
        entry = Entry(type_name, tree, "update", stored.fhir_id, stored.id, mode="copy")
    if entry is not None:
        found.entries.append(entry)
    kept = entry or stored
    assert kept is not None
    found.here["/".join(key)] = f"{type_name}/{kept.fhir_id}"
    found.read.append((key, version if isinstance(version, str) else None, kept.id, entry))


def _absolute(node: Any, base: str) -> Any:
    if isinstance(node, dict):
        for name, value in node.items():
            known = name in ("reference", "url") and isinstance(value, str) and _relative(value)
            node[name] = f"{base}/{value}" if known else _absolute(value, base)
    elif isinstance(node, list):
        node[:] = [_absolute(each, base) for each in node]
    return node


def _relative(text: str) -> bool:
    try:
        return "://" not in text and isinstance(parse_reference(text, ""), Local)
    except Value:
        return False


def said(tree: JsonObject) -> JsonObject:
    """What a version says, without what servers put on it."""
    meta = {name: value for name, value in tree.get("meta", {}).items() if name not in OF_THE_VERSION}
    return {name: value for name, value in tree.items() if name != "id"} | {"meta": meta}
