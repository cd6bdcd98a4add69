"""Search rows made anew while reading and writing go on: by the worker for a new search parameter, by the operator
after a fault.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from uuid import UUID

from app.fhir import json
from app.fhir.binary import security_context
from app.fhir.errors import Invalid
from app.fhir.references import Local, each_reference, parse_reference
from app.log import log
from app.services.indexed import indexed
from app.services.network import Network
from app.store import contexts, reindex, resources
from app.store.index_write import IndexRows
from app.store.pool import Unit
from app.store.reindex import BEFORE_ALL, Build
from app.store.resources import Stored

BATCH = 200
# the worker may share its process with the web, which waits while a batch is read
SMALL_BATCH = 50

Progress = Callable[[int, int], None]


async def rebuild_index(network: Network, type_name: str, progress: Progress) -> int:
    """How many resources were indexed: of one type, or of all when it is ''. Raises Invalid for an unknown type."""
    if type_name and type_name not in network.registry.types:
        raise Invalid("type-unknown", "This server has no such resource type; see /fhir/metadata.")
    types = [type_name] if type_name else list(network.registry.types)
    done = 0
    async with network.store.unit(_members(network)) as unit:
        total = await reindex.count(unit, types)
    for each in types:
        codes = network.registry.types[each].indexed
        last = BEFORE_ALL
        while True:
            async with network.store.unit(_members(network), write=True) as unit:
                batch = await _index_batch(network, unit, each, codes, last)
            if not batch:
                break
            last, done = batch[-1].id, done + len(batch)
            progress(done, total)
        async with network.store.unit(_members(network), write=True) as unit:
            await reindex.finish(unit, each, codes)
    return done


async def build_batch(network: Network) -> bool:
    """Takes the building of new parameters one batch further; False when there is nothing for this process to do."""
    for build in await reindex.builds(network.store):
        async with network.store.unit(_members(network), write=True) as unit:
            if await _build(network, unit, build.type):
                return True
    return False


async def progress_of_builds(network: Network) -> list[Build]:
    """What is being built and how far it is."""
    return await reindex.builds(network.store)


async def _build(network: Network, unit: Unit, type_name: str) -> bool:
    """One batch of a type, noted in the same transaction: a worker that is killed loses no more than this batch."""
    served = network.registry.types.get(type_name)
    build = await reindex.take_up(unit, type_name) if served else None
    if served is None or build is None:
        return False
    codes = await reindex.codes_to_build(unit, type_name)
    if not codes <= served.indexed:
        return False  # a newer program's: this one does not know how to read them
    if build.reached == BEFORE_ALL:
        build = replace(build, total=await reindex.count(unit, [type_name]))
        log.info("search_index_begun", type=type_name, total=build.total)
    batch = await _index_batch(network, unit, type_name, codes, build.reached, SMALL_BATCH)
    if not batch:
        await reindex.finish(unit, type_name, codes)
        log.info("search_index_built", type=type_name, count=build.done)
        return True
    build = replace(build, reached=batch[-1].id, done=build.done + len(batch))
    await reindex.note(unit, build)
    log.info("search_index_progress", type=type_name, count=build.done, total=build.total)
    return True


def _members(network: Network) -> tuple[UUID, ...]:
    """The network takes part in everything that it received, so this sees all."""
    return () if network.organization is None else (network.organization,)


async def _index_batch(
    network: Network, unit: Unit, type_name: str, codes: Collection[str], after: UUID, limit: int = BATCH
) -> list[Stored]:
    """Replaces these parameters' rows of the next resources; their locks keep a writer's rows from being overtaken."""
    batch = await reindex.locked_batch(unit, type_name, after=after, limit=limit)
    if not batch:
        return []
    trees = {stored.id: json.reread(stored.body) for stored in batch}
    keys = {key for tree in trees.values() for key in _local(type_name, tree, network.base)}
    targets = await resources.visible_keys(unit, keys)
    numbers = {code: number for code, number in network.numbers[type_name].items() if code in codes}
    rows = IndexRows()
    for key, tree in trees.items():
        values = indexed(network, type_name, tree)
        rows.change(key, None, values.each_once(codes), numbers, targets)
    await reindex.replace(unit, list(trees), list(numbers.values()), rows)
    if type_name == "Binary":
        await contexts.bind(unit, _contexts(trees, targets, network.base))
    return batch


def _contexts(
    trees: Mapping[UUID, json.JsonObject], targets: Mapping[tuple[str, str], UUID], base: str
) -> dict[UUID, UUID]:
    """Binary -> the resource here whose access decides about it, too."""
    found: dict[UUID, UUID] = {}
    for key, tree in trees.items():
        text = security_context(tree)
        target = parse_reference(text, base) if text else None
        if isinstance(target, Local) and target.type != "Binary" and (target.type, target.id) in targets:
            found[key] = targets[target.type, target.id]
    return found


def _local(type_name: str, tree: json.JsonObject, base: str) -> Iterable[tuple[str, str]]:
    for reference in each_reference(type_name, tree):
        target = parse_reference(reference.text, base)
        if isinstance(target, Local):
            yield target.type, target.id
