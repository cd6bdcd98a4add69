"""A batch or transaction is read entry by entry, and a Bundle that contradicts itself is refused with its place."""

from __future__ import annotations

from typing import Any

import pytest

from app.fhir.errors import Invalid, Issue, Refusal, TooManyEntries
from app.fhir.json import JsonObject
from app.fhir.requests import MAX_ENTRIES, Entry, at_entry, read_bundle
from tests.fhir.builders import minimal

PATCH = {"resourceType": "Binary", "contentType": "application/json-patch+json", "data": "W10="}
URN = "urn:uuid:7d3c1c0e-0b5a-4f5e-9d8e-1f2a3b4c5d6e"


def bundle(*entries: JsonObject, kind: str = "transaction") -> JsonObject:
    return {"resourceType": "Bundle", "type": kind, **({"entry": list(entries)} if entries else {})}


def entry(method: str, url: str, resource: Any = None, full_url: str | None = None, **request: str) -> JsonObject:
    tree: JsonObject = {"request": {"method": method, "url": url, **request}}
    if resource is not None:
        tree["resource"] = resource
    return {"fullUrl": full_url, **tree} if full_url else tree


def test_each_entry_says_what_it_asks_for() -> None:
    task = minimal("Task")
    kind, found = read_bundle(
        bundle(
            entry("POST", "Task", task, URN, ifNoneExist="identifier=s|1"),
            entry("PUT", "Task/minimal", task, ifMatch='W/"1"'),
            entry("GET", "Task/1/_history/2"),
            entry("GET", "Task?status=draft&_count=2"),
            entry("DELETE", "Goal/1"),
            entry("PATCH", "Task?identifier=s|1", PATCH),
            entry("POST", "Task/$validate", task),
            entry("GET", "_history?_since=2026"),
        )
    )
    assert kind == "transaction"
    assert found[0] == Entry(0, "POST", ("Task",), full_url=URN, resource=task, if_none_exist="identifier=s|1")
    assert (found[1].id, found[1].if_match) == ("minimal", 'W/"1"')
    assert found[2].path == ("Task", "1", "_history", "2")
    assert (found[3].path, found[3].id, found[3].query) == (("Task",), None, "status=draft&_count=2")
    assert found[4].resource is None
    assert found[5].patch == b"[]"
    assert (found[6].path, found[6].calls, found[6].id) == (("Task", "$validate"), True, None)
    assert found[7].path == ("_history",)


def test_the_resources_inside_are_not_judged_here() -> None:
    _, found = read_bundle(bundle(entry("POST", "Task", {"resourceType": "Task", "status": "nonsense"})))
    assert found[0].resource == {"resourceType": "Task", "status": "nonsense"}


def test_an_empty_batch_is_a_batch() -> None:
    assert read_bundle(bundle(kind="batch")) == ("batch", ())


TASK = minimal("Task")
NAMED = {**TASK, "id": "1"}
PATIENT = {"resourceType": "Patient"}

NEW = entry("POST", "Task", TASK, URN)
TWICE = [entry("PUT", "Task/1", NAMED)] * 2
CONDITION = entry("PUT", "Task/1", NAMED, ifNoneExist="identifier=s|1")

