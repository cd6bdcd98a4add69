"""What people can be helped with: one need for each category, in words of two languages, with services to choose from."""

import csv

import pytest

from app.domain.referral.needs import NEEDS, OFFERED, PROTECTIVE, UNSPECIFIED, Need, need_of
from tests.parts import SHARED

FOOD = NEEDS[0]
MEALS = "464081000124100"


def name(need: Need) -> str:
    return need.category.code


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
    with (SHARED / "fhir" / "additional-bindings.csv").open(newline="") as stream:
        categories = {row["sdoh_category"] for row in csv.DictReader(stream)}
    assert {name(need) for need in NEEDS} == categories


def test_without_a_choice_the_first_service_is_asked_for_and_the_need_is_said_by_its_label() -> None:
    assert (FOOD.service.display, FOOD.wanted) == ("Referral to food pantry program", "Food")


def test_the_service_that_was_chosen_is_asked_for_and_said() -> None:
    asked = FOOD.asking(MEALS)
    assert asked is not None
    assert asked.service.display == "Referral to home-delivered meals program"
    assert (asked.words, asked.wanted) == ("Food", "Food: meals brought home")


def test_nothing_chosen_is_the_need_itself() -> None:
    asked = FOOD.asking(MEALS)
    assert asked is not None
    assert asked.asking("") == FOOD.asking("") == FOOD


@pytest.mark.parametrize("code", ["S5170", "471091000124105", "0", "Food"])
def test_a_service_that_no_form_offers_for_this_need_cannot_be_chosen(code: str) -> None:
    """A billing code, another need's service, words."""
    assert FOOD.asking(code) is None


@pytest.mark.parametrize("need", NEEDS, ids=name)
def test_every_service_to_choose_from_can_be_chosen_and_has_words_in_both_languages(need: Need) -> None:
    for service in need.services:
        asked = need.asking(service.coded.code)
        assert asked is not None
        assert asked.service == service.coded
        assert service.en
        assert service.es
