"""The tables of statuses, apart from any server."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.referral import task
from app.domain.referral.transitions import (
    ENTERED_IN_ERROR,
    PATIENT_TASK,
    REFERRAL_TASK,
    START,
    judge,
    statuses,
)

ENDS = {"rejected", "cancelled", "completed", "failed"}
roles = st.sets(st.sampled_from(["requester", "owner"]))
present = st.sets(st.sampled_from(["statusReason", "output", "note"]))


@given(
    before=st.sampled_from(["", *statuses(REFERRAL_TASK)]),
    after=st.sampled_from(statuses(REFERRAL_TASK)),
    who=roles,
    held=present,
)
def test_nothing_leaves_an_end_but_to_be_a_mistake(before: str, after: str, who: set[str], held: set[str]) -> None:
    broken = judge(REFERRAL_TASK, before, after, who, held)
    if before in ENDS and after not in (before, ENTERED_IN_ERROR):
        assert broken is not None
    if not who and before != after:
        assert broken is not None, "nobody sets nothing"


@given(
    table=st.sampled_from([REFERRAL_TASK, PATIENT_TASK]),
    before=st.text(max_size=12),
    after=st.text(max_size=12),
    who=roles,
    held=present,
)
def test_a_judgement_never_repeats_what_was_sent(
    table: tuple,
    before: str,
    after: str,
    who: set[str],
    held: set[str],  # type: ignore[type-arg]
) -> None:
    broken = judge(table, before, after, who, held)
    if after not in statuses(table):
        assert broken is not None
        assert broken.rule == "task-status-unused"


@pytest.mark.parametrize("status", sorted(ENDS))
def test_ends_are_ends(status: str) -> None:
    assert not any(row.before == status for row in REFERRAL_TASK)


@pytest.mark.parametrize("status", ["requested", "accepted", "in-progress", "on-hold", "draft"])
def test_what_is_open_is_no_end(status: str) -> None:
    assert any(row.before == status for row in REFERRAL_TASK)


def test_received_and_ready_are_not_used_for_referrals() -> None:
    assert not {"received", "ready"} & set(statuses(REFERRAL_TASK))


def test_a_new_task_is_no_mistake_yet() -> None:
    assert judge(REFERRAL_TASK, START, ENTERED_IN_ERROR, {"requester"}, ()) is not None


def test_the_requester_takes_back_without_a_reason_and_the_owner_with_one() -> None:
    assert judge(REFERRAL_TASK, "accepted", "cancelled", {"requester"}, ()) is None
    broken = judge(REFERRAL_TASK, "accepted", "cancelled", {"owner"}, ())
    assert broken is not None
    assert broken.rule == "task-needs-reason"


@pytest.mark.parametrize(
    ("tree", "expected"),
    [
        ({"code": {"coding": [{"system": task.TASK_CODE, "code": "fulfill"}]}}, True),
        ({"code": {"coding": [{"system": "urn:other", "code": "fulfill"}]}}, False),
        ({"meta": {"profile": [task.PROFILE + "SDOHCC-TaskForReferralManagement|3.0.0"]}}, True),
        ({"meta": {"profile": [task.PROFILE + "SDOHCC-TaskForPatient"]}}, False),
        ({}, False),
    ],
)
def test_a_referral_task_is_known_by_its_code_or_its_profile(tree: dict[str, object], expected: bool) -> None:
    assert task.is_referral(tree) is expected


def test_what_changed_is_told_by_element_without_id_and_meta() -> None:
    before = {"id": "1", "meta": {"versionId": "1"}, "status": "requested", "_status": {"id": "a"}, "note": [1]}
    after = {"id": "2", "meta": {}, "status": "requested", "_status": {"id": "b"}, "priority": "stat"}
    assert task.changed_elements(before, after) == ["note", "priority", "status"]
    assert task.changed_elements(before, after, ignoring=("status",)) == ["note", "priority"]


@pytest.mark.parametrize(("status", "named"), [("generated", []), ("extensions", []), ("additional", ["text"])])
def test_a_text_that_says_no_more_than_the_data_may_go_unnoticed(status: str, named: list[str]) -> None:
    before = {"resourceType": "Task", "status": "requested", "text": {"status": status, "div": "<div>a</div>"}}
    after = {"resourceType": "Task", "status": "accepted"}
    assert task.changed_elements(before, after) == sorted(["status", *named])
    other = after | {"text": {"status": "generated", "div": "<div>b</div>"}}
    assert task.changed_elements(before, other) == ["status", "text"]
