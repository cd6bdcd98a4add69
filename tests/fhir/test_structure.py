"""What is wrong with a resource: each kind of mistake, its place, and what would be right.

One mistake a line: `cases/refused.jsonl` (with the security sheet's numbers); what must pass: `cases/accepted.jsonl`.
"""

from __future__ import annotations

import time
from typing import Any

import pytest

from app.fhir.json import JsonObject
from app.fhir.problems import MAX_PROBLEMS
from app.fhir.structure import check
from tests.fhir.builders import DELETE, cases, changed, minimal

CANARY = "Zyxwvut"


def found(type_name: str, **changes: Any) -> list[tuple[str, str, str]]:
    """(issue code, rule, place) of each problem of the changed example."""
    return [(issue.code, issue.rule, issue.at) for issue in check(type_name, minimal(type_name, **changes))]


REFUSED = cases("refused")
ACCEPTED = cases("accepted")


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case["case"])
def test_a_mistake_is_found_with_its_place(case: JsonObject) -> None:
    issues = [issue for issue in check(case["type"], changed(case)) if issue.severity == "error"]
    assert [(issue.code, issue.rule, issue.at) for issue in issues] == [(case["code"], case["rule"], case["at"])]


@pytest.mark.parametrize("case", ACCEPTED, ids=lambda case: case["case"])
def test_what_is_right_is_accepted(case: JsonObject) -> None:
    assert check(case["type"], changed(case)) == []


def test_every_problem_is_reported_not_only_the_first() -> None:
    problems = found("Task", status="x", intent=DELETE, colour=1, authoredOn="x", executionPeriod={"start": 1})
    assert [at for _, _, at in problems] == [
        "Task.status", "Task.authoredOn", "Task.colour", "Task.executionPeriod.start", "Task.intent",
    ]  # fmt: skip


def test_problems_are_listed_up_to_a_limit() -> None:
    problems = found("Task", note=[{"x": 1}] * 5000)
    assert len(problems) == MAX_PROBLEMS + 1
    assert problems[-1] == ("informational", "more-problems", "Task")


def test_references_to_contained_resources_hide_no_error() -> None:
    contained = {"resourceType": "ServiceRequest", "id": "a", "status": "x", "intent": "order", "subject": {}}
    based_on = [{"reference": "#a"}] * 300
    problems = found("Task", basedOn=based_on, contained=[contained], executionPeriod={"start": 1})
    assert ("value", "reference-target", "Task.basedOn[0].reference") not in problems
    assert [at for _, _, at in problems if "basedOn" not in at] == [
        "Task.contained[0].status",
        "Task.contained[0].subject",
        "Task.executionPeriod.start",
    ]


def test_a_rule_that_stumbles_beyond_the_limit_is_no_mistake_of_ours() -> None:
    problems = found("Task", note=[{"x": 1}] * 100, restriction={"period": {"start": 7, "end": {}}})
    assert problems[-1] == ("informational", "more-problems", "Task")


def test_a_message_says_what_would_be_right() -> None:
    (issue,) = check("Task", minimal("Task", priority="soon"))
    assert issue.message == "Use one of routine, urgent, asap, stat."
    (issue,) = check("Task", minimal("Task", DESCRIPTION="x"))
    assert "did you mean description?" in issue.message


HOLDING_A_CANARY: list[dict[str, Any]] = [
    {"status": CANARY},
    {"id": f"{CANARY}/"},
    {"authoredOn": CANARY},
    {"description": {CANARY: CANARY}},
    {"code": CANARY},
    {"for_": {"reference": f"{CANARY} 1"}},
    {"for_": {"reference": f"#{CANARY}"}},
    {"instantiatesUri": f"javascript:{CANARY}"},
    {"contained": [{"resourceType": CANARY}]},
    {"resourceType": CANARY},
    {f"<{CANARY}>": CANARY},
    {"text": {"status": "generated", "div": f"<div>{CANARY}</div>"}},
]


@pytest.mark.parametrize("changes", HOLDING_A_CANARY)
def test_no_problem_repeats_a_value(changes: dict[str, Any]) -> None:
    issues = check("Task", minimal("Task", **changes))
    assert issues
    assert CANARY not in repr(issues)


@pytest.mark.parametrize("tree", [{}, [], "Task", 1, None, {"resourceType": None}, {"resourceType": ["Task"]}])
def test_what_is_no_resource_at_all_is_refused(tree: Any) -> None:
    assert check("Task", tree) != []


def test_b63_base64_that_is_none_is_refused_at_once() -> None:
    hostile = "A" * 130 + "!"
    start = time.process_time()
    problems = found("DocumentReference", content=[{"attachment": {"contentType": "text/plain", "data": hostile}}])
    assert time.process_time() - start < 0.1
    assert problems == [("value", "base64-form", "DocumentReference.content[0].attachment.data")]
