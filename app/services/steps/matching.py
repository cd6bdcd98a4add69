"""What the caller sees of what conditions mean; any number of them in two questions."""

from collections.abc import Sequence

from app.services.writing import Criterion, Write
from app.store import claims, resources

Key = tuple[str, str]


async def matching(write: Write, wanted: Sequence[tuple[str, Criterion]]) -> list[set[Key]]:
    """For each type and criterion at most two (type, id)."""
    ids = {(type_name, each.value) for type_name, each in wanted if each.system is None}
    identifiers = [
        (type_name, write.network.numbers[type_name]["identifier"], each.system, each.value)
        for type_name, each in wanted
        if each.system is not None
    ]
    seen = set(await resources.visible_keys(write.unit, ids))
    found = iter(await claims.seen_with_identifiers(write.unit, identifiers))
    return [
        seen & {(type_name, each.value)} if each.system is None else {(type_name, id) for id in next(found)}
        for type_name, each in wanted
    ]
