"""Who looked at whom is in the audit, by ids alone; a page that renews itself does not fill it."""

from typing import Any

from app.services.identity.housekeeping import forget_expired
from tests.clinician.ward import AtChart, Ward

POLLS = 5


async def audited(ward: Ward, *actions: str) -> list[Any]:
    return await ward.town.world.rows("SELECT * FROM audit WHERE action = ANY($1) ORDER BY at, id", list(actions))


async def our_copy(ward: Ward) -> Any:
    (row,) = await ward.town.world.rows("SELECT id FROM resource WHERE type = 'Patient'")
    return row["id"]


async def time_passes(ward: Ward) -> None:
    await ward.town.world.network.store.pool.execute("UPDATE launch_look SET at = at - interval '11 minutes'")


async def sent(ward: Ward) -> AtChart:
    here = await ward.launched()
    await here.refers(ward.town.pantry)
    await ward.town.world.settled()
    return here


async def test_whose_chart_and_referrals_were_looked_at_is_told_by_our_copy(ward: Ward) -> None:
    await sent(ward)
    here = await ward.launched()
    await here.open()
    copy = await our_copy(ward)
    (_, launch), (_, chart), (_, list_) = [
        await audited(ward, action) for action in ("launch", "chart", "patient's referrals")
    ]
    for row in (launch, chart, list_):
        assert (row["type"], row["resource"], row["outcome"]) == ("Patient", copy, "done")
        assert row["client"].startswith("clinician/")
    (session,) = await ward.town.world.rows("SELECT clinician FROM launch_session ORDER BY created_at DESC LIMIT 1")
    assert chart["client"] == f"clinician/{session['clinician']}"


async def test_while_we_hold_no_copy_a_hash_tells_two_people_apart_and_names_nobody(ward: Ward) -> None:
    for patient in ("p1", "p2", "p1"):
        await (await ward.launched(patient)).open()
    for action in ("launch", "chart", "patient's referrals"):
        one, other, again = await audited(ward, action)
        assert one["resource"] is None
        assert "patient/" in one["detail"]
        assert one["detail"] == again["detail"] != other["detail"]
        assert "p1" not in one["detail"].split("patient/")[1]


async def test_a_page_that_renews_itself_is_written_down_once_in_some_minutes(ward: Ward) -> None:
    here = await sent(ward)
    (row,) = await ward.referrals()
    for action, address in (("patient's referrals", "/status"), ("referral", f"/referrals/{row['id']}")):
        await time_passes(ward)
        before = len(await audited(ward, action))
        for _ in range(POLLS):
            await here.open(address)
        assert len(await audited(ward, action)) == before + 1
        await time_passes(ward)
        await here.open(address)
        assert len(await audited(ward, action)) == before + 2


async def test_another_launch_and_another_referral_are_looks_of_their_own(ward: Ward) -> None:
    here = await sent(ward)
    await here.refers(ward.town.shelter)
    there = await ward.launched()
    rows = await ward.referrals()
    for each in (here, there):
        for row in rows:
            await each.open(f"/referrals/{row['id']}")
    seen = await audited(ward, "referral")
    tasks = [row["source_task"] for row in rows]
    assert [row["resource"] for row in seen] == tasks * 2
    assert {(row["type"], row["detail"]) for row in seen} == {("Task", f"Patient/{await our_copy(ward)}")}


async def test_who_was_looked_for_in_the_ehrs_list_and_chosen_is_written_down_without_what_was_typed(
    ward: Ward,
) -> None:
    here = await ward.launched(None)
    await here.open("/patient")
    for name in ("okafor", "ruiz"):
        await here.press("Look for the patient", name=name)
    searches = await audited(ward, "patients searched")
    assert len(searches) == 2
    await here.press("Go on with this patient", patient="p1")
    (chosen,) = await audited(ward, "patient chosen")
    (known,) = await audited(ward, "chart")
    assert chosen["detail"] == known["detail"]
    written = str(await ward.town.world.rows("SELECT * FROM audit")).lower()
    assert "ruiz" not in written
    assert "okafor" not in written


async def test_what_was_looked_at_is_forgotten_when_it_matters_no_more(ward: Ward) -> None:
    here = await sent(ward)
    world = ward.town.world
    await here.open("/status")
    await world.network.store.pool.execute("UPDATE launch_look SET at = at - interval '2 hours'")
    other = await ward.launched("p2")
    await other.open("/status")
    await forget_expired(world.network)
    (left,) = await world.rows("SELECT session FROM launch_look")
    assert left["session"] == (await other.session()).id
