"""match: which resource a condition means, before anything else looks at it.

A conditional create or update goes by what the caller's members wrote, by id as by identifier: what others have is
neither found nor hinted at, also where the caller sees it. Behind an identifier stands a claim, whose primary key
decides between two at once. A conditional patch or delete, which make nothing, go by what the caller sees.
*Source*: R4 http.html#ccreate, #cond-update, #cdelete, #patch; security sheet REL-03, REL-04, B30, B35.
"""

from uuid import UUID

from app.fhir.errors import Invalid, MultipleMatches, NotFound
from app.fhir.json_patch import rewritten
from app.fhir.links import rewrite
from app.services.criteria import fulfils
from app.services.steps.matching import Key, matching
from app.services.writing import Criterion, Entry, Write
from app.store import claims, resources
from app.store.resources import Stored


async def match(write: Write) -> None:
    """Gives conditional entries the resource that they mean, and those that refer to them its id."""
    moved = {}
    for entry in write.entries:
        if entry.criterion is not None:
            before = entry.key
            await _DECIDE[entry.act](write, entry, entry.criterion)
            if entry.key != before:
                moved["/".join(before)] = "/".join(entry.key)
    if moved:
        for entry in write.entries:
            entry.tree = rewrite(entry.tree, moved)
            entry.patch = rewritten(entry.patch, moved) if entry.patch is not None else None
    if moved or write.gone:
        _refuse_one_twice(write)


async def _create(write: Write, entry: Entry, criterion: Criterion) -> None:
    entry.existing = await _find_or_claim(write, entry, criterion)
    if entry.existing is not None:
        entry.id, entry.fhir_id = entry.existing.id, entry.existing.fhir_id


async def _update(write: Write, entry: Entry, criterion: Criterion) -> None:
    found = await _find_or_claim(write, entry, criterion)
    sent_id = entry.tree.get("id")
    if found is not None:
        if sent_id not in (None, found.fhir_id):
            raise Invalid(
                "id-differs", "the id in the body is not that of the resource that the condition finds", entry.at
            )
        entry.fhir_id = found.fhir_id
    elif any(gone.type == entry.type and fulfils(gone, criterion) for gone in write.gone):
        raise _twice(entry)
    elif sent_id is None:
        entry.interaction = "create"
    elif entry.may_create:
        entry.fhir_id = sent_id
    else:
        raise Invalid("id-assigned", "ids are given here: nothing fulfils the condition, so leave the id out", entry.at)


async def _patch(write: Write, entry: Entry, criterion: Criterion) -> None:
    found = await _only(write, entry, criterion)
    if found is None:
        raise NotFound("not-found", "there is no such resource", entry.at)
    _, entry.fhir_id = found


async def _delete(write: Write, entry: Entry, criterion: Criterion) -> None:
    found = await _only(write, entry, criterion)
    entry.nothing_there = found is None
    if found is not None:
        _, entry.fhir_id = found


_DECIDE = {"create": _create, "update": _update, "patch": _patch, "delete": _delete}


async def _only(write: Write, entry: Entry, criterion: Criterion) -> Key | None:
    """The one resource that the caller sees and that is meant, or None."""
    (found,) = await matching(write, [(entry.type, criterion)])
    if len(found) > 1:
        raise _several(entry)
    return next(iter(found), None)


async def _find_or_claim(write: Write, entry: Entry, criterion: Criterion) -> Stored | None:
    """The one resource that the caller's members wrote and that is meant, or None: then it is ours to create."""
    members = sorted(write.caller.members)
    for _ in range(3):
        found = await _written_by(write, members, entry.type, criterion)
        if len(found) > 1:
            raise _several(entry)
        if found:
            stored = (await resources.by_ids(write.unit, found)).get(found[0])
            if stored is not None:
                return stored
            continue  # deleted between the two statements: looked for once more
        if criterion.system is None:
            return None
        name = (entry.type, criterion.system, criterion.value)
        if await claims.claim(write.unit, members, *name, entry.id):
            return None
        # another writer claimed it meanwhile and has committed: its resource is there to be found
        await claims.forget_orphan(write.unit, members, *name)
    raise _several(entry)


async def _written_by(write: Write, members: list[UUID], type_name: str, criterion: Criterion) -> list[UUID]:
    if criterion.system is None:
        return await claims.authored_with_id(write.unit, members, type_name, criterion.value)
    number = write.network.numbers[type_name]["identifier"]
    return await claims.authored_with_identifier(
        write.unit, members, type_name, number, criterion.system, criterion.value
    )


def _several(entry: Entry) -> MultipleMatches:
    return MultipleMatches(
        "conditional-several", "several resources fulfil the condition; name one by its id", entry.at
    )


def _refuse_one_twice(write: Write) -> None:
    """R4 http.html#trules: what conditions have found may not be what another entry changes or deletes."""
    seen = {entry.key for entry in write.gone}
    for entry in write.changing:
        if entry.key in seen:
            raise _twice(entry)
        seen.add(entry.key)


def _twice(entry: Entry) -> Invalid:
    return Invalid("bundle-duplicate", "another entry changes the same resource", entry.at)
