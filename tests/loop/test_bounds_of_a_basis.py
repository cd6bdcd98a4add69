"""How far a basis reaches: whose word it is, about whom, whose data, until when; and what a declining member keeps."""

from datetime import UTC, datetime, timedelta

import pytest

from app.services.referrals.pass_on import pass_on
from app.services.referrals.respond import respond
from app.services.referrals.views import inbox, story, waiting
from tests.builders import consent, refer, reference, resource
from tests.loop.test_withdrawal import part_of
from tests.town import Town, staff_of

pytestmark = pytest.mark.anyio


async def why_waiting(town: Town, task: str) -> str:
    (row,) = await town.world.rows("SELECT waiting_because FROM referral WHERE source_task = $1::uuid", task)
    return str(row["waiting_because"])


@pytest.mark.parametrize("kind", ["paper", "spoken"])
async def test_a_consent_that_the_operator_read_and_that_is_withdrawn_ends_what_she_passed_on(
    empty_town: Town, kind: str
) -> None:
    town = empty_town
    olga = await town.olga()
    sent = await refer(town.world, town.ehr, None)
    (waits,) = await waiting(town.world.network, olga)
    await pass_on(
        town.world.network, olga, waits.referral, to=town.pantry, basis_kind=kind, attestation="The form names them."
    )
    await town.world.settled()
    assert (await town.cbo.get(sent.ref("Patient"))).status_code == 200
    assert (await sent.change("Consent", status="inactive")).status_code == 200
    assert (await town.cbo.get(sent.ref("Patient"))).status_code == 404
    await town.world.settled()
    assert await inbox(town.world.network, staff_of(town.pantry)) == []
    assert [item.why for item in await waiting(town.world.network, olga)] == ["consent was withdrawn"]


async def test_an_organization_cannot_admit_itself_to_what_it_saw(empty_town: Town) -> None:
    town = empty_town
    seen = await refer(town.world, town.ehr, town.pantry)
    own = await refer(town.world, town.cbo, town.shelter, person=seen.ref("Patient"))
    assert await why_waiting(town, own.ids["Task"]) == "person-of-another"
    assert (await town.other_cbo.get(seen.ref("Patient"))).status_code == 404


async def test_a_consent_written_by_its_recipient_admits_nobody(empty_town: Town) -> None:
    """A system that speaks for both could not know better; one of the pantry's own is not the clinic's word."""
    town = empty_town
    shared = await refer(town.world, town.ehr, town.shelter)
    made = await town.cbo.create(
        consent(f"Patient/{'0' * 8}-0000-7000-8000-000000000000", f"Organization/{town.pantry}")
    )
    assert made.status_code == 422  # it does not even see the person
    assert (
        await town.other_cbo.create(consent(shared.ref("Patient"), f"Organization/{town.shelter}"))
    ).status_code == 201
    changed = await town.other_cbo.update({**await shared.read("Consent"), "status": "active"})
    assert changed.status_code == 403


async def test_a_task_about_one_person_with_a_request_about_another_waits(empty_town: Town) -> None:
    town = empty_town
    other = await town.ehr.create(resource("Patient"))
    sent = await refer(town.world, town.ehr, town.pantry, Task={"for": reference(f"Patient/{other.json()['id']}")})
    assert await why_waiting(town, sent.ids["Task"]) == "persons-differ"
    assert (await town.cbo.get(sent.ref("Patient"))).status_code == 404


async def test_an_outcome_named_by_words_alone_still_reaches_the_sender(town: Town) -> None:
    sent = await refer(town.world, town.ehr, town.pantry)
    task = (await town.cbo.get(f"Task/{(await part_of(town, sent))['task']}")).json()
    output = [{"type": {"text": "done"}, "valueReference": {"display": "Food for a week"}}]
    for status in ("accepted", "completed"):
        answer = await town.cbo.update({**task, "status": status, "output": output})
        assert answer.status_code == 200, answer.text
    await town.world.settled()
    assert (await sent.read("Task"))["output"] == output


async def test_when_the_time_of_a_consent_is_over_its_referral_returns_to_the_operator(empty_town: Town) -> None:
    town = empty_town
    end = (datetime.now(UTC) + timedelta(seconds=2)).isoformat(timespec="milliseconds")
    provision = {
        "type": "permit",
        "period": {"end": end},
        "actor": [{"role": {"text": "recipient"}, "reference": reference(f"Organization/{town.pantry}")}],
    }
    sent = await refer(town.world, town.ehr, town.pantry, Consent={"provision": provision})
    part = await part_of(town, sent)
    assert (await town.cbo.get(sent.ref("Patient"))).status_code == 200
    olga = await town.olga()
    while not (items := await waiting(town.world.network, olga)):
        assert datetime.now(UTC).isoformat() < (datetime.fromisoformat(end) + timedelta(seconds=15)).isoformat()
        await town.world.settled()
    assert items[0].referral == part["referral"]
    assert (await town.cbo.get(sent.ref("Patient"))).status_code == 404
    assert (await sent.read("Task"))["status"] == "accepted"


async def test_adding_a_name_to_a_consents_patient_withdraws_nothing(town: Town) -> None:
    sent = await refer(town.world, town.ehr, town.pantry)
    patient = {"reference": sent.ref("Patient"), "display": "As on the card"}
    assert (await sent.change("Consent", patient=patient)).status_code == 200
    await town.world.settled()
    assert (await town.cbo.get(sent.ref("Patient"))).status_code == 200


async def test_who_declines_keeps_its_answer_and_not_the_persons_data(town: Town) -> None:
    sent = await refer(town.world, town.ehr, town.pantry)
    part = await part_of(town, sent)
    caller = staff_of(town.pantry)
    version = (await story(town.world.network, caller, part["referral"])).version
    await respond(town.world.network, caller, part["referral"], "Decline", reason="We are full.", version=version)
    await town.world.settled()
    assert (await town.cbo.get(f"Task/{part['task']}")).json()["status"] == "rejected"
    assert (await town.cbo.get(sent.ref("Patient"))).status_code == 404
    assert (await town.cbo.get(sent.ref("Condition"))).status_code == 404
