"""Conditional references: `Patient?identifier=...` becomes the one resource that it finds, in a transaction only.

What the same transaction writes counts, what it deletes does not: they are resolved at its end, all of them at once.
*Source*: R4 http.html#trules; security sheet SCO-04, B18.
"""

from dataclasses import dataclass, field

from app.fhir.errors import Forbidden, MultipleMatches, NoMatch, TooCostly, Value
from app.fhir.references import Conditional, Reference, each_reference, parse_reference
from app.services.criteria import criterion, identifiers
from app.services.steps.matching import Key, matching
from app.services.writing import Criterion, Write

# different ones of one transaction: they are asked for together, and yet each is a search of its own
MOST = 1000


@dataclass(slots=True)
class _Condition:
    """What is meant, where that is said first, and every Reference that says it."""

    type: str
    criterion: Criterion
    at: str
    references: list[Reference] = field(default_factory=list)


async def follow_conditions(write: Write) -> set[Key]:
    """Writes the id that each finds into its places; returns what was found. Raises NoMatch, MultipleMatches, TooCostly
    (more than MOST) or Forbidden (no scope to search)."""
    conditions = _conditions(write)
    if not conditions:
        return set()
    found = [_only(each, keys) for each, keys in zip(conditions, await _found(write, conditions), strict=True)]
    for each, key in zip(conditions, found, strict=True):
        for reference in each.references:
            reference.holder["reference"] = "/".join(key)
    return set(found)


def _conditions(write: Write) -> list[_Condition]:
    found: dict[str, _Condition] = {}
    for entry in write.changing:
        for reference in each_reference(entry.type, entry.tree):
            target = _conditional(write, reference)
            if target is not None:
                if reference.text not in found:
                    _refuse_too_many(found, entry.place(reference.path))
                    found[reference.text] = _condition(write, target, entry.place(reference.path))
                found[reference.text].references.append(reference)
    return list(found.values())


def _conditional(write: Write, reference: Reference) -> Conditional | None:
    if "?" not in reference.text:
        return None
    try:
        target = parse_reference(reference.text, write.network.base)
    except Value:
        return None
    return target if isinstance(target, Conditional) and target.type in write.network.registry.types else None


def _refuse_too_many(found: dict[str, _Condition], at: str) -> None:
    if len(found) == MOST:
        raise TooCostly(
            "reference-conditions", f"a transaction has at most {MOST} different conditional references", at
        )


def _condition(write: Write, target: Conditional, at: str) -> _Condition:
    if not write.caller.allows(target.type, "s"):
        raise Forbidden("scope", f"the access token's scopes do not hold system/{target.type}.s", at)
    return _Condition(target.type, criterion(write.network, target.type, target.query, at), at)


async def _found(write: Write, conditions: list[_Condition]) -> list[set[Key]]:
    """Of each what the transaction writes, as it will be, and what else the caller sees."""
    written = {each.key for each in write.changing}
    identified: dict[tuple[str, str, str], set[Key]] = {}
    for entry in write.changing:
        for system, value in identifiers(entry.tree):
            identified.setdefault((entry.type, system, value), set()).add(entry.key)
    there = await matching(write, [(each.type, each.criterion) for each in conditions])
    found = []
    for each, seen in zip(conditions, there, strict=True):
        wanted = each.criterion
        if wanted.system is None:
            found.append(seen | (written & {(each.type, wanted.value)}))
        else:
            found.append((seen - written) | identified.get((each.type, wanted.system, wanted.value), set()))
    return found


def _only(condition: _Condition, found: set[Key]) -> Key:
    if not found:
        raise NoMatch("reference-no-match", _NOTHING, condition.at)
    if len(found) > 1:
        raise MultipleMatches("reference-several", _SEVERAL, condition.at)
    (key,) = found
    return key


_NOTHING = "nothing that you may see fulfils the condition of this reference"
_SEVERAL = "several resources fulfil the condition of this reference"
