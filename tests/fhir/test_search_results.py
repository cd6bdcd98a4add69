"""Chains backwards, orders, what comes along, and parameters that are being built."""

from __future__ import annotations

import pytest

from app.fhir.errors import Refusal, TooCostly, Value
from app.fhir.search import (
    Chain,
    Has,
    Ids,
    Sort,
    Term,
    Updated,
    parse_query,
)
from app.fhir.search_values import StringMatch, TokenMatch
from tests.fhir.test_search import BASE, NOW, REGISTRY, query


def test_what_refers_to_a_resource_may_be_asked_for() -> None:
    (has,) = query("Patient", ("_has:Observation:patient:code", "1234-5")).terms
    assert isinstance(has, Has)
    assert (has.parameter.type, has.parameter.code) == ("Observation", "patient")
    assert isinstance(has.then, Term)
    (nested,) = query("Patient", ("_has:ServiceRequest:patient:_has:Task:focus:status", "accepted")).terms
    assert isinstance(nested, Has)
    assert isinstance(nested.then, Has)
    (mixed,) = query("Task", ("focus:ServiceRequest._has:Task:focus:status", "accepted")).terms
    assert isinstance(mixed, Chain)
    (chained,) = query("Patient", ("_has:Task:patient:focus:ServiceRequest.status", "active")).terms
    assert isinstance(chained, Has)
    assert isinstance(chained.then, Chain)
    assert query("Patient", ("_has:Observation:based-on:code", "x")).unknown == ("_has:Observation:based-on:code",)


def test_a_chain_may_end_in_an_id_or_a_time() -> None:
    (chain,) = query("Task", ("patient._id", "a,b")).terms
    assert isinstance(chain, Chain)
    assert chain.branches == (("Patient", Ids(("a", "b"))),)
    (chain,) = query("Task", ("patient._lastUpdated", "ge2024")).terms
    assert isinstance(chain, Chain)
    assert isinstance(chain.branches[0][1], Updated)


def test_an_order_has_several_keys_up_and_down() -> None:
    parameters = REGISTRY.types["Task"].parameters
    assert query("Task", ("_sort", "status,-authored-on,_lastUpdated,-_id")).sort == (
        Sort(parameters["status"]), Sort(parameters["authored-on"], True), Sort("_lastUpdated"), Sort("_id", True),
    )  # fmt: skip
    assert query("Task").sort == ()
    with pytest.raises(Value):
        query("Task", ("_sort", "status"), ("_sort", "code"))


def test_what_refers_may_come_along_when_the_type_declares_it() -> None:
    (back,) = query("Task", ("_revinclude", "Provenance:target")).revincludes
    assert (back.parameter.type, back.parameter.code) == ("Provenance", "target")
    assert len(query("Task", ("_revinclude", "Task:part-of:Task")).revincludes) == 1
    assert query("Task", ("_revinclude", "Task:part-of:Patient")).unknown == ("_revinclude",)
    assert query("Task", ("_revinclude", "Patient:organization")).unknown == ("_revinclude",)
    with pytest.raises(TooCostly):
        query("Task", *[("_revinclude", "Provenance:target")] * 6, *[("_include", "Task:focus")] * 5)


def test_what_is_used_is_told_apart_from_what_is_not_known() -> None:
    found = query("Task", ("status", "accepted"), ("foo", "1"), ("_sort", "status"), ("_format", "json"))
    assert found.used == (("status", "accepted"), ("_sort", "status"), ("_format", "json"))
    assert query("Task", ("_summary", "count"), ("_count", "7")).count == 0


def test_a_parameter_without_a_value_is_passed_over() -> None:
    """search.html#parameters: it is no error."""
    empty = [(name, "") for name in ("status", "_count", "_sort", "_total", "_summary", "_elements", "_include", "foo")]
    found = query("Task", *empty, ("owner", "Organization/1"))
    assert found == query("Task", ("owner", "Organization/1"))
    assert found.used == (("owner", "Organization/1"),)


@pytest.mark.parametrize("name", ["_include", "_revinclude"])
def test_nothing_comes_along_with_texts_alone(name: str) -> None:
    """search.html#summary."""
    with pytest.raises(Value):
        query("Task", (name, "Task:focus"), ("_summary", "text"))
    assert query("Task", (name, "Task:focus"), ("_summary", "data"))


BUILDING = REGISTRY.while_building(
    frozenset((("Task", "status"), ("Patient", "name"), ("Provenance", "target"), ("Task", "focus"))),
    frozenset((("Task", "code"), ("Patient", "identifier"))),
)


@pytest.mark.parametrize(
    ("name", "value"),
    [("status", "accepted"), ("status:missing", "true"), ("patient.name", "x"), ("_has:Task:focus:code", "x"), ("_sort", "status"),
     ("_include", "Task:focus"), ("_revinclude", "Provenance:target"), ("code:text", "x")],
)  # fmt: skip
def test_a_parameter_that_is_being_built_is_refused_wherever_it_stands(name: str, value: str) -> None:
    with pytest.raises(Refusal) as refusal:
        parse_query(BUILDING, "Task", [(name, value)], BASE, now=NOW)
    assert refusal.value.issues[0].rule == "search-building"


def test_a_parameter_that_is_being_renewed_answers_what_it_answered_before() -> None:
    found = parse_query(BUILDING, "Task", [("code", "fulfill"), ("patient.identifier", "s|1")], BASE, now=NOW)
    assert len(found.terms) == 2


def test_while_it_is_renewed_a_value_is_also_what_it_was_in_the_rows_of_before() -> None:
    renewing = frozenset((("Patient", "name"), ("Questionnaire", "version")))
    registry = REGISTRY.while_building(frozenset(), renewing)
    expected = {
        ("Patient", "name", "O'Brien"): (StringMatch("obrien"), StringMatch("o'brien")),
        ("Patient", "name:contains", "'B"): (StringMatch("b", "contains"), StringMatch("'b", "contains")),
        ("Patient", "name:exact", "O'Brien"): (StringMatch("O'Brien", "exact"),),
        ("Patient", "name", "Brien"): (StringMatch("brien"),),
        ("Patient", "family", "O'Brien"): (StringMatch("obrien"),),
        ("Questionnaire", "version", "V2"): (TokenMatch(None, "v2"), TokenMatch(None, "V2")),
    }
    for (kind, name, value), matches in expected.items():
        (found,) = parse_query(registry, kind, [(name, value)], BASE, now=NOW).terms
        assert isinstance(found, Term)
        assert found.matches == matches, (name, value)
