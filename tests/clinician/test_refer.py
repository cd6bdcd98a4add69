"""A clinician sends a referral from the patient's chart: once, for this patient only, on a basis that was stated."""

import asyncio
import re
from uuid import UUID, uuid4

import pytest

from app.domain.referral.needs import OFFERED
from app.services.clinician.chart import read_now
from app.services.clinician.options import option
from app.services.clinician.send import Sending, send
from app.services.clinician.sharing import network_name, told
from tests.clinician.charts import answer, condition, programme
from tests.clinician.ward import FOOD, Ward


async def test_the_chart_tells_what_the_person_needs_and_who_it_is_about(ward: Ward) -> None:
    here = await ward.launched()
    page = await here.open()
    assert page.status_code == 200, page.text
    assert "Food insecurity (March 4, 2026)" in here.text()
    assert "Food insecurity risk: At risk (March 1, 2026)" in here.text()
    assert "Marisol Ruiz" in page.text
    assert "February 3, 1970" in page.text


async def test_a_referral_reaches_the_organization_that_was_chosen(ward: Ward) -> None:
    here = await ward.launched()
    await here.refers(ward.town.pantry)
    assert "The referral was sent" in here.text()
    await ward.town.world.settled()
    (row,) = await ward.referrals()
    assert (row["trigger"], row["owner"]) == ("launch", ward.town.pantry)
    (task,) = await ward.town.cbo.search("Task")
    assert task["status"] == "requested"
    (person,) = await ward.town.cbo.search("Patient")
    assert person["name"][0]["family"] == "Ruiz"
    (reason,) = await ward.town.cbo.search("Condition")
    assert reason["subject"]["reference"] == f"{ward.ehr.base}/Patient/p1"
    await here.open()
    assert "waiting for an answer" in here.text()


async def test_the_organization_learns_who_asks_and_for_whom_she_works(ward: Ward) -> None:
    doctor = {"resourceType": "Practitioner", "id": "d1", "name": [{"text": "Dr. Ines Novak"}]}
    phone = [{"system": "phone", "value": "555-0101", "use": "work"}, {"system": "phone", "value": "1", "use": "home"}]
    ward.ehr.chart["Practitioner/d1"] = doctor | {"telecom": phone}
    here = await ward.launched()
    await here.refers(ward.town.pantry)
    await ward.town.world.settled()
    (role,) = await ward.town.cbo.search("PractitionerRole")
    assert role["organization"]["reference"] == f"Organization/{ward.town.clinic}"
    assert [each["value"] for each in role["telecom"]] == ["555-0101"]
    (person,) = await ward.town.cbo.search("Practitioner")
    assert person["name"][0]["text"] == "Dr. Ines Novak"


async def test_whom_nobody_says_how_to_reach_asks_by_her_own_name(ward: Ward) -> None:
    here = await ward.launched()
    await here.refers(ward.town.pantry)
    await ward.town.world.settled()
    (asked,) = await ward.town.cbo.search("ServiceRequest")
    assert asked["requester"]["reference"].startswith("Practitioner/")
    assert "Novak, " in asked["requester"]["display"]


async def test_whoever_must_not_be_contacted_is_not(ward: Ward) -> None:
    here = await ward.launched()
    await here.chooses(ward.town.pantry, do_not_contact="yes")
    assert "Nobody may contact the person about this" in here.text()
    await here.press("Send referral", basis="signed", signed="Marisol Ruiz")
    await ward.town.world.settled()
    (asked,) = await ward.town.cbo.search("ServiceRequest")
    assert asked["orderDetail"][0]["coding"][0]["code"] == "contacting-subject-prohibited"


async def test_forms_sent_at_the_same_moment_make_one_referral_each_and_one_copy_of_everything(ward: Ward) -> None:
    here = await ward.launched()
    network, session = ward.town.world.network, await here.session()
    read = await read_now(network, session)
    one, two = uuid4(), uuid4()
    records = ("Condition/food", "Observation/hunger")

    async def press(key: UUID, to: UUID) -> UUID:
        receiver = await option(network, OFFERED[0], to)
        assert receiver is not None
        name, now = await network_name(network), network.clock.now()
        seen = told(read, session, OFFERED[0], records, receiver=receiver.name, network=name, now=now).seen
        sending = Sending(key, OFFERED[0], to, "signed", records=records, name="Marisol", seen=seen)
        return await send(network, session, read, sending)

    keys = await asyncio.gather(
        *(press(key, to) for key, to in [(one, ward.town.pantry), (two, ward.town.shelter)] * 3)
    )
    assert set(keys) == {one, two}
    assert {row["id"] for row in await ward.referrals()} == {one, two}
    for type_name in ("Patient", "Condition", "Observation", "Practitioner"):
        assert await ward.count(type_name) == 1
    assert await ward.count("Consent") == 2


