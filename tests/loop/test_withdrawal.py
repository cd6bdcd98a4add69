"""Consent withdrawn: what hung on it is gone everywhere at once, what else was referred stays with all that it needs."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.fhir.errors import NotFound
from app.services.consents.withdraw import withdraw
from app.services.referrals.pass_on import pass_on
from app.services.referrals.views import inbox, story, waiting, waiting_item
from tests.api.answers import without_number
from tests.builders import DELETE, Sent, refer
from tests.town import Town, staff_of

NOBODY = "0198c0de-0000-7000-8000-000000000000"


async def part_of(town: Town, sent: Sent) -> dict[str, Any]:
    query = """SELECT c.task, c.filler_order, c.referral FROM child_task c JOIN referral f ON f.id = c.referral
        WHERE f.source_task = $1::uuid ORDER BY c.passed_on_at DESC LIMIT 1"""
    (row,) = await town.world.rows(query, sent.ids["Task"])
    return dict(row)


async def addresses(town: Town, sent: Sent) -> list[str]:
    part = await part_of(town, sent)
    shared = [sent.ref(name) for name in ("Patient", "Condition", "Consent", "Organization")]
    return [f"Task/{part['task']}", f"ServiceRequest/{part['filler_order']}", *shared]


async def gone_everywhere(town: Town, what: list[str], part: dict[str, Any]) -> None:
    """Read, vread, search, chain, include, pages: as if it had never been there."""
    missing = without_number(await town.cbo.get(f"Patient/{NOBODY}"))
    for address in what:
        type_name, id = address.split("/")
        assert without_number(await town.cbo.get(address)) == missing
        assert without_number(await town.cbo.get(f"{address}/_history/1")) == missing
        assert await town.cbo.search(f"{type_name}?_id={id}") == []
        assert id not in {each["id"] for each in await town.cbo.search(f"{type_name}?_count=500")}
    found = await town.cbo.search("Task?patient.name=person&_include=Task:focus&_include=Task:output&_count=500")
    assert not {f"{each['resourceType']}/{each['id']}" for each in found} & set(what)
    caller = staff_of(town.pantry)
    assert part["referral"] not in {item.referral for item in await inbox(town.world.network, caller)}
    with pytest.raises(NotFound):
        await story(town.world.network, caller, part["referral"])


async def all_there(town: Town, what: list[str], part: dict[str, Any]) -> None:
    for address in what:
        assert (await town.cbo.get(address)).status_code == 200, address
    caller = staff_of(town.pantry)
    assert part["referral"] in {item.referral for item in await inbox(town.world.network, caller)}
    told = await story(town.world.network, caller, part["referral"])
    assert told.person.name.startswith("Person ")
    assert told.sender.organization.startswith("Clinic ")
    assert told.reasons


@pytest.mark.parametrize("how", [{"status": "inactive"}, {"status": "entered-in-error"}, {"provision": {"type": "deny"}},
                                 {"provision": {"type": "permit"}}, {"provision": DELETE, "policyRule": {"text": "x"}}])  # fmt: skip
async def test_one_of_two_referrals_of_a_person_is_withdrawn(town: Town, how: dict[str, Any]) -> None:
    kept = await refer(town.world, town.ehr, town.pantry)
    gone = await refer(town.world, town.ehr, town.pantry, person=kept.ref("Patient"))
    gone_part, kept_part = await part_of(town, gone), await part_of(town, kept)
    only_its_own = [each for each in await addresses(town, gone) if each != kept.ref("Patient")]
    await all_there(town, await addresses(town, gone), gone_part)
    assert (await gone.change("Consent", **how)).status_code == 200
    # at once, before the worker has done anything
    await gone_everywhere(town, only_its_own, gone_part)
    await town.world.settled()
    await gone_everywhere(town, only_its_own, gone_part)
    await all_there(town, await addresses(town, kept), kept_part)
    # the source keeps its own; the child is cancelled, the operator has it back
    assert (await gone.read("Task"))["status"] == "accepted"
    (child,) = await town.world.rows("SELECT h.status FROM index_task h WHERE h.resource = $1", gone_part["task"])
    assert child["status"] == "cancelled"
    olga = await operator(town)
    (item,) = [each for each in await waiting(town.world.network, olga) if each.referral == gone_part["referral"]]
    assert item.why == "consent was withdrawn"


async def test_both_withdrawn_takes_the_person_too(town: Town) -> None:
    first = await refer(town.world, town.ehr, town.pantry)
    second = await refer(town.world, town.ehr, town.pantry, person=first.ref("Patient"))
    for sent in (first, second):
        await sent.change("Consent", status="inactive")
    for sent in (first, second):
        await gone_everywhere(town, await addresses(town, sent), await part_of(town, sent))
    await town.world.settled()


async def test_a_second_consent_that_denies_overrides_the_first(town: Town) -> None:
    """Whether the request names it later, or it turns to deny when it was named already."""
    for turns_later in (False, True):
        sent = await refer(town.world, town.ehr, town.pantry)
        part = await part_of(town, sent)
        second = {name: value for name, value in (await sent.read("Consent")).items() if name != "id"}
        kind = "permit" if turns_later else "deny"
        made = await town.ehr.create({**second, "provision": {**second["provision"], "type": kind}})
        named = (await sent.read("ServiceRequest"))["supportingInfo"]
        both = [*named, {"reference": f"Consent/{made.json()['id']}"}]
        assert (await sent.change("ServiceRequest", supportingInfo=both)).status_code == 200
        await town.world.settled()
        if turns_later:
            await all_there(town, [f"Task/{part['task']}", sent.ref("Patient")], part)
            stored = made.json()
            stored["provision"]["type"] = "deny"
            assert (await town.ehr.update(stored)).status_code == 200
            await town.world.settled()
        await gone_everywhere(town, [f"Task/{part['task']}", sent.ref("Patient")], part)


async def test_the_operators_button_withdraws_too(town: Town) -> None:
    sent = await refer(town.world, town.ehr, town.pantry)
    part = await part_of(town, sent)
    await withdraw(town.world.network, await operator(town), part["referral"])
    await gone_everywhere(town, await addresses(town, sent), part)
    await town.world.settled()


async def test_a_shorter_period_ends_the_part_when_it_ends(town: Town) -> None:
    """CON-17: what was given until then is open until then, and no longer."""
    sent = await refer(town.world, town.ehr, town.pantry)
    part = await part_of(town, sent)
    tree = await sent.read("Consent")
    end = datetime.now(UTC) + timedelta(seconds=3)
    shorter = {**tree["provision"], "period": {"end": end.isoformat(timespec="seconds")}}
    assert (await sent.change("Consent", provision=shorter)).status_code == 200
    rows = await town.world.rows(
        "SELECT DISTINCT until FROM participation WHERE because = $1 AND role = 'recipient'", part["task"]
    )
    assert [abs((row["until"] - end).total_seconds()) < 2 for row in rows] == [True]
    (basis,) = await town.world.rows("SELECT valid_until FROM basis WHERE referral = $1", part["referral"])
    assert basis["valid_until"] == rows[0]["until"]


async def test_a_consent_that_becomes_another_persons_permits_nothing(town: Town) -> None:
    sent = await refer(town.world, town.ehr, town.pantry)
    other = await refer(town.world, town.ehr, None)
    assert (await sent.change("Consent", patient={"reference": other.ref("Patient")})).status_code == 200
    await gone_everywhere(town, await addresses(town, sent), await part_of(town, sent))
    await town.world.settled()


async def test_a_withdrawn_referral_can_be_passed_on_anew(town: Town) -> None:
    sent = await refer(town.world, town.ehr, town.pantry)
    first = await part_of(town, sent)
    await sent.change("Consent", status="inactive")
    await town.world.settled()
    olga = await operator(town)
    await pass_on(
        town.world.network, olga, first["referral"], to=town.pantry, basis_kind="spoken", attestation="By phone today"
    )
    await town.world.settled()
    again = await part_of(town, sent)
    assert again["task"] != first["task"]
    await all_there(town, [f"Task/{again['task']}", sent.ref("Patient"), sent.ref("Condition")], again)
    assert (await town.cbo.get(f"Task/{first['task']}")).status_code == 404
    detail = await waiting_item(town.world.network, olga, first["referral"])
    assert len(detail.children) == 2


async def test_the_pantry_keeps_what_it_wrote_itself(town: Town) -> None:
    from tests.builders import resource

    sent = await refer(town.world, town.ehr, town.pantry)
    made = await town.cbo.create(resource("Procedure", subject=sent.ref("Patient")))
    assert made.status_code == 201
    await sent.change("Consent", status="inactive")
    assert (await town.cbo.get(f"Procedure/{made.json()['id']}")).status_code == 200
    assert (await town.cbo.update(made.json())).status_code == 200, "a reference that stood there may be hidden now"
    await town.world.settled()


async def operator(town: Town) -> Any:
    known = await town.world.rows("SELECT id FROM account WHERE email = 'olga@platform.example'")
    if not known:
        return await town.olga()
    from app.services.caller import Caller

    return Caller(frozenset({town.platform}), "person", account=known[0]["id"], role="operator", request_id="test")
