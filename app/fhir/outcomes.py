"""OperationOutcome, the answer to everything that is refused. *Source*: R4 operationoutcome.html."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from app.fhir.errors import Issue


def operation_outcome(issues: Iterable[Issue]) -> dict[str, Any]:
    """An OperationOutcome tree with one issue for each problem: our rule word, what would be right, and where."""
    return {"resourceType": "OperationOutcome", "issue": [_issue(issue) for issue in issues]}


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
