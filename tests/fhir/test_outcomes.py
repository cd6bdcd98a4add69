"""An OperationOutcome tells no more than anybody can read, and errors before advice."""

from app.fhir.errors import Issue
from app.fhir.outcomes import MAX_ISSUES, operation_outcome


def test_of_too_many_issues_errors_are_told_first_and_that_there_is_more() -> None:
    advice = [Issue("value", "soft", "x", f"Task.a[{n}]", "warning") for n in range(MAX_ISSUES)]
    told = operation_outcome([*advice, Issue("value", "hard", "x", "Task.b")])["issue"]
    assert len(told) == MAX_ISSUES + 1
    assert told[0]["details"]["text"] == "hard"
    assert told[-1]["details"]["text"] == "more-problems"


def test_what_can_be_told_stands_as_it_was_found() -> None:
    issues = [Issue("value", "soft", "x", severity="warning"), Issue("value", "hard", "x")]
    assert [each["details"]["text"] for each in operation_outcome(issues)["issue"]] == ["soft", "hard"]
