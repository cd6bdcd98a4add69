"""amend: a patch is carried out on what stands there now; from here on it is an update like any other.

*Source*: R4 http.html#patch; security sheet INP-16 (the result is judged and authorized in full).
"""

from app.fhir import json_patch
from app.fhir.errors import BusinessRule, Refusal
from app.fhir.json import JsonObject
from app.fhir.json_patch import Budget, Operation
from app.fhir.stale_text import is_by_hand, without_made_text
from app.services.steps.moved import only_moves
from app.services.writing import Write

# what a narrative does not tell of
UNTOLD = frozenset(("id", "meta", "text"))


async def amend(write: Write) -> None:
    """Gives patched entries their tree. Raises what the patch does, with the entry's place.

    Together the patches of a transaction move no more than what could have been sent instead of them.
    """
    settings = write.network.settings
    budget = Budget(settings.max_bundle_bytes) if write.whole else None
    for entry in write.entries:
        if entry.patch is not None and entry.before_tree is not None:
            try:
                tree = json_patch.apply(entry.before_tree, entry.patch, settings.max_resource_bytes, budget)
                entry.tree = _with_fitting_text(entry.before_tree, tree, entry.patch)
            except Refusal as refusal:
                raise type(refusal).of_issues([entry.placed(issue) for issue in refusal.issues]) from None


def _with_fitting_text(before: JsonObject, after: JsonObject, patch: tuple[Operation, ...]) -> JsonObject:
    """Once its data differ, a narrative may say what is no longer so: one that was made of them is left out. A patch
    that changes the narrative, too, is the sender's affair.

    Raises BusinessRule for one that somebody wrote, unless the resource only moves on.
    """
    if any(step.path[:1] == ("text",) and step.name != "test" for step in patch) or _told(before) == _told(after):
        return after
    if is_by_hand(after) and not only_moves(before, after):
        raise BusinessRule("patch-text", _BY_HAND, "text")
    return without_made_text(after)


_BY_HAND = (
    "the text of this resource was written by hand and may not fit any more; let the patch change it or remove it"
)


def _told(tree: JsonObject) -> JsonObject:
    return {name: value for name, value in tree.items() if name not in UNTOLD}
