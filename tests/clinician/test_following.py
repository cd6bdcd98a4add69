"""How a referral goes on is told to its sender; she may take it back; nobody sees or does anything at another patient."""

from uuid import uuid4

import pytest

from app.domain.referral.needs import OFFERED
from app.fhir.errors import NotFound
from app.services.clinician.cancel import cancel
from app.services.clinician.chart import read_now
from app.services.clinician.send import Sending, send
from app.services.clinician.status import followed, told
from app.services.referrals.respond import respond
from tests.clinician.charts import condition
from tests.clinician.ward import AtChart, Ward
from tests.town import staff_of


async def sent(ward: Ward) -> AtChart:
    here = await ward.launched()
    await here.refers(ward.town.pantry)
    await ward.town.world.settled()
    return here


async def answers(ward: Ward, *actions: str, **more: str) -> None:
    """The pantry presses these buttons."""
    (row,) = await ward.referrals()
    caller = staff_of(ward.town.pantry)
    for action in actions:
        tasks = await ward.town.cbo.search("Task")
        version = tasks[0]["meta"]["versionId"]
        await respond(ward.town.world.network, caller, row["id"], action, version=version, **more)
        await ward.town.world.settled()


async def test_each_step_of_the_organization_shows_without_a_new_launch(ward: Ward) -> None:
    here = await sent(ward)
    await answers(ward, "Accept")
    await here.open("/status")
    assert "accepted, to be started" in here.text()
    await answers(ward, "Start")
    await here.open("/status")
    assert "being worked on" in here.text()
    await answers(ward, "Complete", outcome="Food for two weeks")
    await here.open("/status")
    assert "Completed" in here.text()
    (row,) = await ward.referrals()
    await here.open(f"/referrals/{row['id']}")
    text = here.text()
    assert "What came of it Food for two weeks" in text
    for step in ("Received", "Sent to", "Accepted", "Started", "Completed"):
        assert step in text
    assert "Cancel referral" not in text


async def test_what_an_organization_writes_about_its_no_stays_with_the_network(ward: Ward) -> None:
    here = await sent(ward)
    await answers(ward, "Decline", reason="She shouted at us CANARY-reason")
    await here.open("/status")
    assert "it came back from the organization that had it" in here.text().lower()
    (row,) = await ward.referrals()
    page = await here.open(f"/referrals/{row['id']}")
    assert "Declined" in here.text()
    assert "CANARY" not in page.text


async def test_cancelling_asks_why_and_ends_the_work_everywhere(ward: Ward) -> None:
    here = await sent(ward)
    await answers(ward, "Accept")
    (row,) = await ward.referrals()
    await here.open(f"/referrals/{row['id']}/cancel")
    page = await here.press("Cancel referral", words=" ")
    assert page.status_code == 422
    assert "Say in a few words why" in here.text()
    await here.press("Cancel referral", words="She has moved away")
    assert "The referral was cancelled" in here.text()
    await ward.town.world.settled()
    (row,) = await ward.referrals()
    assert row["closed_as"] == "cancelled"
    (part,) = await ward.town.cbo.search("Task")
    assert part["status"] == "cancelled"
    tasks = await ward.town.ehr.search("Task")
    assert [task["statusReason"]["text"] for task in tasks] == ["She has moved away"]
    requests = await ward.town.ehr.search("ServiceRequest?intent=order")
    assert [request["status"] for request in requests] == ["revoked"]
    await here.open(f"/referrals/{row['id']}")
    assert "She has moved away" in here.text()


async def test_what_has_ended_is_not_cancelled_any_more(ward: Ward) -> None:
    here = await sent(ward)
    await answers(ward, "Accept")
    (row,) = await ward.referrals()
    await here.open(f"/referrals/{row['id']}/cancel")
    await answers(ward, "Complete", outcome="Food")
    page = await here.press("Cancel referral", words="Too late")
    assert page.status_code == 422
    assert "can no longer be cancelled" in here.text()
    (row,) = await ward.referrals()
    assert row["closed_as"] == "completed"


async def test_another_patients_launch_sees_and_does_nothing(ward: Ward) -> None:
    await sent(ward)
    (row,) = await ward.referrals()
    other = await ward.launched("p2")
    await other.open()
    assert "Nothing has been sent about this person yet" in other.text()
    for address in (f"/referrals/{row['id']}", f"/referrals/{row['id']}/cancel"):
        assert (await other.open(address)).status_code == 404
    network, session = ward.town.world.network, await other.session()
    assert (await followed(network, session)).rows == []
    with pytest.raises(NotFound):
        await told(network, session, row["id"])
    with pytest.raises(NotFound):
        await cancel(network, session, row["id"], reason="Mixed up")
    (after,) = await ward.referrals()
    assert after["closed_at"] is None


async def test_a_form_of_one_patient_does_not_work_for_another(ward: Ward) -> None:
    """The key of a referral of the first patient, sent with the session of the second."""
    await sent(ward)
    (row,) = await ward.referrals()
    other = await ward.launched("p2")
    network, session = ward.town.world.network, await other.session()
    sending = Sending(row["id"], OFFERED[0], ward.town.pantry, "signed", name="Daniel")
    with pytest.raises(NotFound):
        await send(network, session, await read_now(network, session), sending)
    assert len(await ward.referrals()) == 1


