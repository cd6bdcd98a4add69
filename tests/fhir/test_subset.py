"""`_summary` and `_elements`: less of a resource, but never less than it needs to be understood."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings

from app.fhir import json
from app.fhir.errors import Refusal
from app.fhir.json import JsonObject
from app.fhir.shapes import shape_of
from app.fhir.structure import check
from app.fhir.subset import SUBSETTED, asked, subset
from app.fhir.tables import PROFILES, r4
from tests.fhir import reference, trees
from tests.fhir.builders import minimal

EXAMPLES = sorted(path.parent.name for path in (PROFILES / "examples").glob("*/minimal.json"))
DIV = '<div xmlns="http://www.w3.org/1999/xhtml">x</div>'


def part(tree: JsonObject, **query: str) -> JsonObject:
    wanted = asked([(f"_{name}", value) for name, value in query.items()])
    assert wanted is not None
    return json.reread(subset(json.dump(tree), wanted))


def names(tree: JsonObject) -> set[str]:
    return set(tree) - {"resourceType", "id", "meta"}


def patient(**more: Any) -> JsonObject:
    narrative = {"status": "generated", "div": DIV}
    return minimal("Patient", text=narrative, active=True, name=[{"family": "a"}], maritalStatus={"text": "m"}, **more)


def test_true_keeps_what_the_specification_marks() -> None:
    kept = part(patient(contact=[{"gender": "male"}], deceasedBoolean=False), summary="true")
    assert names(kept) >= {"active", "name", "deceasedBoolean"}
    assert names(kept).isdisjoint({"text", "maritalStatus", "contact"})


def test_true_takes_parts_away_inside_of_what_it_keeps() -> None:
    content = [{"attachment": {"contentType": "text/plain", "data": "YQ==", "title": "t"}, "format": {"code": "f"}}]
    kept = part(minimal("DocumentReference", content=content), summary="true")
    assert kept["content"] == [
        {"attachment": {"contentType": "text/plain", "title": "t"}, "format": {"code": "f"}}
    ]  # fmt: skip


def test_text_keeps_the_narrative_and_what_must_be_there() -> None:
    kept = part(minimal("Task", text={"status": "generated", "div": DIV}, description="d"), summary="text")
    assert names(kept) == {"text", "status", "intent"}


def test_data_takes_the_narrative_away() -> None:
    whole = patient()
    kept = part(whole, summary="data")
    assert names(kept) == names(whole) - {"text"}


def test_elements_are_those_that_were_named_and_those_that_must_be_there() -> None:
    kept = part(minimal("Task", description="d", note=[{"text": "n"}]), elements="note")
    assert names(kept) == {"note", "status", "intent"}
    assert part(minimal("Task"), elements="id,resourceType,note") == part(minimal("Task"), elements="note")


def test_an_element_with_a_choice_of_types_is_named_without_its_type() -> None:
    kept = part(patient(deceasedBoolean=True, multipleBirthInteger=2), elements="deceased")
    assert names(kept) == {"deceasedBoolean", "active"}


def test_what_stands_beside_a_value_comes_with_it() -> None:
    kept = part(patient(birthDate="1970", _birthDate={"id": "b"}), elements="birthDate,gender")
    assert (kept["birthDate"], kept["_birthDate"]) == ("1970", {"id": "b"})


@pytest.mark.parametrize("query", [{"summary": "true"}, {"summary": "text"}, {"elements": "name"}])
def test_what_changes_the_meaning_stays(query: dict[str, str]) -> None:
    extension = [{"url": "http://a.example", "valueCode": "c"}]
    whole = patient(modifierExtension=extension, implicitRules="http://b.example", deceasedBoolean=True)
    kept = part(whole, **query)
    assert (kept["modifierExtension"], kept["implicitRules"], kept["active"]) == (extension, "http://b.example", True)


@pytest.mark.parametrize(("elements", "kept"), [("managingOrganization", True), ("name", False)])
def test_contained_resources_stay_while_something_refers_to_them(elements: str, kept: bool) -> None:
    inside = {"resourceType": "Organization", "id": "o", "name": "x"}
    whole = patient(contained=[inside], managingOrganization={"reference": "#o"})
    assert ("contained" in part(whole, elements=elements)) is kept


@pytest.mark.parametrize("query", [{"summary": "true"}, {"summary": "text"}, {"summary": "data"}, {"elements": "id"}])
def test_a_part_says_that_it_is_one_and_keeps_its_other_tags(query: dict[str, str]) -> None:
    tag = {"system": "urn:a", "code": "b"}
    meta = {"versionId": "3", "security": [{"code": "R"}], "tag": [tag]}
    assert part(patient(meta=meta), **query)["meta"] == {**meta, "tag": [tag, SUBSETTED]}


def test_a_part_of_a_part_is_tagged_once() -> None:
    once = part(patient(), summary="data")
    assert part(once, summary="data") == once


def test_numbers_keep_the_form_they_were_written_in() -> None:
    wanted = asked([("_summary", "true")])
    assert wanted is not None
    body = b'{"resourceType":"Observation","status":"final","code":{"text":"c"},"valueQuantity":{"value":1.10}}'
    assert b'"value":1.10}' in subset(body, wanted)


@pytest.mark.parametrize("name", EXAMPLES)
@pytest.mark.parametrize("query", [{"summary": "true"}, {"summary": "text"}, {"summary": "data"}, {"elements": "meta"}])
def test_a_part_of_a_good_resource_is_good_in_shape(name: str, query: dict[str, str]) -> None:
    wrong = [issue for issue in check(name, part(minimal(name), **query)) if issue.code in ("structure", "required")]
    assert wrong == []


def test_a_summary_of_what_others_wrote_is_good_in_shape() -> None:
    for name, body in reference.examples().items():
        tree = json.parse(body)
        kept = part(tree, summary="true")
        assert [i for i in check(tree["resourceType"], kept) if i.code in ("structure", "required")] == [], name


@settings(max_examples=60, deadline=None)
@given(trees.resources())
def test_a_summary_has_nothing_that_the_whole_has_not(tree: JsonObject) -> None:
    kept = part(tree, summary="true")
    kept["meta"]["tag"].pop()
    assert _is_part(kept, {"meta": {"tag": []}, **tree}, {"meta"})
    flags = shape_of(tree["resourceType"])
    assert all(n in ("resourceType", "meta", "contained") or _counts(flags[n.removeprefix("_")]) for n in kept)


def _counts(field: Any) -> bool:
    return bool(field.summary or field.mandatory or field.modifier)


def _is_part(kept: Any, whole: Any, made: set[str] = frozenset()) -> bool:  # type: ignore[assignment]
    if isinstance(kept, dict) and isinstance(whole, dict):
        return all(key in made or (key in whole and _is_part(value, whole[key])) for key, value in kept.items())
    if isinstance(kept, list) and isinstance(whole, list):
        return len(kept) <= len(whole) and all(any(_is_part(item, other) for other in whole) for item in kept)
    return bool(kept == whole)


@pytest.mark.parametrize("pairs", [[], [("_summary", "false")], [("name", "x")], [("_elements", "")]])
def test_who_asks_for_nothing_special_gets_the_whole(pairs: list[tuple[str, str]]) -> None:
    assert asked(pairs) is None


@pytest.mark.parametrize(
    ("pairs", "rule"),
    [
        ([("_summary", "yes")], "summary-value"),
        ([("_summary", "True")], "summary-value"),
        ([("_summary", "true"), ("_summary", "data")], "summary-value"),
        ([("_elements", "colour")], "elements-value"),
        ([("_elements", "name.family")], "elements-value"),
        ([("_elements", "name,,id")], "elements-value"),
        ([("_elements", ",".join(["id"] * 101))], "elements-value"),
        ([("_summary", "true"), ("_elements", "id")], "summary-elements"),
    ],
)
def test_what_r4_does_not_know_is_refused(pairs: list[tuple[str, str]], rule: str) -> None:
    with pytest.raises(Refusal) as refusal:
        asked(pairs)
    assert (refusal.value.issues[0].code, refusal.value.issues[0].rule) == ("value", rule)


def test_one_resource_has_no_count() -> None:
    with pytest.raises(Refusal) as refusal:
        part(patient(), summary="count")
    assert refusal.value.issues[0].rule == "summary-count"


def test_elements_may_be_listed_in_several_parts() -> None:
    wanted = asked([("_elements", "name, gender"), ("_elements", "id")])
    assert wanted is not None
    assert wanted.elements == {"name", "gender", "id"}


def test_every_type_has_its_summary() -> None:
    """What is mandatory at the top is there whatever the flags say; a type without any flag would have nothing."""
    assert all(any(field.summary for field in shape_of(name).values()) for name in r4().resource_types)