async def test_sending_the_same_form_twice_makes_one_referral(ward: Ward) -> None:
    here = await ward.launched()
    await here.chooses(ward.town.pantry)
    form = here.page
    await here.press("Send referral", basis="signed", signed="Marisol Ruiz")
    here.doctor.page = form
    await here.press("Send referral", basis="signed", signed="Marisol Ruiz")
    assert "The referral was sent" in here.text()
    assert len(await ward.referrals()) == 1
    assert await ward.count("Consent") == 1


async def test_a_second_referral_makes_no_second_copy_and_no_new_version_of_what_has_not_changed(ward: Ward) -> None:
    here = await ward.launched()
    records = {"record1": "Condition/food"}
    await here.refers(ward.town.pantry, **records)
    await here.refers(ward.town.shelter, **records)
    assert len(await ward.referrals()) == 2
    for type_name in ("Patient", "Condition", "Practitioner"):
        assert await ward.count(type_name) == 1
    versions = await ward.town.world.rows(
        "SELECT r.type, r.version FROM resource r WHERE r.type IN ('Patient', 'Condition', 'Practitioner')"
    )
    assert {row["version"] for row in versions} == {1}


async def test_what_changed_in_the_chart_becomes_a_new_version_of_the_same_copy(ward: Ward) -> None:
    here = await ward.launched()
    await here.refers(ward.town.pantry)
    ward.ehr.chart["Condition/food"] = condition(words="Food insecurity, worse")
    again = await ward.launched()
    await again.refers(ward.town.shelter)
    await ward.town.world.settled()
    (kept,) = await ward.town.ehr.search("Condition")
    assert kept["code"]["text"] == "Food insecurity, worse"
    assert kept["meta"]["versionId"] == "2"
    assert kept["meta"]["source"] == f"{ward.ehr.base}/Condition/food"


async def test_a_need_that_is_not_in_the_chart_can_be_added_by_hand(ward: Ward) -> None:
    ward.ehr.chart.clear()
    here = await ward.launched()
    await here.open()
    assert "The chart tells of no social need" in here.text()
    await here.refers(ward.town.shelter, need="1")
    await ward.town.world.settled()
    (asked,) = await ward.town.other_cbo.search("ServiceRequest")
    assert "reasonReference" not in asked
    assert {"homelessness"} < {coding["code"] for each in asked["category"] for coding in each["coding"]}


async def test_only_the_records_that_were_ticked_go_along(ward: Ward) -> None:
    here = await ward.launched()
    await here.asks()
    await here.press("Next: see what is shared", to=str(ward.town.pantry), record1="", record2="Observation/hunger")
    await here.press("Send referral", basis="signed", signed="Marisol Ruiz")
    await ward.town.world.settled()
    assert await ward.town.cbo.search("Condition") == []
    assert len(await ward.town.cbo.search("Observation")) == 1


async def test_one_can_go_back_and_choose_again_with_everything_still_there(ward: Ward) -> None:
    here = await ward.launched()
    await here.chooses(ward.town.pantry, words="Four mouths", urgent="yes")
    page = await here.press("Change this", back="yes")
    assert "Four mouths" in page.text
    assert f'value="{ward.town.pantry}" required checked' in page.text
    assert 'id="urgent" value="yes" checked' in page.text


async def test_no_organization_chosen_is_said_and_what_was_typed_stays(ward: Ward) -> None:
    here = await ward.launched()
    await here.asks()
    page = await here.press("Next: see what is shared", words="Four mouths")
    assert page.status_code == 422
    assert "Choose an organization" in here.text()
    assert "Four mouths" in page.text


