"""The values of a search: numbers with their precision, pairs, words, and what is near to a date."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from app.fhir.errors import UnknownParameter, Value
from app.fhir.search_values import DateMatch, PairMatch, QuantityMatch, StringMatch, TokenMatch
from tests.fhir.test_search import NOW, query, term


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


@pytest.mark.parametrize("text", ["x", "5,4x", "5.4|mg", "5.4||", "1e999", "Infinity", "NaN", "0x1", "1_0", "eq", "٣"])
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
