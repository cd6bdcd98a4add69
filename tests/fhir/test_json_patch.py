"""JSON Patch does what RFC 6902 says, keeps numbers as they were written, and stays within its bounds."""

from __future__ import annotations

import time
from typing import Any

import pytest

from app.fhir import json
from app.fhir.errors import Refusal, TooCostly
from app.fhir.json_patch import MAX_OPERATIONS, Budget, apply, read, rewritten

TREE = b'{"resourceType":"Patient","id":"1","a":{"b":[1,{"c":"x"},1.10]},"e":"f","t":true,"m~n":1,"o/p":2,"":3}'
LIMIT = 100_000


def patched(*operations: dict[str, Any], tree: bytes = TREE, limit: int = LIMIT) -> bytes:
    before = json.parse(tree)
    after = json.dump(apply(before, read(json.dump(list(operations))), limit))
    assert json.dump(before) == tree, "what is patched stays as it was"
    return after.removeprefix(b'{"resourceType":"Patient","id":"1",').removesuffix(b"}")


def op(name: str, path: str, *value: Any, source: str | None = None) -> dict[str, Any]:
    return {"op": name, "path": path} | ({"value": value[0]} if value else {}) | ({"from": source} if source else {})


REST = b'"e":"f","t":true,"m~n":1,"o/p":2,"":3'


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        (op("add", "/g", {"h": [1]}), b'"a":{"b":[1,{"c":"x"},1.10]},' + REST + b',"g":{"h":[1]}'),
        (op("add", "/a/b/-", 7), b'"a":{"b":[1,{"c":"x"},1.10,7]},' + REST),
        (op("add", "/a/b/3", 7), b'"a":{"b":[1,{"c":"x"},1.10,7]},' + REST),
        (op("add", "/a/b/0", None), b'"a":{"b":[null,1,{"c":"x"},1.10]},' + REST),
        (op("add", "/e", "new"), b'"a":{"b":[1,{"c":"x"},1.10]},"e":"new","t":true,"m~n":1,"o/p":2,"":3'),
        (op("remove", "/a/b/1"), b'"a":{"b":[1,1.10]},' + REST),
        (op("remove", "/a"), REST),
        (op("replace", "/a/b/1/c", 8), b'"a":{"b":[1,{"c":8},1.10]},' + REST),
        (op("replace", "/m~0n", 8), b'"a":{"b":[1,{"c":"x"},1.10]},"e":"f","t":true,"m~n":8,"o/p":2,"":3'),
        (op("replace", "/o~1p", 8), b'"a":{"b":[1,{"c":"x"},1.10]},"e":"f","t":true,"m~n":1,"o/p":8,"":3'),
        (op("replace", "/", 8), b'"a":{"b":[1,{"c":"x"},1.10]},"e":"f","t":true,"m~n":1,"o/p":2,"":8'),
        (op("move", "/a/b/0", source="/a/b/2"), b'"a":{"b":[1.10,1,{"c":"x"}]},' + REST),
        (op("move", "/e", source="/e"), b'"a":{"b":[1,{"c":"x"},1.10]},"t":true,"m~n":1,"o/p":2,"":3,"e":"f"'),
        (op("copy", "/a/b/-", source="/a/b/1"), b'"a":{"b":[1,{"c":"x"},1.10,{"c":"x"}]},' + REST),
        (op("test", "/a/b/2", 1.1), b'"a":{"b":[1,{"c":"x"},1.10]},' + REST),
        (op("test", "/a/b", [1.0, {"c": "x"}, 1.1]), b'"a":{"b":[1,{"c":"x"},1.10]},' + REST),
        (op("test", "/id", "1"), b'"a":{"b":[1,{"c":"x"},1.10]},' + REST),
    ],
)  # fmt: skip
def test_an_operation_does_what_rfc_6902_says(operation: dict[str, Any], expected: bytes) -> None:
    assert patched(operation) == expected


def test_operations_follow_each_other_and_share_nothing() -> None:
    after = patched(op("copy", "/g", source="/a"), op("add", "/g/b/1/d", 1), op("remove", "/a/b/0"))
    assert after == b'"a":{"b":[{"c":"x"},1.10]},' + REST + b',"g":{"b":[1,{"c":"x","d":1},1.10]}'


def test_the_same_patch_can_be_carried_out_again() -> None:
    operations = read(json.dump([op("add", "/g", {}), op("add", "/g/h", 1)]))
    first, second = (apply(json.parse(TREE), operations, LIMIT) for _ in range(2))
    assert first == second


