"""structure: types, cardinality, unknown elements, required codes, from the tables of R4 facts."""

from app.fhir.errors import Refusal
from app.fhir.structure import check
from app.services.writing import Write


async def structure(write: Write) -> None:
    """Every problem of every entry in one answer."""
    problems = [entry.placed(issue) for entry in write.entries for issue in check(entry.type, entry.tree)]
    if problems:
        raise Refusal.of_issues(problems)
