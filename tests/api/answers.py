"""What every refusal on the FHIR surface must be: an OperationOutcome with R4's code, a place, and nothing of the input."""

import re
from typing import Any

import httpx

# planted in requests; an answer that holds it has echoed
MARK = "Zyzzyva"
ISSUE_CODES = frozenset(
    [
        "structure",
        "value",
        "required",
        "invariant",
        "code-invalid",
        "invalid",
        "business-rule",
        "not-found",
        "not-supported",
        "too-long",
        "too-costly",
        "login",
        "forbidden",
        "deleted",
        "conflict",
        "multiple-matches",
        "throttled",
        "lock-error",
        "transient",
        "timeout",
    ]
)
LEAKS = re.compile(r"Traceback|asyncpg|SELECT |INSERT |/app/|\.py\b")


def refused(answer: httpx.Response, status: int, code: str, *, rule: str = "", at: str = "") -> list[dict[str, Any]]:
    """The issues of a refusal that is as it must be; `rule` and `at` are those of any of them."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"].startswith("application/fhir+json")
    assert answer.headers["x-request-id"]
    assert MARK.lower() not in (answer.text + str(answer.headers)).lower()
    assert not LEAKS.search(answer.text)
    issues = outcome_issues(answer.json())
    assert issues[0]["code"] == code, issues
    assert rule in ("", *(issue["details"]["text"] for issue in issues)), issues
    assert at in ("", *(place for issue in issues for place in issue.get("expression", ()))), issues
    return issues


def outcome_issues(outcome: dict[str, Any]) -> list[dict[str, Any]]:
    assert outcome["resourceType"] == "OperationOutcome"
    issues: list[dict[str, Any]] = outcome["issue"]
    assert issues
    for issue in issues:
        assert issue["severity"] in ("error", "fatal")
        assert issue["code"] in ISSUE_CODES
        assert issue["details"]["text"]
        assert issue["diagnostics"]
    return issues


def without_number(answer: httpx.Response) -> tuple[int, bytes, dict[str, str]]:
    """An answer but for what differs between any two: the request's number and the date."""
    headers = {name: value for name, value in answer.headers.items() if name not in ("x-request-id", "date")}
    return answer.status_code, answer.content, headers
