"""profile: what the resources of a referral must hold beyond R4 (all declared profiles come with validation)."""

from app.domain.referral import task
from app.fhir.errors import BusinessRule
from app.services.writing import Write


async def profile(write: Write) -> None:
    """A Task that asks for a referral is complete enough to be one; 422 otherwise."""
    problems = [
        entry.placed(issue)
        for entry in write.entries
        if entry.type == "Task" and task.is_referral(entry.tree)
        for issue in task.problems(entry.tree)
    ]
    if problems:
        raise BusinessRule.of_issues(problems)
