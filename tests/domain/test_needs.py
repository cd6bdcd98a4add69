"""What people can be helped with, against the guide's own lists where they are at hand."""

import csv
import json

import pytest

from app.domain.referral.needs import NEEDS, OFFERED, PROTECTIVE, UNSPECIFIED, Need, need_of
from app.domain.referral.words import SEMANTIC_TAG
from tests.parts import SHARED

FHIR = SHARED / "fhir"
BOUND = [need for need in NEEDS if need.category.code not in (PROTECTIVE, UNSPECIFIED)]


def name(need: Need) -> str:
    return need.category.code


def listed(category: str, element: str) -> dict[str, str]:
    """Code -> display without its kind, of a value set that the guide binds to a category."""
    codes = json.loads((FHIR / "valuesets" / f"{category}.{element}.json").read_text())["codes"]
    return {each["code"]: SEMANTIC_TAG.sub("", each["display"]) for each in codes if each.get("inExpansion", True)}


def test_every_need_is_found_by_its_category_and_no_other() -> None:
    assert [need_of(name(need)) for need in NEEDS] == list(NEEDS)
    assert need_of("Food-Insecurity") is need_of("") is None


def test_people_choose_among_different_words_and_strengths_are_not_among_them() -> None:
    words = [need.words for need in OFFERED]
    assert len(set(words)) == len(words) == len(NEEDS) - 1
    assert all(0 < len(each) <= 40 for each in words)
    assert PROTECTIVE not in map(name, OFFERED)
    assert name(OFFERED[-1]) == UNSPECIFIED


@pytest.mark.needs("shared")
def test_there_is_a_need_for_every_category_of_the_guide() -> None:
    with (FHIR / "additional-bindings.csv").open(newline="") as stream:
        categories = {row["sdoh_category"] for row in csv.DictReader(stream)}
    assert {name(need) for need in NEEDS} >= categories
    assert {name(need) for need in NEEDS} - categories <= {UNSPECIFIED}


@pytest.mark.needs("shared")
@pytest.mark.parametrize("need", BOUND, ids=name)
def test_its_codes_and_their_names_stand_in_the_value_sets_of_its_category(need: Need) -> None:
    assert listed(name(need), "ServiceRequest.code")[need.service.code] == need.service.display
    if need.finding:
        assert listed(name(need), "Condition.code")[need.finding.code] == need.finding.display


@pytest.mark.needs("shared")
@pytest.mark.parametrize("category", [UNSPECIFIED, PROTECTIVE])
def test_where_no_value_set_is_bound_the_code_fits_every_category(category: str) -> None:
    need = need_of(category)
    assert need is not None
    assert all(need.service.code in listed(name(each), "ServiceRequest.code") for each in BOUND)
