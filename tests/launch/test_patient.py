"""A launch that names no patient: chosen from the EHR's list, or a page that says what to do instead."""

import pytest

from tests.launch.door import Door


async def picker(door: Door) -> str:
    """A launch without a patient, at the page where one is chosen."""
    door.ehr.patient = None
    here = await door.doctor.launched()
    answer = await door.doctor.open(here)
    assert answer.headers["location"] == f"{here}/patient"
    assert (await door.doctor.open(f"{here}/patient")).status_code == 200
    return here


async def test_the_patient_is_looked_for_and_chosen_and_stays(door: Door) -> None:
    here = await picker(door)
    answer = await door.doctor.press("Look for the patient", name="ruiz", birth_date="1970-02-03")
    assert answer.status_code == 200
    assert "Marisol Ruiz" in answer.text
    assert "MRN-p1" in answer.text
    assert "Okafor" not in answer.text
    assert "ruiz" not in str(answer.url)
    chosen = await door.doctor.press("Go on with this patient", patient="p1")
    assert chosen.headers["location"] == here
    assert "Marisol Ruiz" in (await door.doctor.open(here)).text
    (session,) = await door.sessions()
    assert (session["patient"], session["patient_name"]) == ("p1", "Marisol Ruiz")
    assert (await door.doctor.open(f"{here}/patient")).headers["location"] == here


async def test_patients_are_told_apart_by_the_charts_number_and_never_by_the_states(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    """G22"""
    ssn = {"system": "http://hl7.org/fhir/sid/us-ssn", "value": "078-05-1120"}
    bundle = door.ehr._bundle
    monkeypatch.setattr(
        door.ehr,
        "_bundle",
        lambda kind, found: bundle(kind, [each | {"identifier": [ssn, *each["identifier"]]} for each in found]),
    )
    await picker(door)
    answer = await door.doctor.press("Look for the patient", name="ruiz")
    assert "MRN-p1" in answer.text
    assert "078-05" not in answer.text


async def test_a_launch_never_changes_from_one_patient_to_another(door: Door) -> None:
    here = await picker(door)
    await door.doctor.press("Look for the patient", name="ruiz")
    await door.doctor.press("Go on with this patient", patient="p1")
    (session,) = await door.sessions()
    again = {"csrf": session["csrf_secret"].hex(), "patient": "p2"}
    assert (await door.doctor.http.post(f"{here}/patient/choose", data=again)).status_code == 409
    assert (await door.sessions())[0]["patient"] == "p1"


@pytest.mark.parametrize("chosen", ["", "p9", "../p1", "p1/x", "p1?x"])
async def test_what_is_no_patient_of_the_ehr_is_not_chosen(door: Door, chosen: str) -> None:
    await picker(door)
    await door.doctor.press("Look for the patient", name="ruiz")
    answer = await door.doctor.press("Go on with this patient", patient=chosen)
    assert answer.status_code == 409
    assert (await door.sessions())[0]["patient"] is None


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"name": ""}, "Write a name, a birth date, or both."),
        ({"name": "r"}, "Write a name, a birth date, or both."),
        ({"name": "", "birth_date": "soon"}, "Write the birth date as year-month-day."),
    ],
)
async def test_too_little_to_look_for_asks_again(door: Door, typed: dict[str, str], words: str) -> None:
    await picker(door)
    before = len(door.ehr.requests)
    answer = await door.doctor.press("Look for the patient", **typed)
    assert answer.status_code == 422
    assert words in answer.text
    assert len(door.ehr.requests) == before


async def test_nobody_found_is_said(door: Door) -> None:
    await picker(door)
    assert "Nobody found" in (await door.doctor.press("Look for the patient", name="xyzzy")).text


@pytest.mark.parametrize("status", [400, 403, 404])
async def test_an_ehr_that_does_not_let_us_look_leads_back_to_the_chart(door: Door, status: int) -> None:
    await picker(door)
    door.ehr.chart["Patient"] = status
    answer = await door.doctor.press("Look for the patient", name="ruiz")
    assert "<h1>Open Baton from a patient's chart</h1>" in answer.text.replace("&#39;", "'")
    assert "What still works" in answer.text


async def test_without_a_patient_every_other_page_leads_to_the_choice(door: Door) -> None:
    here = await picker(door)
    for page in ("", "/status", "/refer"):
        assert (await door.doctor.open(here + page)).headers["location"] == f"{here}/patient"
    assert await door.town.world.rows("SELECT id FROM referral") == []
