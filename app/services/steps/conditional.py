"""Conditional references: `Patient?identifier=...` becomes the one resource that it finds, in a transaction only.

What the same transaction writes counts, what it deletes does not: they are resolved at its end.
*Source*: R4 http.html#trules; security sheet SCO-04, B18.
"""

from app.fhir.errors import Forbidden, MultipleMatches, NoMatch, Value
from app.fhir.references import Conditional, Reference, each_reference, parse_reference
from app.services.criteria import criterion, fulfils
from app.services.steps.match import matches
from app.services.writing import Write


async def follow_conditions(write: Write) -> None:
    """Writes the id that each finds into its place. Raises NoMatch, MultipleMatches, Forbidden (no scope to search)."""
    found: dict[str, str] = {}
    for entry in write.changing:
        for reference in each_reference(entry.type, entry.tree):
            target = _conditional(write, reference)
            if target is not None:
                if reference.text not in found:
                    found[reference.text] = await _only(write, target, entry.place(reference.path))
                reference.holder["reference"] = found[reference.text]


def _conditional(write: Write, reference: Reference) -> Conditional | None:
    if "?" not in reference.text:
        return None
    try:
        target = parse_reference(reference.text, write.network.base)
    except Value:
        return None
    return target if isinstance(target, Conditional) and target.type in write.network.registry.types else None


async def _only(write: Write, target: Conditional, at: str) -> str:
    if not write.caller.allows(target.type, "s"):
        raise Forbidden("scope", f"the access token's scopes do not hold system/{target.type}.s", at)
    wanted = criterion(write.network, target.type, target.query, at)
    written = {each.key: each for each in write.changing}
    found = {key for key, each in written.items() if key[0] == target.type and fulfils(each.tree, wanted)}
    there = {(stored.type, stored.fhir_id) for stored in await matches(write, target.type, wanted)}
    found |= there if wanted.system is None else there - written.keys()
    if not found:
        raise NoMatch("reference-no-match", "nothing that you may see fulfils the condition of this reference", at)
    if len(found) > 1:
        raise MultipleMatches("reference-several", "several resources fulfil the condition of this reference", at)
    return "/".join(found.pop())
