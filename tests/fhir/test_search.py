"""A query string becomes data, or is refused for what it would cost or for having no meaning."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from app.fhir.errors import Refusal, TooCostly, UnknownParameter, Value
from app.fhir.registry import Registry
from app.fhir.search import (
    DEFAULT_COUNT,
    MAX_COUNT,
    Chain,
    Has,
    Ids,
    Include,
    Query,
    Sort,
    Term,
    Updated,
    parse_query,
)
from app.fhir.search_values import DateMatch, PairMatch, QuantityMatch, ReferenceMatch, StringMatch, TokenMatch

BASE = "https://network.example/fhir"
REMOTE = "https://ehr.example/Organization/7"
REGISTRY = Registry.load()
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def query(type_name: str, *pairs: tuple[str, str]) -> Query:
    return parse_query(REGISTRY, type_name, list(pairs), BASE, now=NOW)


def term(type_name: str, name: str, value: str) -> Term:
    (found,) = query(type_name, (name, value)).terms
    assert isinstance(found, Term)
    return found


@pytest.mark.parametrize(
    ("value", "match"),
    [
        ("requested", TokenMatch(None, "requested")),
        ("https://s.example|requested", TokenMatch("https://s.example", "requested")),
        ("|requested", TokenMatch(None, "requested", no_system=True)),
        ("https://s.example|", TokenMatch("https://s.example", None)),
        (r"a\,b", TokenMatch(None, "a,b")),
        (r"a\|b", TokenMatch(None, "a|b")),
        (r"s|a\|b\$c\\d", TokenMatch("s", r"a|b$c\d")),
    ],
)
def test_a_token_has_four_forms_and_escapes(value: str, match: TokenMatch) -> None:
    assert term("Task", "status", value).matches == (match,)


def test_values_parted_by_commas_are_alternatives_and_repeated_parameters_must_all_hold() -> None:
    found = query("Task", ("status", "requested,accepted"), ("status", "accepted"))
    assert [len(t.matches) for t in found.terms if isinstance(t, Term)] == [2, 1]


@pytest.mark.parametrize(
    ("name", "value", "match"),
    [
        ("owner", "7", ReferenceMatch("7", None, "7")),
        ("focus", "7", ReferenceMatch("7", None, "7")),
        ("patient", "7", ReferenceMatch("7", "Patient", "7")),
        ("owner", "Organization/7", ReferenceMatch("Organization/7", "Organization", "7")),
        ("owner:Organization", "7", ReferenceMatch("7", "Organization", "7")),
        ("owner", f"{BASE}/Organization/7", ReferenceMatch(f"{BASE}/Organization/7", "Organization", "7")),
        ("owner", REMOTE, ReferenceMatch(REMOTE, "Organization", None)),
        ("focus", "urn:oid:1.2", ReferenceMatch("urn:oid:1.2", None, None)),
        ("owner:identifier", "s|7", TokenMatch("s", "7")),
    ],
)  # fmt: skip
def test_a_reference_is_an_id_a_literal_or_an_address(name: str, value: str, match: object) -> None:
    assert term("Task", name, value).matches == (match,)


def test_a_canonical_keeps_its_version() -> None:
    (match,) = term("QuestionnaireResponse", "questionnaire", "https://x.example/Questionnaire/q|1.0").matches
    assert isinstance(match, ReferenceMatch)
    assert match.text == "https://x.example/Questionnaire/q|1.0"


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("100", ("eq", "100", "99.5", "100.5", None, None, None)),
        ("100.00", ("eq", "100.00", "99.995", "100.005", None, None, None)),
        ("1.00e2", ("eq", "1.00e2", "99.5", "100.5", None, None, None)),
        ("gt5.4|http://unitsofmeasure.org|mg", ("gt", "5.4", "5.35", "5.45", "http://unitsofmeasure.org", "mg", None)),
        ("5.4||mg", ("eq", "5.4", "5.35", "5.45", None, None, "mg")),
        ("5.4|s|", ("eq", "5.4", "5.35", "5.45", "s", None, None)),
        ("ap-50", ("ap", "-50", "-55", "-45", None, None, None)),
        ("ap1", ("ap", "1", "0.5", "1.5", None, None, None)),
    ],
)
def test_a_quantity_has_a_prefix_a_precision_and_a_unit(text: str, match: tuple[Any, ...]) -> None:
    prefix, value, least, most, *unit = match
    wanted = QuantityMatch(prefix, Decimal(value), Decimal(least), Decimal(most), *unit)
    assert term("Observation", "value-quantity", text).matches == (wanted,)


@pytest.mark.parametrize(
    "text", ["", "x", "5,4x", "5.4|mg", "5.4||", "1e999", "Infinity", "NaN", "0x1", "1_0", "eq", "٣"]
)
def test_what_is_no_quantity_is_refused(text: str) -> None:
    with pytest.raises(Value):
        query("Observation", ("value-quantity", text))


def test_a_composite_is_two_tokens_and_an_identifier_may_be_sought_by_its_type() -> None:
    pair = PairMatch(TokenMatch("http://loinc.org", "88122-7"), TokenMatch(None, "LA28397-0"))
    assert term("Observation", "code-value-concept", "http://loinc.org|88122-7$LA28397-0").matches == (pair,)
    for text in ("a", "a$", "$b", "a$b$c"):
        with pytest.raises(Value):
            query("Observation", ("code-value-concept", text))
    with pytest.raises(UnknownParameter):
        query("Observation", ("code-value-concept:missing", "true"))
    typed = PairMatch(TokenMatch("s", "MR"), TokenMatch(None, "7|8"))
    assert term("Patient", "identifier:of-type", r"s|MR|7\|8").matches == (typed,)


def test_the_words_of_a_code_and_any_part_of_a_name_may_be_sought() -> None:
    assert term("Observation", "code:text", "Hambre Á").matches == (StringMatch("hambre a"),)
    assert term("Patient", "name:contains", "ÚÑ").matches == (StringMatch("un", "contains"),)


def test_a_date_is_approximately_one_within_a_tenth_of_the_time_since() -> None:
    (match,) = term("Patient", "birthdate", "ap2026-11-12").matches
    assert isinstance(match, DateMatch)
    gap = (NOW - datetime(2026, 11, 13, tzinfo=UTC)) / 10
    assert (match.start, match.end) == (
        datetime(2026, 11, 12, tzinfo=UTC) - gap,
        datetime(2026, 11, 13, tzinfo=UTC) + gap,
    )
    (today,) = term("Patient", "birthdate", "ap2026-11-22").matches
    assert isinstance(today, DateMatch)
    assert today.end - today.start == timedelta(days=1)
    assert term("Patient", "birthdate", "ap0001").matches
    assert term("Patient", "birthdate", "ap9999-12-31").matches


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


BUILDING = REGISTRY.while_building(
    frozenset((("Task", "status"), ("Patient", "name"), ("Provenance", "target"), ("Task", "focus"))),
    frozenset((("Task", "code"), ("Patient", "identifier"))),
)


@pytest.mark.parametrize(
    ("name", "value"),
    [("status", "accepted"), ("status:missing", "true"), ("patient.name", "x"), ("_has:Task:focus:code", "x"), ("_sort", "status"),
     ("_include", "Task:focus"), ("_revinclude", "Provenance:target"), ("code:text", "x"), ("identifier", "")],
)  # fmt: skip
def test_a_parameter_that_is_being_built_is_refused_wherever_it_stands(name: str, value: str) -> None:
    with pytest.raises(Refusal) as refusal:
        parse_query(BUILDING, "Task", [(name, value)], BASE, now=NOW)
    if name != "identifier":
        assert refusal.value.issues[0].rule == "search-building"


def test_a_parameter_that_is_being_renewed_answers_what_it_answered_before() -> None:
    found = parse_query(BUILDING, "Task", [("code", "fulfill"), ("patient.identifier", "s|1")], BASE, now=NOW)
    assert len(found.terms) == 2


@pytest.mark.parametrize("prefix", ["eq", "ne", "gt", "ge", "lt", "le", "sa", "eb"])
def test_a_date_has_a_prefix(prefix: str) -> None:
    day = datetime(2024, 6, 1, tzinfo=UTC)
    assert term("Patient", "birthdate", f"{prefix}2024-06-01").matches == (DateMatch(prefix, day, day.replace(day=2)),)


def test_a_date_without_prefix_means_equal() -> None:
    (match,) = term("Patient", "birthdate", "2024").matches
    assert isinstance(match, DateMatch)
    assert match.prefix == "eq"


def test_a_name_is_compared_without_case_and_accents_unless_exact() -> None:
    assert term("Patient", "name", "NÚÑEZ  de").matches == (StringMatch("nunez de"),)
    assert term("Patient", "name:exact", "Núñez").matches == (StringMatch("Núñez", "exact"),)


def test_modifiers() -> None:
    assert term("Task", "owner:missing", "true").missing is True
    assert term("Task", "owner:missing", "false").missing is False
    assert term("Task", "status:not", "completed").negated
    assert not term("Task", "status", "completed").negated


def test_a_chain_follows_a_reference_to_every_type_that_has_the_parameter() -> None:
    (chain,) = query("Task", ("patient.identifier", "s|1")).terms
    assert isinstance(chain, Chain)
    ((target, then),) = chain.branches
    assert (target, chain.parameter.code) == ("Patient", "patient")
    assert isinstance(then, Term)
    assert then.matches == (TokenMatch("s", "1"),)
    (open_chain,) = query("Task", ("focus.status", "active")).terms
    assert isinstance(open_chain, Chain)
    assert {name for name, _ in open_chain.branches} >= {"ServiceRequest", "Procedure", "Consent"}


def test_a_chain_may_have_two_hops_and_name_a_type() -> None:
    (chain,) = query("Task", ("focus:ServiceRequest.patient.family", "x")).terms
    assert isinstance(chain, Chain)
    ((first, then),) = chain.branches
    assert first == "ServiceRequest"
    assert isinstance(then, Chain)
    assert then.branches[0][0] == "Patient"


def test_includes_of_the_guide_also_with_its_slip() -> None:
    assert query("Task", ("_include", "Task:focus")).includes == (Include(REGISTRY.types["Task"].parameters["focus"]),)
    assert len(query("HealthcareService", ("_include", "HealthCareService:location")).includes) == 1
    (include,) = query("Consent", ("_include", "Consent:source-reference:DocumentReference")).includes
    assert include.target == "DocumentReference"


def test_ids_and_last_updated() -> None:
    found = query(
        "Task", ("_id", "a,b,c"), ("_id", "b,c,d"), ("_lastUpdated", "gt2024-01-01"), ("_lastUpdated", "le2025")
    )
    assert found.ids == ("b", "c")
    assert [[match.prefix for match in alternatives] for alternatives in found.last_updated] == [["gt"], ["le"]]
    assert query("Task", ("_id", "not an id")).ids == ()
    assert query("Task").ids is None


@pytest.mark.parametrize(("text", "count"), [("0", 0), ("1", 1), ("500", 500), ("1000000000", MAX_COUNT)])
def test_count_is_capped_and_zero_asks_for_the_number(text: str, count: int) -> None:
    assert query("Task", ("_count", text)).count == count


def test_without_a_word_a_page_has_fifty_and_no_total() -> None:
    assert (query("Task").count, query("Task").total) == (DEFAULT_COUNT, "none")
    assert query("Task", ("_total", "accurate")).total == "accurate"


def test_what_the_registry_does_not_list_is_named_once() -> None:
    found = query("Task", ("foo", "1"), ("foo", "2"), ("_has:Task:x:y", "1"), ("owner.nothing", "x"),
                  ("_revinclude", "x"), ("_include", "Task:encounter"), ("<script>", "x"), ("status.x", "y"))  # fmt: skip
    assert found.unknown == (
        "foo", "_has:Task:x:y", "owner.nothing", "_revinclude", "_include", "(a name with other characters)", "status.x",
    )  # fmt: skip
    assert found.terms == ()


REFUSED: list[tuple[str, str, type[Refusal]]] = [
    ("_count", "-1", Value),
    ("_count", "abc", Value),
    ("_count", "１", Value),
    ("_total", "maybe", Value),
    ("status", "", Value),
    ("status", "a,,b", Value),
    ("status", "|", Value),
    ("status", "a\x00", Value),
    ("status\x00", "a", Value),
    ("status", "\ud800", Value),
    ("status", ",".join("a" * 201), Value),
    ("owner:missing", "perhaps", Value),
    ("owner", "a b", Value),
    ("owner", "javascript:x", Value),
    ("owner:Organization", "Patient/1", Value),
    ("_lastUpdated", "yesterday", Value),
    ("_lastUpdated", "gt2024-02-30", Value),
    ("_include", "*", TooCostly),
    ("_include", "Task:*", TooCostly),
    ("_include:iterate", "Task:focus", TooCostly),
    ("a.b.c.d", "x", TooCostly),
    (".".join(["subject"] * 10), "x", TooCostly),
    ("status:text", "x", UnknownParameter),
    ("owner:not", "x", UnknownParameter),
    ("owner:Observation", "1", UnknownParameter),
    ("focus:Nobody", "1", Value),
    ("authored-on:exact", "2024", UnknownParameter),
    ("_profile:below", "https://x.example", UnknownParameter),
    ("_id:not", "1", UnknownParameter),
    ("_lastUpdated:missing", "true", UnknownParameter),
    ("identifier:of-type", "s|7", Value),
    ("identifier:of-type", "s||7", Value),
    ("status", r"a\b", Value),
    ("_has:Task", "x", Value),
    ("_has:Task:focus:_has:Task:focus:patient.name", "x", TooCostly),
    ("owner._has:Task:owner:_has:Task:focus:code", "x", TooCostly),
    ("_revinclude", "*", TooCostly),
    ("_revinclude", "Task:*", TooCostly),
    ("_revinclude:iterate", "Task:focus", TooCostly),
    ("_sort", "owner", UnknownParameter),
    ("_sort", "nothing", UnknownParameter),
    ("_sort", "-", UnknownParameter),
    ("_sort", ",".join(["status"] * 6), TooCostly),
]


@pytest.mark.parametrize(("name", "value", "kind"), REFUSED)
def test_what_has_no_meaning_or_costs_too_much_is_refused(name: str, value: str, kind: type[Refusal]) -> None:
    with pytest.raises(kind) as refusal:
        query("Task", (name, value))
    assert type(refusal.value) is kind
    message = refusal.value.issues[0].message
    assert len(value) < 5 or value == "Task:focus" or value not in message


def test_too_many_parameters_or_includes_are_refused() -> None:
    query("Task", *[("status", "x")] * 50)
    with pytest.raises(TooCostly):
        query("Task", *[("status", "x")] * 51)
    query("Task", *[("_include", "Task:focus")] * 10)
    with pytest.raises(TooCostly):
        query("Task", *[("_include", "Task:focus")] * 11)


def test_count_may_be_given_once() -> None:
    with pytest.raises(Value):
        query("Task", ("_count", "1"), ("_count", "2"))
