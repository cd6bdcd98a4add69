"""Bundles that go out are put together from stored bytes, and a stored resource says who it is."""

from __future__ import annotations

import copy
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from app.fhir.bundles import Answer, Found, Past, history, instant, response, searchset, stamp
from app.fhir.errors import BusinessRule
from app.fhir.json import dump, parse
from app.fhir.outcomes import operation_outcome
from app.fhir.structure import check
from tests.fhir.builders import minimal

BASE = "https://network.example/fhir"
LINKS = [("self", f'{BASE}/Task?status=a"b'), ("next", f"{BASE}/Task?_page=2")]
NOW = datetime(2026, 11, 22, 5, 0, 0, 120000, tzinfo=UTC)


def test_a_searchset_holds_the_stored_bytes() -> None:
    stored = b'{"resourceType":"Task","id":"1","status":"draft","intent":"order","x":1.10}'
    body = searchset(
        [Found("Task", "1", stored), Found("Goal", "2", b"{}", "include")], base=BASE, links=LINKS, total=7
    )
    assert stored in body
    tree = parse(body)
    assert tree["total"] == 7
    assert [link["url"] for link in tree["link"]] == [url for _, url in LINKS]
    assert [entry["fullUrl"] for entry in tree["entry"]] == [f"{BASE}/Task/1", f"{BASE}/Goal/2"]
    assert [entry["search"]["mode"] for entry in tree["entry"]] == ["match", "include"]


def test_an_empty_searchset_has_no_entries_and_no_total_unless_asked() -> None:
    tree = parse(searchset([], base=BASE, links=LINKS))
    assert "entry" not in tree
    assert "total" not in tree
    assert check("Bundle", tree) == []


def test_what_was_passed_over_comes_as_an_outcome() -> None:
    warning = dump(operation_outcome(BusinessRule("rule", "message").issues))
    tree = parse(searchset([], base=BASE, links=LINKS, warning=warning))
    assert tree["entry"][0]["search"] == {"mode": "outcome"}
    assert check("Bundle", tree) == []


@pytest.mark.parametrize("kind", ["transaction-response", "batch-response"])
def test_a_response_answers_every_entry(kind: str) -> None:
    outcome = dump(operation_outcome(BusinessRule("task-transition", "Not now.", "Task.status").issues))
    answers = [
        Answer("201 Created", "Task/1/_history/1", 'W/"1"', instant(NOW), body=dump(minimal("Task"))),
        Answer("422 Unprocessable Entity", outcome=outcome),
        Answer("204 No Content"),
    ]
    tree = parse(response(kind, answers))
    assert check("Bundle", tree) == []
    assert tree["entry"][0]["resource"] == minimal("Task")
    assert tree["entry"][0]["response"]["etag"] == 'W/"1"'
    assert tree["entry"][1]["response"]["outcome"]["issue"][0]["code"] == "business-rule"
    assert tree["entry"][2] == {"response": {"status": "204 No Content"}}


SENT: dict[str, Any] = {
    "resourceType": "Task",
    "status": "draft",
    "meta": {"versionId": "99", "profile": ["p"], "tag": [{"code": "t"}], "source": "s", "security": [{"code": "R"}]},
    "intent": "order",
}


def test_a_stamp_changes_who_it_is_and_nothing_else() -> None:
    before = copy.deepcopy(SENT)
    stamped = stamp(SENT, "7", "1", NOW)
    assert before == SENT
    assert stamped["id"] == "7"
    assert stamped["meta"] == {**SENT["meta"], "versionId": "1", "lastUpdated": "2026-11-22T05:00:00.120Z"}
    assert {k: v for k, v in stamped.items() if k not in ("id", "meta")} == {
        k: v for k, v in SENT.items() if k != "meta"
    }


def test_what_was_absent_comes_in_fhirs_order_and_what_was_there_stays_in_its_place() -> None:
    assert list(stamp({"resourceType": "Task", "status": "draft"}, "7", "1", NOW)) == [
        "resourceType",
        "id",
        "meta",
        "status",
    ]
    sent = {"status": "draft", "meta": {"source": "s"}, "id": "1", "resourceType": "Task"}
    assert list(stamp(sent, "7", "1", NOW)) == [
        "status", "meta", "id", "resourceType",
    ]  # fmt: skip


def test_an_instant_is_utc_to_the_millisecond() -> None:
    assert instant(NOW.astimezone(timezone(timedelta(hours=-5)))) == "2026-11-22T05:00:00.120Z"


def test_an_outcome_says_what_where_and_which_rule() -> None:
    outcome = operation_outcome(BusinessRule("task-transition", "Use accepted.", "Task.status").issues)
    assert check("OperationOutcome", outcome) == []
    assert outcome["issue"] == [
        {
            "severity": "error",
            "code": "business-rule",
            "details": {"text": "task-transition"},
            "diagnostics": "Use accepted.",
            "expression": ["Task.status"],
        }
    ]


def test_a_history_says_what_was_done_and_when() -> None:
    body = dump(minimal("Task"))
    past = [
        Past("Task", "1", 4, NOW, "delete", b""),
        Past("Task", "1", 3, NOW, "patch", body),
        Past("Task", "1", 2, NOW, "update", body),
        Past("Task", "1", 1, NOW, "create", body),
    ]
    tree = parse(history(past, base=BASE, links=LINKS))
    assert check("Bundle", tree) == []
    assert "resource" not in tree["entry"][0]
    assert [each["request"] for each in tree["entry"]] == [
        {"method": "DELETE", "url": "Task/1"},
        {"method": "PATCH", "url": "Task/1"},
        {"method": "PUT", "url": "Task/1"},
        {"method": "POST", "url": "Task"},
    ]
    assert [each["response"]["status"][:3] for each in tree["entry"]] == ["204", "200", "200", "201"]
    assert tree["entry"][1]["response"]["etag"] == 'W/"3"'
    assert check("Bundle", parse(history([], base=BASE, links=LINKS, total=0))) == []
