"""The operator makes search rows anew, for a new search parameter or after a fault; reading and writing go on."""

from collections.abc import Callable, Iterable

from app.fhir import json
from app.fhir.errors import Invalid
from app.fhir.index_values import extract
from app.fhir.references import Local, each_reference, parse_reference
from app.services.network import Network
from app.store import reindex, resources
from app.store.index_write import IndexRows
from app.store.pool import Unit
from app.store.resources import Stored

BATCH = 200

Progress = Callable[[int, int], None]


async def rebuild_index(network: Network, type_name: str, progress: Progress) -> int:
    """How many resources were indexed: of one type, or of all when it is ''. Raises Invalid for an unknown type."""
    if type_name and type_name not in network.registry.types:
        raise Invalid("type-unknown", "This server has no such resource type; see /fhir/metadata.")
    types = [type_name] if type_name else list(network.registry.types)
    done = 0
    # the network takes part in everything that it received, so this sees all
    members = () if network.organization is None else (network.organization,)
    async with network.store.unit(members) as unit:
        total = await reindex.count(unit, types)
    for each in types:
        last = None
        while True:
            async with network.store.unit(members, write=True) as unit:
                batch = await reindex.locked_batch(unit, each, after=last, limit=BATCH)
                await _index(network, unit, each, batch)
            if not batch:
                break
            last, done = batch[-1].id, done + len(batch)
            progress(done, total)
        async with network.store.unit(members, write=True) as unit:
            await reindex.activate(unit, each)
    return done


async def _index(network: Network, unit: Unit, type_name: str, batch: list[Stored]) -> None:
    """Replaces the rows of these resources; their locks keep a writer's rows from being overtaken."""
    if not batch:
        return
    trees = {stored.id: json.parse(stored.body) for stored in batch}
    keys = {key for tree in trees.values() for key in _local(type_name, tree, network.base)}
    targets = await resources.visible_keys(unit, keys)
    rows = IndexRows()
    for key, tree in trees.items():
        values = extract(network.registry.types[type_name], tree, network.base)
        rows.change(key, None, values, network.numbers[type_name], targets)
    await reindex.replace(unit, list(trees), rows)


def _local(type_name: str, tree: json.JsonObject, base: str) -> Iterable[tuple[str, str]]:
    for reference in each_reference(type_name, tree):
        target = parse_reference(reference.text, base)
        if isinstance(target, Local):
            yield target.type, target.id
