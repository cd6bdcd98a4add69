"""What the index keeps of quantities, pairs and words, and of what every type has."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from app.fhir.index_values import PairValue, StringValue
from app.fhir.json import Number
from tests.fhir.test_index_values import tokens, values


def quantities(type_name: str, param: str, **changes: Any) -> list[tuple[str, ...]]:
    """Least, low, high, most, system, code and unit, as texts."""
    found = values(type_name, **changes).quantities
    return [tuple(map(str, each[1:])) for each in found if each.param == param]


@pytest.mark.parametrize(
    ("value", "bounds"),
    [
        ("5.4", ("5.35", "5.4", "5.4", "5.45")),
        ("5.40", ("5.395", "5.40", "5.40", "5.405")),
        ("2.0", ("1.95", "2.0", "2.0", "2.05")),
        ("100", ("99.5", "100", "100", "100.5")),
        ("1e2", ("50", "1E+2", "1E+2", "150")),
        ("1e99", ("Infinity", "Infinity", "Infinity", "Infinity")),
        ("1e-99", ("0", "0", "0", "0")),
    ],
)
def test_a_quantity_is_as_wide_as_it_was_written(value: str, bounds: tuple[str, ...]) -> None:
    written: Any = int(value) if value.isdigit() else Number(value)
    quantity = {"value": written, "unit": "milligram", "system": "http://unitsofmeasure.org", "code": "mg"}
    found = quantities("Observation", "value-quantity", valueQuantity=quantity)
    assert [tuple(map(Decimal, each[:4])) for each in found] == [tuple(map(Decimal, bounds))]
    assert found[0][4:] == ("http://unitsofmeasure.org", "mg", "milligram")


def test_a_comparator_makes_a_quantity_endless_on_one_side() -> None:
    for comparator, bounds in (("<", ("-Infinity", "-Infinity", "5", "5")), (">=", ("5", "5", "Infinity", "Infinity"))):
        quantity = {"value": 5, "comparator": comparator}
        assert quantities("Observation", "value-quantity", valueQuantity=quantity) == [(*bounds, "", "", "")]


def test_an_identifier_is_found_by_the_codes_of_its_type() -> None:
    kind = {"coding": [{"system": "s", "code": "MR"}, {"code": "x"}, {"system": "s"}], "text": "Record number"}
    found = values("Patient", identifier=[{"type": kind, "value": "7"}, {"type": kind}])
    assert found.pairs == [PairValue("identifier", "s", "MR", None, "7"), PairValue("identifier", None, "x", None, "7")]
    assert StringValue("identifier", "record number", "Record number") in found.strings


def test_the_words_of_a_code_are_kept_under_its_parameter() -> None:
    code = {"coding": [{"system": "s", "code": "c", "display": "Hunger"}], "text": "Está hambriento"}
    found = [each for each in values("Observation", code=code).strings if each.param == "code"]
    assert found == [StringValue("code", "hunger", "Hunger"), StringValue("code", "esta hambriento", "Está hambriento")]


def test_a_composite_pairs_what_stands_at_one_place() -> None:
    def component(code: str, value: str) -> dict[str, Any]:
        return {"code": _concept(code), "valueCodeableConcept": _concept(value)}

    found = values("Observation", code=_concept("a"), valueCodeableConcept=_concept("b"),
                   component=[component("c", "d"), component("e", "f")])  # fmt: skip
    pairs = [(each.first, each.second) for each in found.pairs if each.param == "component-code-value-concept"]
    assert pairs == [("c", "d"), ("e", "f")]
    assert [(p.first, p.second) for p in found.pairs if p.param == "code-value-concept"] == [("a", "b")]


def test_a_composite_of_many_codings_stays_small() -> None:
    many = {"coding": [{"code": f"c{number}"} for number in range(500)]}
    found = values("Observation", code=many, valueCodeableConcept=many)
    assert len([each for each in found.pairs if each.param == "code-value-concept"]) == 400
    assert len(tokens(found, "code")) == 500


def _concept(code: str) -> dict[str, Any]:
    return {"coding": [{"code": code}]}


def test_what_every_type_has_is_read_from_its_meta() -> None:
    meta = {"profile": ["https://x.example/p"], "tag": [{"system": "s", "code": "t"}], "source": "https://y.example"}
    found = values("Location", meta=meta)
    assert [(uri.param, uri.value) for uri in found.uris] == [
        ("_profile", "https://x.example/p"), ("_source", "https://y.example"),
    ]  # fmt: skip
    assert tokens(found, "_tag") == [("s", "t")]


def test_a_canonical_is_found_with_its_version_and_without() -> None:
    found = values("Location", meta={"profile": ["https://x.example/p|7.0.0", "https://x.example/q"], "source": "x|y"})
    assert [(uri.value, uri.version) for uri in found.uris if uri.param == "_profile"] == [
        ("https://x.example/p|7.0.0", ""), ("https://x.example/p", "7.0.0"), ("https://x.example/q", ""),
    ]  # fmt: skip
    assert [uri.value for uri in found.uris if uri.param == "_source"] == ["x|y"]


def test_a_token_that_is_a_plain_string_is_kept_without_its_case() -> None:
    assert tokens(values("Questionnaire", version="V2-Beta"), "version") == [(None, "v2-beta")]


def test_a_reference_in_words_alone_is_not_missing() -> None:
    (found,) = [each for each in values("Task", owner={"display": "The pantry"}).references if each.param == "owner"]
    assert (found.text, found.type, found.id) == ("", None, None)
