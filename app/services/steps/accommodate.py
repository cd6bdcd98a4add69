"""accommodate: what the field really sends becomes what the guide means by it, and the sender is told.

*Source*: SDOH Clinical Care 3.0.0, sheet section 12; `fhir_profiles/leniencies.toml`.
"""

from app.domain.referral import task
from app.fhir.leniencies import forgive
from app.log import log
from app.services.writing import Write


async def accommodate(write: Write) -> None:
    """Changes the trees of clients' entries, as far as the table of leniencies says."""
    for entry in write.entries:
        if entry.mode != "client" or entry.type != "Task" or entry.problems:
            continue
        if task.transition_table(entry.tree) is not None:
            notes = tuple(forgive(write.caller.peer, entry.tree, entry.before_tree))
            entry.notes += notes
            for note in notes:
                log.info("lenient", rule=note.at, client=write.caller.client_id)