POINTER = "patch-pointer"
REFUSED: list[tuple[str, Any, str, str]] = [
    ("B40 another value", op("test", "/e", "g"), "business-rule", "patch-test"),
    ("B40 true is not 1", op("test", "/t", 1), "business-rule", "patch-test"),
    ("B40 a text is no number", op("test", "/a/b/0", "1"), "business-rule", "patch-test"),
    ("B40 the order of an array", op("test", "/a/b", [{"c": "x"}, 1, 1.1]), "business-rule", "patch-test"),
    ("B41 10,000 segments", op("add", "/a" * 10_000, 1), "invalid", POINTER),
    ("B41 no slash", op("add", "a", 1), "invalid", POINTER),
    ("B41 a bad escape", op("add", "/a~2", 1), "invalid", POINTER),
    ("B41 an open escape", op("add", "/a~", 1), "invalid", POINTER),
    ("B41 not a text", op("add", 7, 1), "invalid", POINTER),  # type: ignore[arg-type]
    ("B41 no path", {"op": "add", "value": 1}, "invalid", POINTER),
    ("B41 - removed", op("remove", "/a/b/-"), "invalid", POINTER),
    ("B41 - replaced", op("replace", "/a/b/-", 1), "invalid", POINTER),
    ("B41 - tested", op("test", "/a/b/-", 1), "invalid", POINTER),
    ("B41 - on the way", op("add", "/a/b/-/c", 1), "invalid", POINTER),
    ("B41 - copied", op("copy", "/g", source="/a/b/-"), "invalid", POINTER),
    ("B41 past the end", op("add", "/a/b/4", 1), "invalid", POINTER),
    ("B41 a leading zero", op("replace", "/a/b/01", 1), "invalid", POINTER),
    ("B41 a negative index", op("remove", "/a/b/-1"), "invalid", POINTER),
    ("B41 full-width digits", op("remove", "/a/b/１"), "invalid", POINTER),
    ("B41 an endless index", op("add", "/a/b/" + "9" * 400, 1), "invalid", POINTER),
    ("B41 into a text", op("add", "/e/f", 1), "invalid", POINTER),
    ("B41 nothing there", op("remove", "/nothing"), "invalid", POINTER),
    ("B41 nothing there to replace", op("replace", "/nothing", 1), "invalid", POINTER),
    ("B41 no parent", op("add", "/nothing/x", 1), "invalid", POINTER),
    ("B41 nothing to move", op("move", "/g", source="/nothing"), "invalid", POINTER),
    ("no from", op("move", "/g"), "invalid", POINTER),
    ("into itself", op("move", "/a/b", source="/a"), "invalid", "patch-operation"),
    ("no value", op("add", "/g"), "invalid", "patch-operation"),
    ("another operation", op("merge", "/g", 1), "invalid", "patch-operation"),
    ("no operation", {"path": "/e"}, "invalid", "patch-operation"),
    ("no object", 7, "structure", "patch-form"),
    ("B38 id", op("replace", "/id", "2"), "business-rule", "patch-protected"),
    ("B38 resourceType", op("remove", "/resourceType"), "business-rule", "patch-protected"),
    ("B38 a label", op("remove", "/meta/security/0"), "business-rule", "patch-protected"),
    ("B38 a label added", op("add", "/meta/security/-", {"code": "R"}), "business-rule", "patch-protected"),
    ("B38 all of meta", op("replace", "/meta", {}), "business-rule", "patch-protected"),
    ("B38 for", op("replace", "/for", {}), "business-rule", "patch-protected"),
    ("B38 a part of for", op("replace", "/for/reference", "x"), "business-rule", "patch-protected"),
    ("B38 requester", op("add", "/requester", {}), "business-rule", "patch-protected"),
    ("B38 moved away", op("move", "/g", source="/requester"), "business-rule", "patch-protected"),
    ("B38 everything", op("replace", "", {}), "business-rule", "patch-protected"),
    ("B38 nothing left", op("remove", ""), "business-rule", "patch-protected"),
]


@pytest.mark.parametrize(
    ("operation", "code", "rule"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED]
)
def test_an_operation_that_cannot_be_is_refused(operation: Any, code: str, rule: str) -> None:
    started = time.monotonic()
    with pytest.raises(Refusal) as refused:
        patched(operation)
    (issue,) = refused.value.issues
    assert (issue.code, issue.rule) == (code, rule)
    assert issue.at.startswith("patch[0]")
    assert time.monotonic() - started < 0.1


