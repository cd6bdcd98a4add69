"""What a clinician reads to the person, in the person's language; and which service she asks for."""

import re

import pytest

from app.domain.referral.needs import OFFERED
from tests.clinician.ward import FOOD, Ward
from tests.launch.ehr import person

MEALS = "464081000124100"
SPANISH = {"language": {"coding": [{"system": "urn:ietf:bcp:47", "code": "es"}]}, "preferred": True}
NEED = OFFERED[int(FOOD)]
PARTNER = next(str(n) for n, need in enumerate(OFFERED) if need.category.code == "intimate-partner-violence")


def in_spanish(page: str) -> list[str]:
    """What a screen reader says in Spanish."""
    return re.findall(r'<(?:p|span class="other") lang="es">(.*?)</(?:p|span)>', page)


def speaks_spanish(ward: Ward) -> None:
    ward.ehr.chart["Patient/p1"] = person("p1") | {"communication": [SPANISH]}


async def test_what_a_help_means_is_there_to_be_read_to_the_person(ward: Ward) -> None:
    here = await ward.launched()
    await here.asks()
    assert f"To read to the person: {NEED.en.explains}" in here.text()
    assert in_spanish(here.page.text) == []


async def test_whoever_prefers_spanish_is_read_to_in_spanish(ward: Ward) -> None:
    speaks_spanish(ward)
    here = await ward.launched()
    await here.open()
    assert "In Spanish, too: the chart says that the person prefers it." in here.text()
    assert sorted(in_spanish(here.page.text)) == sorted(need.es.label for need in OFFERED)
    await here.asks()
    assert f"<strong>{NEED.es.label}.</strong> {NEED.es.explains}" in in_spanish(here.page.text)
    assert "Comidas a domicilio" in in_spanish(here.page.text)


async def test_words_about_violence_are_read_only_where_nobody_else_hears_them(ward: Ward) -> None:
    here = await ward.launched()
    await here.asks(PARTNER)
    assert "To read to the person, only where nobody else hears it:" in here.text()


async def test_the_first_service_is_proposed(ward: Ward) -> None:
    here = await ward.launched()
    await here.asks()
    proposed = re.findall(r'name="service" id="\w+" value="(\d+)" checked', here.page.text)
    assert proposed == [NEED.service.code]


async def test_the_service_that_was_chosen_is_told_agreed_to_and_asked_for(ward: Ward) -> None:
    here = await ward.launched()
    await here.chooses(ward.town.pantry, service=MEALS)
    assert "Food: meals brought home" in here.text()
    assert "the need: Food, what is asked for: meals brought home" in here.text()
    await here.press("Send referral", basis="signed", signed="Marisol Ruiz")
    assert "The referral was sent" in here.text()
    await ward.town.world.settled()
    (asked,) = await ward.town.cbo.search("ServiceRequest")
    (coding,) = asked["code"]["coding"]
    assert (coding["code"], coding["display"]) == (MEALS, "Referral to home-delivered meals program")
    assert asked["code"]["text"] == "Food: meals brought home"
    (task,) = [each for each in await ward.town.ehr.search("Task") if "partOf" not in each]
    assert task["description"] == "Food: meals brought home"


async def test_one_can_go_back_and_the_chosen_service_is_still_chosen(ward: Ward) -> None:
    here = await ward.launched()
    await here.chooses(ward.town.pantry, service=MEALS)
    page = await here.press("Change this", back="yes")
    assert f'value="{MEALS}" checked' in page.text
    assert page.text.count('name="service"') == len(NEED.services)


@pytest.mark.parametrize("code", ["471091000124105", "S5170", "anything"])
async def test_a_service_that_is_not_offered_for_the_need_is_not_asked_for(ward: Ward, code: str) -> None:
    here = await ward.launched()
    page = await here.chooses(ward.town.pantry, service=code)
    assert page.status_code == 422
    assert "Choose what the person needs help with" in here.text()


async def test_a_form_without_a_service_asks_for_the_need_alone(ward: Ward) -> None:
    """One that was opened before services could be chosen."""
    here = await ward.launched()
    await here.chooses(ward.town.pantry, service="")
    assert "what is asked for" not in here.text()
    await here.press("Send referral", basis="signed", signed="Marisol Ruiz")
    await ward.town.world.settled()
    (asked,) = await ward.town.cbo.search("ServiceRequest")
    assert (asked["code"]["coding"][0]["code"], asked["code"]["text"]) == (NEED.service.code, "Food")