async def test_a_page_of_one_patient_that_is_still_open_does_nothing_after_a_launch_at_another(ward: Ward) -> None:
    here = await ward.launched()
    await here.chooses(ward.town.pantry)
    form = here.page
    await ward.launched("p2", here.doctor)
    here.doctor.page = form
    page = await here.press("Send referral", basis="signed", signed="Marisol Ruiz")
    assert page.status_code == 409
    assert "Marisol Ruiz" in page.text
    assert "Daniel Okafor" in page.text
    assert await ward.referrals() == []


async def test_an_ehr_that_answers_with_another_persons_records_mixes_nobody_up(ward: Ward) -> None:
    stray = condition("stray", words="Of somebody else CANARY", subject={"reference": "Patient/p2"})
    elsewhere = condition(
        "away", words="Elsewhere CANARY", subject={"reference": "https://other.example/fhir/Patient/p1"}
    )
    ward.ehr.chart |= {"Condition/stray": stray, "Condition/away": elsewhere}
    ward.ehr.ignores_patient = True
    here = await ward.launched()
    page = await here.open()
    assert "Food insecurity" in here.text()
    assert "CANARY" not in page.text
    await here.asks()
    await here.press("Next: see what is shared", to=str(ward.town.pantry), record1="Condition/stray")
    page = await here.press("Send referral", basis="signed", signed="Marisol Ruiz")
    assert page.status_code == 422
    assert await ward.referrals() == []


async def test_referrals_that_the_ehr_sent_itself_are_told_but_cancelled_where_they_came_from(ward: Ward) -> None:
    here = await sent(ward)
    (row,) = await ward.referrals()
    await ward.town.world.network.store.pool.execute("UPDATE referral SET trigger = 'push' WHERE id = $1", row["id"])
    await here.open(f"/referrals/{row['id']}")
    assert "Cancel referral" not in here.text()
    await here.open(f"/referrals/{row['id']}/cancel")
    assert "can no longer be cancelled from here" in here.text()


async def test_a_chart_that_may_not_be_read_is_told_and_the_rest_works(ward: Ward) -> None:
    ward.ehr.chart |= {"Condition": 403, "Observation": 500, "Consent": 404}
    here = await ward.launched()
    await here.open()
    text = here.text()
    assert "Needs and diagnoses: The health record system does not let Baton read it." in text
    assert "Screening answers: The health record system does not answer." in text
    assert "Consents: The health record system does not offer it." in text
    await here.refers(ward.town.pantry)
    assert len(await ward.referrals()) == 1


async def test_without_the_persons_record_nothing_is_sent_and_the_page_says_so(ward: Ward) -> None:
    here = await ward.launched()
    await here.chooses(ward.town.pantry)
    ward.ehr.chart["Patient/p1"] = 500
    page = await here.press("Send referral", basis="signed", signed="Marisol Ruiz")
    assert page.status_code in (409, 422)
    assert "Nothing can be sent now" in here.text()
    assert "Send referral" not in page.text
    assert await ward.referrals() == []


async def test_a_person_who_was_sent_before_can_be_referred_while_the_record_is_away(ward: Ward) -> None:
    here = await sent(ward)
    ward.ehr.chart["Patient/p1"] = 500
    await here.open()
    assert "The person's record is the one from before" in here.page.text.replace("&#39;", "'")
    assert "February 3, 1970" in here.page.text
    await here.refers(ward.town.shelter)
    assert len(await ward.referrals()) == 2
    assert await ward.count("Patient") == 1


async def test_an_ehr_that_ends_our_sign_in_leaves_the_referrals_in_sight(ward: Ward) -> None:
    here = await sent(ward)
    ward.ehr.tokens.clear()
    ward.ehr.refreshes.clear()
    page = await here.open()
    assert page.status_code == 200, page.text
    assert "Your sign-in at the health record system has ended" in here.text()
    assert "waiting for an answer" in here.text()


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("waiting", "Not in the chart yet"),
        ("done", "In the chart"),
        ("failed", "Could not be written into the chart"),
        ("not-offered", "takes nothing from Baton"),
    ],
)
async def test_whether_the_chart_holds_it_is_told(ward: Ward, state: str, words: str) -> None:
    here = await sent(ward)
    (row,) = await ward.referrals()
    pool = ward.town.world.network.store.pool
    await pool.execute("DELETE FROM write_back WHERE referral = $1", row["id"])
    await pool.execute(
        "INSERT INTO write_back (id, referral, connection, kind, state) VALUES ($1, $2, $3, 'Task', $4)",
        uuid4(),
        row["id"],
        row["connection"],
        state,
    )
    for address in ("/status", f"/referrals/{row['id']}"):
        await here.open(address)
        assert words in here.text()


async def test_an_unknown_need_or_a_key_that_is_none_leads_back_to_the_first_page(ward: Ward) -> None:
    here = await ward.launched()
    for need in ("", "0", "999", "-1", "x"):
        page = await here.open(f"/refer?need={need}")
        assert page.status_code == 422
        assert "Choose what the person needs help with" in here.text()
    await here.asks()
    page = await here.press("Next: see what is shared", to=str(ward.town.pantry), key="not one")
    assert page.status_code == 422
    assert (await here.open(f"/referrals/{uuid4()}")).status_code == 404
