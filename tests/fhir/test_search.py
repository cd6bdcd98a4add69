"""A query string becomes data, or is refused for what it would cost or for having no meaning."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from app.fhir.errors import Refusal, TooCostly, UnknownParameter, Value
from app.fhir.registry import Registry
from app.fhir.search import (
    DEFAULT_COUNT,
    MAX_COUNT,
    Chain,
    Include,
    Query,
    Term,
    parse_query,
)
from app.fhir.search_values import DateMatch, ReferenceMatch, StringMatch, TokenMatch

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


def test_a_canonical_of_our_own_is_its_url_and_not_an_address_here() -> None:
    url = f"{BASE}/Questionnaire/q"
    assert term("QuestionnaireResponse", "questionnaire", url).matches == (ReferenceMatch(url, None, None),)


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


def test_a_token_that_is_a_plain_string_is_compared_without_its_case() -> None:
    """R4 search.html#token; codes and identifiers are compared to the letter."""
    assert term("Questionnaire", "version", "V2").matches == (TokenMatch(None, "v2"),)
    assert term("Questionnaire", "version:not", "V2").matches == (TokenMatch(None, "v2"),)
    assert term("Questionnaire", "identifier", "V2").matches == (TokenMatch(None, "V2"),)


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


def test_a_chain_to_any_type_leaves_out_what_is_computed() -> None:
    (chain,) = query("Task", ("focus.date", "2026")).terms
    assert isinstance(chain, Chain)
    assert "AuditEvent" not in {name for name, _ in chain.branches}
    assert query("Task", ("focus.outcome", "0")).unknown == ("focus.outcome",)


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
        "foo", "_has:Task:x:y", "owner.nothing", "_revinclude", "_include", "", "status.x",
    )  # fmt: skip
    assert found.terms == ()


REFUSED: list[tuple[str, str, type[Refusal]]] = [
    ("_count", "-1", Value),
    ("_count", "abc", Value),
    ("_count", "１", Value),
    ("_total", "maybe", Value),
    ("status", ",", Value),
    ("_query", "current", UnknownParameter),
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
    ("_has:AuditEvent:entity:action", "R", UnknownParameter),
    ("_has:Provenance:target:_has:AuditEvent:entity:action", "R", UnknownParameter),
    ("focus:AuditEvent.action", "R", UnknownParameter),
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


def test_a_chain_to_any_type_counts_its_values_for_each() -> None:
    values = ",".join(["a"] * 200)
    with pytest.raises(TooCostly) as refused:
        query("Provenance", ("target.identifier", values))
    assert [issue.rule for issue in refused.value.issues] == ["search-comparisons"]
    assert query("Provenance", ("target:Task.identifier", values)).terms
    assert query("Provenance", ("target.identifier", "a,b")).terms
    with pytest.raises(TooCostly):
        query("Patient", *[("name", values)] * 11)
    assert query("Patient", *[("name", values)] * 10).terms