@pytest.mark.parametrize(
    ("body", "rule"),
    [
        (b"", "patch-form"),
        (b" \n", "patch-form"),
        (b"{}", "patch-form"),
        (b'"x"', "patch-form"),
        (b'[],"more":[]', "patch-form"),
        (b'[],"patch":[]', "json-duplicate-key"),
        (b"[]} ", "json-trailing"),
        (b"[", "json-syntax"),
        (b'[{"op":"add","op":"test","path":"/a","value":1}]', "json-duplicate-key"),
        (
            b"[" + b",".join([b'{"op":"test","path":"/e","value":"f"}'] * (MAX_OPERATIONS + 1)) + b"]",
            "patch-operations",
        ),
    ],
)
def test_what_is_no_patch_is_refused(body: bytes, rule: str) -> None:
    with pytest.raises(Refusal) as refused:
        read(body)
    assert refused.value.issues[0].rule == rule


@pytest.mark.parametrize(
    ("body", "where"),
    [
        (b'[{"op":"add",}]', "line 1, column 14."),
        (b"[", "line 1, column 2."),
        (b'[\n{"op":}]', "line 2, column 7."),
        (b'[{"op":"\xff"}]', "byte 8."),
    ],
)
def test_what_is_wrong_is_told_where_it_stands_in_the_patch(body: bytes, where: str) -> None:
    with pytest.raises(Refusal) as refused:
        read(body)
    assert refused.value.issues[0].message.endswith(where)


def test_an_empty_patch_changes_nothing() -> None:
    assert apply(json.parse(TREE), read(b"[]"), LIMIT) == json.parse(TREE)


def test_copies_of_copies_end_at_the_limit() -> None:
    """INP-16: thirty doublings would be a billion copies."""
    doubling = [op("add", "/g", ["x" * 100])] + [op("copy", "/g/-", source="/g")] * 30
    with pytest.raises(Refusal) as refused:
        patched(*doubling)
    assert refused.value.issues[0].rule in ("patch-result", "json-depth")
    flat = [op("add", "/g", {"x": "x" * 1000})] + [op("copy", f"/g{n}", source="/g") for n in range(99)]
    with pytest.raises(Refusal) as refused:
        patched(*flat, limit=50_000)
    assert refused.value.issues[0].rule == "patch-result"


def test_a_large_value_may_replace_a_large_value() -> None:
    operations = [op("replace", "/e", "y" * 60_000)] * 3
    assert len(patched(*operations)) > 60_000


def test_nesting_ends_at_the_depth_that_a_body_may_have() -> None:
    with pytest.raises(Refusal) as refused:
        patched(op("add", "/g", {}), *[op("copy", "/g/x", source="/g")] * 70)
    assert refused.value.issues[0].rule == "json-depth"


def test_what_is_put_in_and_taken_out_again_has_been_work() -> None:
    """A short patch that copies much, over and over, would keep everybody waiting."""
    tree = {"resourceType": "Basic", "extension": [{"url": f"urn:{number}"} for number in range(1000)]}
    again = [{"op": "copy", "from": "/extension", "path": "/x"}] * 50
    with pytest.raises(TooCostly) as refused:
        apply(tree, read(json.dump(again)), 60_000)
    assert refused.value.issues[0].rule == "patch-work"
    apply(tree, read(json.dump(again[:3])), 60_000)


def test_patches_that_share_a_budget_end_with_it() -> None:
    tree = {"resourceType": "Basic", "extension": [{"url": f"urn:{number}"} for number in range(1000)]}
    patch = read(json.dump([{"op": "copy", "from": "/extension", "path": "/x"}, op("remove", "/x")]))
    budget = Budget(100_000)
    apply(tree, patch, 60_000, budget)
    spent = 100_000 - budget.left
    assert spent > 30_000
    for _ in range(100_000 // spent - 1):
        apply(tree, patch, 60_000, budget)
    with pytest.raises(TooCostly) as refused:
        apply(tree, patch, 60_000, budget)
    assert refused.value.issues[0].rule == "patch-work"


def test_references_in_the_values_of_a_patch_are_rewritten_and_the_patch_stays_as_it_was() -> None:
    values = [{"subject": {"reference": "urn:a"}, "note": "urn:a"}, "urn:a", "urn:a", [{"url": "urn:a"}], 1]
    paths = ["/x", "/subject/reference", "/note", "/extension", "/y"]
    patch = read(json.dump([op("add", path, value) for path, value in zip(paths, values, strict=True)]))
    turned = rewritten(patch, {"urn:a": "Patient/1"})
    there = {"subject": {"reference": "Patient/1"}, "note": "urn:a"}
    assert [each.value for each in turned] == [there, "Patient/1", "urn:a", [{"url": "Patient/1"}], 1]
    assert [each.value for each in patch] == values
    assert [each.path for each in turned] == [each.path for each in patch]
