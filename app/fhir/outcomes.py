"""OperationOutcome, the answer to everything that is refused. *Source*: R4 operationoutcome.html."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from app.fhir.errors import Issue
from app.fhir.problems import MORE, more

MAX_ISSUES = 200  # an answer must stay readable


def operation_outcome(issues: Iterable[Issue]) -> dict[str, Any]:
    """An OperationOutcome tree with one issue for each problem: our rule word, what would be right, and where."""
    return {"resourceType": "OperationOutcome", "issue": [_issue(issue) for issue in _most(list(issues))]}


def _most(issues: list[Issue]) -> list[Issue]:
    """All that can be told; of more, errors first, and that there is more."""
    if len(issues) <= MAX_ISSUES:
        return issues
    told = sorted((each for each in issues if each.rule != MORE), key=lambda each: each.severity != "error")
    return [*told[:MAX_ISSUES], more("", "information")]


def _issue(issue: Issue) -> dict[str, Any]:
    tree: dict[str, Any] = {
        "severity": issue.severity,
        "code": issue.code,
        "details": {"text": issue.rule},
        "diagnostics": issue.message,
    }
    if issue.at:
        tree["expression"] = [issue.at]
    return tree
