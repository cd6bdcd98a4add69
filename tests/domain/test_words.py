"""FHIR in people's words: what is there is said, what is missing is '', and nothing makes them fail."""

from typing import Any

import pytest

from app.domain.referral import words
from app.domain.referral.words import Contact


@pytest.mark.parametrize(
    ("names", "shown"),
    [
        ([{"family": "Water", "given": ["Jan", "M."]}], "Jan M. Water"),
        ([{"use": "old", "text": "Before"}, {"use": "usual", "text": "Now"}], "Now"),
        ([{"use": "nickname", "text": "J"}, {"use": "official", "text": "Jan Water"}], "Jan Water"),
        ([{"use": "maiden", "text": "Before"}], ""),
        (
            [{"text": "Before", "period": {"end": "2020-07-22"}}, {"text": "Now", "period": {"start": "2020-07-22"}}],
            "Now",
        ),
        ([{"text": "Only", "period": {"end": "2020"}}], "Only"),
        ([{"use": "official"}, {"text": "Said"}], "Said"),
        ([], ""),
        ("Food Pantry", "Food Pantry"),
    ],
)
def test_a_name_is_the_one_that_is_used(names: Any, shown: str) -> None:
    assert words.person_name({"name": names}) == shown


def test_ways_to_reach_somebody_come_in_their_order_without_old_ones() -> None:
    telecom = [
        {"system": "phone", "value": "2", "rank": 2},
        {"system": "phone", "value": "old", "use": "old"},
        {"system": "email", "value": "a@b.example"},
        {"system": "sms", "value": "1", "rank": 1, "use": "mobile"},
        {"system": "phone"},
    ]
    found = words.contacts({"telecom": telecom})
    assert found == (Contact("sms", "1", "mobile"), Contact("phone", "2"), Contact("email", "a@b.example"))
    assert words.reach([{}, {"telecom": telecom}], "email") == "a@b.example"
    assert words.reach([{}], "phone") == ""


def test_a_need_is_its_code_else_its_category() -> None:
    coded = {"coding": [{"system": "http://snomed.info/sct", "code": "1"}, {"display": "Food pantry"}]}
    assert words.need({"code": coded}) == "Food pantry"
    assert words.need({"category": [{}, {"text": "Food"}]}) == "Food"
    assert words.need({}) == ""
    assert words.codes(coded) == ("SNOMED CT 1",)
    assert words.codes({"coding": [{"system": "urn:x", "code": "2"}]}) == ("Code 2",)


@pytest.mark.parametrize(
    ("system", "display", "said"),
    [
        (words.SNOMED, "Provision of food (procedure)", "Provision of food"),
        (words.SNOMED, "Care (Regime/therapy)", "Care (Regime/therapy)"),
        (words.SNOMED, "Housing (temporary) (finding)", "Housing (temporary)"),
        ("urn:x", "Ours (procedure)", "Ours (procedure)"),
    ],
)
def test_a_full_name_of_snomed_is_said_without_its_kind(system: str, display: str, said: str) -> None:
    assert words.concept({"coding": [{"system": system, "display": display}]}) == said


def test_reasons_are_said_once() -> None:
    request = {"reasonCode": [{"text": "Hungry"}, {"text": "Hungry"}, {}]}
    assert words.reasons(request, [{"code": {"text": "Food insecurity"}}, {}]) == ("Hungry", "Food insecurity")


def test_an_address_is_one_line_of_what_there_is() -> None:
    old = {"use": "old", "text": "Before"}
    assert words.address(
        {"address": [old, {"line": ["1 Main St"], "city": "Town", "state": "MA", "postalCode": "02100"}]}
    ) == ("1 Main St, Town, MA 02100")
    assert words.address({"address": [old, {"city": "Town"}]}) == "Town"
    left = {"city": "Left", "period": {"end": "2020-07-22"}}
    assert words.address({"address": [left, {"city": "Town"}]}) == "Town"
    assert words.address({}) == ""


def test_a_language_is_the_preferred_one() -> None:
    spoken = [{"language": {"text": "English"}}, {"language": {"text": "Español"}, "preferred": True}]
    assert words.language({"communication": spoken}) == "Español"
    assert words.language({"communication": spoken[:1]}) == "English"


@pytest.mark.parametrize(
    ("spoken", "spanish"),
    [
        ([{"language": {"coding": [{"code": "es"}]}, "preferred": True}], True),
        ([{"language": {"coding": [{"code": "es-MX"}]}, "preferred": True}], True),
        ([{"language": {"coding": [{"code": "x"}, {"code": "spa"}]}, "preferred": True}], True),
        ([{"language": {"text": "Spanish"}}], True),
        ([{"language": {"text": "Español"}}], True),
        ([{"language": {"coding": [{"code": "es"}]}}, {"language": {"text": "English"}, "preferred": True}], False),
        ([{"language": {"text": "English"}}, {"language": {"coding": [{"code": "es"}]}}], False),
        ([{"language": {"coding": [{"code": "est", "display": "Estonian"}]}, "preferred": True}], False),
        ([{"preferred": True}], False),
        ([], False),
    ],
)
def test_whoever_prefers_spanish_is_known_by_code_or_word(spoken: Any, spanish: bool) -> None:
    assert words.prefers_spanish({"communication": spoken}) is spanish
    assert not words.prefers_spanish({})


def test_a_person_who_must_not_be_contacted_is_known() -> None:
    detail = [{"coding": [{"code": words.CONTACT_PROHIBITED}]}]
    assert words.contact_prohibited({"orderDetail": detail})
    assert not words.contact_prohibited({"orderDetail": [{"text": "x"}]})


def test_every_status_of_a_referral_has_words() -> None:
    from app.domain.referral.transitions import REFERRAL_TASK, statuses

    assert all(words.status_words(status) for status in statuses(REFERRAL_TASK))
    assert words.status_words("other") == ""


@pytest.mark.parametrize("request_priority", ["", "routine", "urgent", "asap", "stat"])
@pytest.mark.parametrize("task_priority", ["", "routine", "urgent"])
def test_what_either_says_is_more_than_routine_is_urgent(request_priority: str, task_priority: str) -> None:
    said = [{"priority": each} if each else {} for each in (request_priority, task_priority)]
    assert words.urgent(*said) == ({request_priority, task_priority} - {"", "routine"} != set())
