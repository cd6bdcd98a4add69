"""What a write brings that only moves a referral on: its own mistakes, not those that stood there before."""

from typing import Any

import pytest

from app.fhir.profiles.guides import conformance
from app.services.steps.moved import Moved, only_moves
from tests.profiles.making import Told, Tree, judged, table

STRICTER = table(
    "Task",
    "element ; priority ; 1..",
    'element ; status ;  ;  ; pattern "completed"',
    "slices ; output ; open ; value type.text",
    "element ; output:one ; 0..1",
    'element ; output:one.type.text ;  ;  ; fixed "one"',
    "rule ; output ; o-1 ; error ; value is string ; A string.",
    "rule ; . ; t-1 ; error ; output.all(type.text != 'bad') ; No bad one.",
    "rule ; . ; t-2 ; error ; status = 'completed' implies output.exists() ; Done means what.",
    name="stricter",
)
BAD = {"type": {"text": "bad"}, "valueInteger": 1}
GOOD = {"type": {"text": "good"}, "valueString": "x"}
ONE = {"type": {"text": "one"}, "valueString": "x"}


def task(status: str, *outputs: Tree, **more: Any) -> Tree:
    given = {"output": list(outputs)} if outputs else {}
    return {"resourceType": "Task", "status": status, "intent": "order", **given, **more}


def brought(before: Tree, after: Tree) -> list[tuple[str, str]]:
    def judge(tree: Tree) -> list[Any]:
        return judged(tree, STRICTER)

    assert only_moves(before, after)
    moved = Moved(before, after, judge)
    return [(each.rule, each.at) for each in judge(after) if moved.brings(each)]


CASES = {
    "what stood there is passed over": (task("completed", BAD), task("completed", BAD, GOOD), []),
    "though it has another place now": (task("completed", BAD), task("completed", GOOD, BAD), []),
    "whatever the order of its keys": (
        task("completed", BAD),
        task("completed", dict(reversed(BAD.items())), GOOD),
        [],
    ),
    "a bad one beside a bad one is not": (
        task("completed", BAD),
        task("completed", BAD, {**BAD, "valueInteger": 2}),
        [("t-1", "Task"), ("o-1", "Task.output[1]")],
    ),
    "nor is the same once more": (
        task("completed", BAD),
        task("completed", BAD, BAD),
        [("t-1", "Task"), ("o-1", "Task.output[1]")],
    ),
    "a changed one is new": (
        task("completed", BAD),
        task("completed", {**BAD, "valueInteger": 2}),
        [("t-1", "Task"), ("o-1", "Task.output[0]")],
    ),
    "one too many is new": (task("completed", ONE), task("completed", ONE, ONE), [("profile-slice", "Task.output")]),
    "a status that stays wrong is wrong": (
        task("requested"),
        task("accepted"),
        [("profile-pattern", "Task.status")],
    ),
    "a rule that the status breaks": (task("requested"), task("completed"), [("t-2", "Task")]),
    "a rule that the outputs break": (task("completed", GOOD), task("completed"), [("t-2", "Task")]),
    "what is absent elsewhere": (task("requested"), task("completed", GOOD), []),
}


@pytest.mark.parametrize("case", CASES)
def test_only_what_a_move_brings_is_told(case: str) -> None:
    before, after, expected = CASES[case]
    assert sorted(brought(before, after)) == sorted(expected)


def test_an_output_that_breaks_a_rule_which_was_broken_otherwise_is_new() -> None:
    """SDOH-Task-7 asks for a description, which never was there, and for a chosen contact as the only output."""
    guide = conformance()
    system = "http://hl7.org/fhir/us/sdoh-clinicalcare/CodeSystem/SDOHCC-CodeSystemTemporaryCodes"

    def concept(code: str) -> Tree:
        return {"coding": [{"system": system, "code": code}]}

    def brings(*codes: str) -> list[tuple[str, str]]:
        outputs = [{"type": concept(code), "valueString": "x"} for code in codes]
        after = {**before, "status": "completed", "output": outputs}
        moved = Moved(before, after, judge)
        return [(each.rule, each.at) for each in judge(after) if each.rule == "SDOH-Task-7" and moved.brings(each)]

    def judge(tree: Tree) -> list[Any]:
        return guide.check("Task", tree, Told({}, guide.value_sets))

    before = task("in-progress", code=concept("make-contact"))
    assert brings("chosen-contact") == []
    assert brings("chosen-contact", "general-information-response") == [("SDOH-Task-7", "Task.output")]


@pytest.mark.parametrize(("source", "rules"), [("urn:old", []), ("urn:new", ["profile-fixed"])])
def test_what_a_sender_changes_in_meta_is_new(source: str, rules: list[str]) -> None:
    def judge(tree: Tree) -> list[Any]:
        return judged(tree, table("Task", 'element ; meta.source ;  ;  ; fixed "urn:right"'))

    before = task("requested", meta={"versionId": "1", "source": "urn:old"})
    after = task("accepted", meta={"versionId": "2", "source": source})
    moved = Moved(before, after, judge)
    assert [each.rule for each in judge(after)] == ["profile-fixed"]
    assert [each.rule for each in judge(after) if moved.brings(each)] == rules


def test_what_changes_more_is_no_move() -> None:
    assert not only_moves(task("requested"), task("requested", description="x"))
    assert not only_moves(task("requested"), task("requested", _intent={"id": "x"}))