# What, the Bundle, the rule and the place below Bundle.
Case = tuple[str, JsonObject, str, str]
MALICE: list[Case] = [
    ("B21 absolute url", bundle(entry("GET", "https://evil.example/Task/1")), "bundle-url", "entry[0].request.url"),
    ("B21 upwards", bundle(entry("GET", "../Task/1")), "bundle-url", "entry[0].request.url"),
    ("B21 from the root", bundle(entry("GET", "/Task/1")), "bundle-url", "entry[0].request.url"),
    ("B21 backwards", bundle(entry("GET", "Task\\1")), "bundle-url", "entry[0].request.url"),
    ("B21 CONNECT", bundle(entry("CONNECT", "Task")), "bundle-method", "entry[0].request.method"),
    ("a Bundle for an operation", bundle(entry("POST", "$x", bundle())), "bundle-nested", "entry[0].resource"),
    ("B14 bundle in bundle", bundle(entry("POST", "Bundle", bundle())), "bundle-nested", "entry[0].resource"),
]  # fmt: skip
OF_ONE: list[Case] = [
    ("no such type", bundle(entry("GET", "Nobody/1")), "bundle-url", "entry[0].request.url"),
    ("an address that is a reason for its absence", bundle({"request": {"method": "GET", "_url": {"extension": [
        {"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "unknown"}]}}}),
     "bundle-url", "entry[0].request.url"),
    ("an address without end", bundle(entry("GET", "Task/1/_history/2/3/4")), "bundle-url", "entry[0].request.url"),
    ("a patch as it is", bundle(entry("PATCH", "Task/1", TASK)), "bundle-resource", "entry[0].resource"),
    ("a patch without data", bundle(entry("PATCH", "Task/1")), "bundle-resource", "entry[0].resource"),
    ("B42 a patch called JSON", bundle(entry("PATCH", "Task/1", {**PATCH, "contentType": "application/json"})),
     "media-type", "entry[0].resource.contentType"),
    ("a patch that is no base64", bundle(entry("PATCH", "Task/1", {**PATCH, "data": "!"})), "bundle-resource",
     "entry[0].resource.data"),
    ("a DELETE of a type", bundle(entry("DELETE", "Task")), "bundle-url", "entry[0].request.url"),
    ("a DELETE of a version", bundle(entry("DELETE", "Task/1/_history/1")), "bundle-url", "entry[0].request.url"),
    ("POST without resource", bundle(entry("POST", "Task")), "bundle-resource", "entry[0].resource"),
    ("GET with resource", bundle(entry("GET", "Task/1", TASK)), "bundle-resource", "entry[0].resource"),
    ("B01 another type", bundle(entry("POST", "Task", PATIENT)), "bundle-resource", "entry[0].resource"),
    ("a resource that is text", bundle(entry("POST", "Task", "Task")), "bundle-resource", "entry[0].resource"),
    ("POST to an id", bundle(entry("POST", "Task/1", NAMED)), "bundle-url", "entry[0].request.url"),
    ("PUT to a type", bundle(entry("PUT", "Task", NAMED)), "bundle-url", "entry[0].request.url"),
    ("PUT of another id", bundle(entry("PUT", "Task/2", NAMED)), "bundle-id", "entry[0].resource.id"),
    ("condition on PUT", bundle(CONDITION), "bundle-condition", "entry[0].request.ifNoneExist"),
]  # fmt: skip
REFUSED: list[Case] = [
    *MALICE,
    *OF_ONE,
    ("a searchset", bundle(kind="searchset"), "bundle-type", "type"),
    ("no request", bundle({"resource": TASK}), "bdl-3", "entry"),
    ("B15 one fullUrl twice", bundle(*[NEW] * 2), "bundle-duplicate", "entry[1].fullUrl"),
    ("B15 one resource twice", bundle(*TWICE), "bundle-duplicate", "entry[1].request.url"),
    ("unknown element", bundle({**entry("GET", "Task/1"), "colour": 1}), "unknown-element", "entry[0].colour"),
    ("entry that is no array", {**bundle(), "entry": {"a": 1}}, "json-type", "entry"),
    ("entry that is no object", bundle("Task"), "json-type", "entry[0]"),  # type: ignore[arg-type]
]  # fmt: skip


@pytest.mark.parametrize(("tree", "rule", "at"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED])
def test_a_bundle_that_contradicts_itself_is_refused(tree: JsonObject, rule: str, at: str) -> None:
    with pytest.raises(Refusal) as refusal:
        read_bundle(tree)
    assert (refusal.value.issues[0].rule, refusal.value.issues[0].at) == (rule, f"Bundle.{at}")
    assert "evil" not in repr(refusal.value.issues)


@pytest.mark.parametrize(("tree", "rule", "at"), [case[1:] for case in OF_ONE], ids=[case[0] for case in OF_ONE])
def test_what_is_wrong_with_one_entry_of_a_batch_is_its_own_affair(tree: JsonObject, rule: str, at: str) -> None:
    _, (good, found) = read_bundle({**tree, "type": "batch", "entry": [entry("GET", "Task/1"), *tree["entry"]]})
    assert good.refused is None
    assert found.refused is not None
    place = f"Bundle.{at}".replace("entry[0]", "entry[1]")
    assert (found.refused.issues[0].rule, found.refused.issues[0].at) == (rule, place)
    assert (found.type, found.calls, found.id) == ("Bundle", False, None)


@pytest.mark.parametrize("tree", [case[1] for case in MALICE], ids=[case[0] for case in MALICE])
def test_a_batch_is_refused_whole_for_what_nobody_means(tree: JsonObject) -> None:
    with pytest.raises(Refusal):
        read_bundle({**tree, "type": "batch", "entry": [entry("GET", "Task/1"), *tree["entry"]]})


def test_b12_too_many_entries_are_counted_before_anything_is_read() -> None:
    with pytest.raises(TooManyEntries):
        read_bundle(bundle(*[{"nonsense": 1}] * (MAX_ENTRIES + 1)))
    read_bundle(bundle(*[entry("GET", "Task/1")] * MAX_ENTRIES))


def test_a_batch_may_change_one_resource_twice_and_a_transaction_may_not() -> None:
    read_bundle(bundle(*TWICE, kind="batch"))
    with pytest.raises(Invalid):
        read_bundle(bundle(*TWICE))


def test_a_problem_of_a_resource_is_placed_in_the_bundle() -> None:
    issues = [Issue("value", "r", "m", "Task.input[0].type"), Issue("structure", "r", "m", "Task")]
    assert [issue.at for issue in at_entry(issues, 3)] == [
        "Bundle.entry[3].resource.input[0].type", "Bundle.entry[3].resource",
    ]  # fmt: skip
