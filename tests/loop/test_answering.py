"""A CBO's own system answers over FHIR; what it does shows on the sender's Task, and nothing else of it does."""

from typing import Any

from app.services.referrals.pass_on import pass_on
from app.services.referrals.views import waiting
from tests.api.answers import refused
from tests.builders import Sent, refer, reference, resource
from tests.loop.test_withdrawal import operator, part_of
from tests.town import Town
from tests.world import System


async def move(town: Town, system: System, task: dict[str, Any], status: str, **more: Any) -> dict[str, Any]:
    answer = await system.update({**{k: v for k, v in task.items() if k != "statusReason"}, "status": status, **more},
                                 **{"If-Match": f'W/"{task["meta"]["versionId"]}"'})  # fmt: skip
    assert answer.status_code == 200, answer.text
    await town.world.settled()
    return dict(answer.json())


async def part_as_seen(town: Town, system: System, sent: Sent) -> dict[str, Any]:
    part = await part_of(town, sent)
    return dict((await system.get(f"Task/{part['task']}")).json())


async def test_a_referral_is_done_and_its_sender_reads_the_outcome(town: Town) -> None:
    sent = await refer(town.world, town.ehr, town.pantry)
    assert (await sent.read("Task"))["status"] == "accepted"
    task = await part_as_seen(town, town.cbo, sent)
    order = (await town.cbo.get(task["focus"]["reference"])).json()
    assert (order["intent"], order["basedOn"]) == ("filler-order", [reference(sent.ref("ServiceRequest"))])
    assert task["partOf"] == [reference(sent.ref("Task"))]
    assert task["owner"] == reference(f"Organization/{town.pantry}")

    task = await move(town, town.cbo, task, "accepted")
    assert (await sent.read("Task"))["status"] == "accepted"
    task = await move(town, town.cbo, task, "in-progress")
    assert (await sent.read("Task"))["status"] == "in-progress"
    done = (await town.cbo.create(resource("Procedure", subject=task["for"], basedOn=[task["focus"]]))).json()
    refused(await town.ehr.get(f"Procedure/{done['id']}"), 404, "not-found")
    output = {"type": {"text": "what was done"}, "valueReference": reference(f"Procedure/{done['id']}")}
    await move(town, town.cbo, task, "completed", output=[output])

    found = (await town.ehr.get(f"Task?_id={sent.ids['Task']}&_include=Task:output")).json()["entry"]
    assert [each["resource"]["resourceType"] for each in found] == ["Task", "Procedure"]
    assert found[0]["resource"]["status"] == "completed"
    assert found[0]["resource"]["output"] == [output]
    assert found[1]["resource"] == done
    assert (await town.ehr.get(task["focus"]["reference"])).json()["status"] == "completed"
    refused(await town.ehr.get(f"Task/{task['id']}"), 404, "not-found")


async def test_what_an_output_names_of_others_is_not_given_away(town: Town) -> None:
    """The pantry names another clinic's reason in its outcome: the sender reads the words, not the resource."""
    second = await town.world.system(await town.world.member("source"))
    theirs = await refer(town.world, second, town.pantry)
    sent = await refer(town.world, town.ehr, town.pantry)
    task = await part_as_seen(town, town.cbo, sent)
    named = {"type": {"text": "see also"}, "valueReference": reference(theirs.ref("Condition"))}
    task = await move(town, town.cbo, await move(town, town.cbo, task, "accepted"), "completed", output=[named])
    assert (await sent.read("Task"))["output"] == [named]
    refused(await town.ehr.get(theirs.ref("Condition")), 404, "not-found")
    found = await town.ehr.search(f"Task?_id={sent.ids['Task']}&_include=Task:output")
    assert [each["resourceType"] for each in found] == ["Task"]


async def test_a_declined_referral_goes_to_the_second_organization(town: Town) -> None:
    sent = await refer(town.world, town.ehr, town.pantry)
    task = await part_as_seen(town, town.cbo, sent)
    await move(town, town.cbo, task, "rejected", statusReason={"text": "No room this week"})
    assert (await sent.read("Task"))["status"] == "accepted"
    olga, part = await operator(town), await part_of(town, sent)
    (item,) = [each for each in await waiting(town.world.network, olga) if each.referral == part["referral"]]
    assert item.why == "it came back from the organization that had it"
    await pass_on(
        town.world.network, olga, part["referral"], to=town.shelter, basis_kind="paper", attestation="Signed form"
    )
    await town.world.settled()
    second = await part_as_seen(town, town.other_cbo, sent)
    assert second["id"] != task["id"]
    done = (await town.other_cbo.create(resource("Procedure", subject=second["for"]))).json()["id"]
    output = {"type": {"text": "done"}, "valueReference": reference(f"Procedure/{done}")}
    second = await move(town, town.other_cbo, second, "accepted")
    await move(town, town.other_cbo, second, "completed", output=[output])
    assert (await sent.read("Task"))["status"] == "completed"
    refused(await town.cbo.get(f"Procedure/{done}"), 404, "not-found")


async def test_a_sender_that_cancels_ends_what_it_asked_for(town: Town) -> None:
    for how in ({"Task": {"status": "cancelled"}}, {"ServiceRequest": {"status": "revoked"}}):
        sent = await refer(town.world, town.ehr, town.pantry)
        task = await part_as_seen(town, town.cbo, sent)
        await move(town, town.cbo, task, "accepted")
        for type_name, changes in how.items():
            answer = await sent.change(type_name, **changes)
            assert answer.status_code == 200, answer.text
        await town.world.settled()
        assert (await sent.read("Task"))["status"] == "cancelled"
        assert (await part_as_seen(town, town.cbo, sent))["status"] == "cancelled"
        (row,) = await town.world.rows("SELECT closed_as FROM referral WHERE source_task = $1::uuid", sent.ids["Task"])
        assert row["closed_as"] == "cancelled"


async def test_no_open_referral_is_without_an_owner_and_a_time(town: Town) -> None:
    """After everything that the tests of this file did."""
    rows = await town.world.rows("SELECT owner, next_action, due FROM referral WHERE closed_at IS NULL")
    assert all(row["owner"] and row["next_action"] and row["due"] for row in rows)
