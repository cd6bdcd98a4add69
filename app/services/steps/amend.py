"""amend: a patch is carried out on what stands there now; from here on it is an update like any other.

*Source*: R4 http.html#patch; security sheet INP-16 (the result is judged and authorized in full).
"""

from app.fhir import json_patch
from app.fhir.errors import Refusal
from app.fhir.json_patch import Budget
from app.services.writing import Write


async def amend(write: Write) -> None:
    """Gives patched entries their tree. Raises what the patch does, with the entry's place.

    Together the patches of a transaction move no more than what could have been sent instead of them.
    """
    settings = write.network.settings
    budget = Budget(settings.max_bundle_bytes) if write.whole else None
    for entry in write.entries:
        if entry.patch is not None and entry.before_tree is not None:
            try:
                entry.tree = json_patch.apply(entry.before_tree, entry.patch, settings.max_resource_bytes, budget)
            except Refusal as refusal:
                raise type(refusal).of_issues([entry.placed(issue) for issue in refusal.issues]) from None
