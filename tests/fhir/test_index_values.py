"""The index keeps what the official FHIRPath expressions find, in the shape that a search compares."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from typing import Any

import fhirpathpy
from fhirpathpy.models import models

from app.fhir.dates import EARLIEST, LATEST
from app.fhir.index_values import (
    DateValue,
    IndexValues,
    ReferenceValue,
    StringValue,
    extract,
)
from app.fhir.json import JsonObject, Number, parse
from app.fhir.references import type_of
from app.fhir.registry import Registry, SearchParameter
from app.fhir.tables import PROFILES
from tests.fhir import reference
from tests.fhir.builders import DELETE, minimal

BASE = "https://network.example/fhir"
REGISTRY = Registry.load()


def values(type_name: str, **changes: Any) -> IndexValues:
    return extract(REGISTRY.types[type_name], minimal(type_name, **changes), BASE)


def tokens(found: IndexValues, param: str) -> list[tuple[str | None, str]]:
    return [(token.system, token.value) for token in found.tokens if token.param == param]


# --- the oracle: R4's own expressions, run by fhirpathpy ------------------------------------------------------------


def all_examples() -> list[JsonObject]:
    trees = [parse(body) for body in reference.examples().values()]
    trees += [parse((PROFILES / "examples" / name / "minimal.json").read_bytes()) for name in REGISTRY.types]
    return [tree for tree in trees if tree["resourceType"] in REGISTRY.types]


def expected(parameter: SearchParameter, tree: JsonObject) -> set[str]:
    """What the official expression finds, each value reduced to one text."""
    definition = reference.search_parameters()[parameter.url]
    expression = definition["expression"].replace("Resource.meta", f"{parameter.type}.meta")
    parts = [part for part in expression.split(" | ") if parameter.type in part]
    found: set[str] = set()
    for part in parts:
        for node in _compiled(_without_resolve(part))(_plain(tree)):
            if " is Patient" not in part or _points_to_patient(node):
                found |= _reduced(parameter.kind, node)
    return found


@cache
def _compiled(expression: str) -> Callable[[Any], list[Any]]:
    compiled = fhirpathpy.compile(expression, models["r4"])
    return lambda tree: compiled(tree, None)


def _without_resolve(expression: str) -> str:
    """fhirpathpy cannot resolve references (what it would tell is in the reference's text), and takes `as` of one value
    only, where R4 means each."""
    return re.sub(r"\(([\w.]+) as (\w+)\)", r"\1.ofType(\2)", expression.replace(".where(resolve() is Patient)", ""))


def _points_to_patient(node: dict[str, Any]) -> bool:
    return type_of(node.get("reference", "")) == "Patient" or node.get("type") == "Patient"


def _reduced(kind: str, node: Any) -> set[str]:
    if kind == "token" and isinstance(node, dict):
        pairs = node.get("coding", []) if "coding" in node or "text" in node else [node]
        return {f"{_namespace(pair)}|{pair.get('code', pair.get('value'))}" for pair in pairs}
    if kind == "token":
        return {f"|{'true' if node is True else 'false' if node is False else node}"}
    if kind == "reference":
        if isinstance(node, dict):
            return {text for text in (node.get("reference"),) if text and not text.startswith("#")}
        return {node, node.partition("|")[0]}
    if kind == "string" and isinstance(node, dict):
        single = ("family", "text", "city", "district", "state", "postalCode", "country")
        parts = [node.get(name) for name in single] + [
            item for name in ("given", "prefix", "suffix", "line") for item in node.get(name, [])
        ]
        return {part for part in parts if part}
    return {str(node) if not isinstance(node, dict) else "period"}


def _namespace(pair: dict[str, Any]) -> str:
    """A ContactPoint's system is a word, and no namespace."""
    system: str = pair.get("system", "")
    return system if ":" in system else ""


def indexed(parameter: SearchParameter, tree: JsonObject, found: IndexValues) -> set[str]:
    """What our walkers found, reduced in the same way; a code's implied system is left out."""
    code = parameter.code
    if parameter.kind == "token":
        implied = {token.system for token in found.tokens if token.param == code and str(token.system) not in str(tree)}
        return {
            f"{'' if t.system in implied or t.system is None else t.system}|{t.value}"
            for t in found.tokens
            if t.param == code
        }
    if parameter.kind == "reference":
        return {reference.text for reference in found.references if reference.param == code and reference.text}
    if parameter.kind == "uri":
        return {uri.value for uri in found.uris if uri.param == code and not uri.version}
    return {string.exact for string in found.strings if string.param == code}


def _asks_for_codes(parameter: SearchParameter) -> bool:
    expression: str = reference.search_parameters()[parameter.url]["expression"]
    return expression.endswith("value.code")


def _plain(node: Any) -> Any:
    if isinstance(node, dict):
        return {name: _plain(value) for name, value in node.items()}
    if isinstance(node, list):
        return [_plain(item) for item in node]
    return float(node.text) if isinstance(node, Number) else node


def test_the_walkers_find_what_the_official_expressions_find() -> None:
    compared = 0
    for tree in all_examples():
        served = REGISTRY.types[tree["resourceType"]]
        found = extract(served, tree, BASE)
        for parameter in served.parameters.values():
            if parameter.kind == "composite":
                continue
            wanted = expected(parameter, tree)
            if parameter.kind in ("date", "quantity", "number"):
                params = [date.param for date in found.dates] + [quantity.param for quantity in found.quantities]
                assert params.count(parameter.code) == len(wanted)
            else:
                kept = indexed(parameter, tree, found)
                if _asks_for_codes(parameter):  # we keep the system too, so that it can be asked for
                    kept = {"|" + each.partition("|")[2] for each in kept}
                assert kept == wanted, (tree["resourceType"], tree["id"], parameter.code)
            compared += len(wanted)
    assert compared > 250


# --- each kind --------------------------------------------------------------------------------------------------------


def test_a_code_belongs_to_the_system_of_its_value_set() -> None:
    assert tokens(values("Task"), "status") == [("http://hl7.org/fhir/task-status", "requested")]


def test_an_identifier_without_system_has_none() -> None:
    found = values("Task", identifier=[{"value": "1"}, {"system": "s", "value": "2"}, {"system": "s"}])
    assert tokens(found, "identifier") == [(None, "1"), ("s", "2"), ("s", "")]


def test_a_value_that_occurs_twice_is_kept_once() -> None:
    coding = {"system": "s", "code": "c"}
    found = values("ServiceRequest", category=[{"coding": [coding, coding]}, {"coding": [coding]}])
    assert tokens(found, "category") == [("s", "c")]


def test_references_of_our_own_base_are_local_and_others_have_no_id() -> None:
    texts = ["Organization/1", f"{BASE}/Organization/2/_history/3", "https://ehr.example/r4/Organization/4"]
    found = [
        ref for text in texts for ref in values("Task", owner={"reference": text}).references if ref.param == "owner"
    ]
    assert found == [
        ReferenceValue("owner", texts[0], "Organization", "1", None, None),
        ReferenceValue("owner", texts[1], "Organization", "2", None, None),
        ReferenceValue("owner", texts[2], "Organization", None, None, None),
    ]


def test_a_reference_by_identifier_keeps_it() -> None:
    owner = {"type": "Organization", "identifier": {"system": "s", "value": "1"}}
    (found,) = [ref for ref in values("Task", owner=owner).references if ref.param == "owner"]
    assert found == ReferenceValue("owner", "", "Organization", None, "s", "1")


def test_patient_finds_patients_only() -> None:
    assert [r for r in values("Task", for_={"reference": "Group/1"}).references if r.param == "patient"] == []
    assert [r for r in values("Task", for_={"reference": "#p"}).references if r.param == "patient"] == []
    assert [r.id for r in values("Task").references if r.param == "patient"] == ["minimal"]


def test_a_canonical_is_found_with_and_without_its_version() -> None:
    found = values("QuestionnaireResponse", questionnaire="https://x.example/q|2")
    assert [r.text for r in found.references if r.param == "questionnaire"] == [
        "https://x.example/q|2", "https://x.example/q",
    ]  # fmt: skip


def test_an_open_period_reaches_to_the_end_of_time() -> None:
    (found,) = values("ServiceRequest", occurrencePeriod={"start": "2024-06"}).dates
    assert found == DateValue("occurrence", datetime(2024, 6, 1, tzinfo=UTC), LATEST)
    (found,) = values("ServiceRequest", occurrencePeriod={"end": "2024-06"}).dates
    assert found == DateValue("occurrence", EARLIEST, datetime(2024, 7, 1, tzinfo=UTC))


def test_a_timing_reaches_from_its_first_event_to_its_last() -> None:
    (found,) = values("ServiceRequest", occurrenceTiming={"event": ["2024-03-05", "2024-01-02"]}).dates
    assert (found.start, found.end) == (datetime(2024, 1, 2, tzinfo=UTC), datetime(2024, 3, 6, tzinfo=UTC))
    bounds = {"repeat": {"boundsPeriod": {"start": "2024", "end": "2025"}}}
    (found,) = values("ServiceRequest", occurrenceTiming=bounds).dates
    assert (found.start.year, found.end.year) == (2024, 2026)


def test_names_are_kept_as_they_stand_and_folded() -> None:
    found = values("Patient", name=[{"family": "Núñez", "given": ["ANA"], "prefix": ["Dra."]}])
    assert {s for s in found.strings if s.param == "name"} == {
        StringValue("name", "nunez", "Núñez"), StringValue("name", "ana", "ANA"), StringValue("name", "dra", "Dra."),
    }  # fmt: skip
    assert [s.exact for s in found.strings if s.param == "family"] == ["Núñez"]


def test_values_of_a_wrong_shape_are_passed_over() -> None:
    found = values("Task", status=["x"], code="fulfill", for_="Patient/1", owner=[{"reference": "Patient/1"}],
                   output={"valueReference": 1}, identifier=[1, None, {"value": 5}])  # fmt: skip
    assert {token.param for token in found.tokens} == {"intent"}
    assert {r.param for r in found.references} == {"focus", "requester"}
    assert values("Goal", target=[{"dueDate": "soon"}]).dates == []


def test_what_is_absent_leaves_nothing() -> None:
    found = extract(REGISTRY.types["Organization"], minimal("Organization", name=DELETE, active=DELETE), BASE)
    assert found == IndexValues()