async def test_a_record_that_vanished_from_the_chart_is_not_left_out_in_silence(ward: Ward) -> None:
    here = await ward.launched()
    await here.chooses(ward.town.pantry)
    del ward.ehr.chart["Condition/food"]
    page = await here.press("Send referral", basis="signed", signed="Marisol Ruiz")
    assert page.status_code == 422
    assert "cannot be read from the chart now" in here.text()
    assert await ward.referrals() == []


async def test_programmes_tell_their_hours_languages_and_room(ward: Ward) -> None:
    created = await ward.town.cbo.create(programme(ward.town.pantry))
    assert created.status_code == 201, created.text
    here = await ward.launched()
    await here.asks()
    text = here.text()
    assert "Saturday pantry" in text
    assert "Has a waiting list ( about two weeks ), as they said" in text
    assert "Open Mon to Wed 9 am to 4:30 pm; Sat all day" in text
    assert "Speaks English, Spanish" in text
    assert text.index("Saturday pantry") < text.index("Says nothing about its programmes yet")


async def test_a_screening_without_a_judged_answer_is_left_to_the_clinician(ward: Ward) -> None:
    social = {"system": "http://hl7.org/fhir/us/core/CodeSystem/us-core-category", "code": "sdoh"}
    asked = {"code": {"text": "Eats enough?"}, "category": [{"coding": [social]}]}
    given = answer("local", **asked, valueCodeableConcept={"text": "Not every day"})
    ward.ehr.chart = {"Observation/local": given}
    here = await ward.launched()
    await here.open()
    assert "Read this first" in here.text()
    assert "Eats enough?: Not every day" in here.text()


async def test_what_she_needs_stands_in_no_address_in_words_that_mean_anything_elsewhere(ward: Ward) -> None:
    here, there = await ward.launched(), await ward.launched()
    await here.open()
    (food,) = re.findall(r'<input type="radio" name="need" id="need" value="([^"]*)"', here.page.text)
    page = await here.press("Find who can help", need=food)
    assert "Who can help: Food" in here.text()
    assert page.url.query == f"need={food}".encode()
    assert food not in (FOOD, OFFERED[0].category.code)
    await there.open()
    assert food not in there.page.text
    page = await there.open(f"/refer?need={food}")
    assert page.status_code == 422
    assert "Choose what the person needs help with" in there.text()


@pytest.mark.parametrize(
    "other",
    [
        {"words": "Needs a bed tonight"},
        {"wish": "Call after six"},
        {"urgent": "yes"},
        {"do_not_contact": "yes"},
        {"record1": ""},
        {"service": "464081000124100"},
        {"need": "1", "service": ""},
        {},
    ],
    ids=["words", "wish", "urgent", "contact", "records", "service", "need", "organization"],
)
async def test_a_form_that_is_sent_again_with_other_content_does_not_vanish(ward: Ward, other: dict[str, str]) -> None:
    here = await ward.launched()
    await here.chooses(ward.town.pantry)
    form = here.page
    await here.press("Send referral", basis="signed", signed="Marisol Ruiz")
    here.doctor.page = form  # she goes back in her browser
    await here.press("Change this", back="yes")
    to = ward.town.pantry if other else ward.town.shelter
    await here.press("Next: see what is shared", to=str(to), **other)
    page = await here.press("Send referral", basis="signed", signed="Marisol Ruiz")
    assert page.status_code == 409
    assert "This form was sent before, with other content" in here.text()
    assert len(await ward.referrals()) == 1
    await here.press("Send referral", basis="signed", signed="Marisol Ruiz")
    assert "The referral was sent" in here.text()
    assert len(await ward.referrals()) == 2


async def test_a_form_with_everything_in_it_sent_twice_is_one_referral_still(ward: Ward) -> None:
    here = await ward.launched()
    more = {"words": "Four mouths & a dog", "wish": "After six", "urgent": "yes", "do_not_contact": "yes"}
    await here.chooses(ward.town.pantry, **more)
    form = here.page
    for signed in ("Marisol Ruiz", "M. Ruiz"):
        here.doctor.page = form
        await here.press("Send referral", basis="signed", signed=signed)
        await ward.town.world.settled()
        assert "The referral was sent" in here.text()
    assert len(await ward.referrals()) == 1
