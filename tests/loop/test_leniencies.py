"""What the field sends and the guide does not know: it is taken as what it means, and the sender is told.

*Source*: SDOH Clinical Care 3.0.0, sheet section 12; `fhir_profiles/leniencies.toml`.
"""

from typing import Any

import pytest

from app.fhir.leniencies import STRICT, leniencies, peers
from tests.api.answers import refused
from tests.api.verbs import op, patch
from tests.builders import refer, referral, resource
from tests.town import Town
from tests.world import FHIR_JSON, System

TOLD = {"Prefer": "return=OperationOutcome", "Content-Type": FHIR_JSON}


@pytest.fixture
async def strict(town: Town) -> System:
    return await town.world.system(town.clinic, peer=STRICT)


async def notes(system: System, tree: dict[str, Any]) -> dict[str, str]:
    """What is said of an update that is taken: rule -> place."""
    address = f"/fhir/{tree['resourceType']}/{tree['id']}"
    answer = await system.http.put(address, json=tree, headers=TOLD)
    assert answer.status_code == 200, answer.text
    return {each["details"]["text"]: each.get("expression", [""])[0] for each in answer.json()["issue"]}


async def test_received_is_requested(town: Town) -> None:
    sent = await refer(town.world, town.ehr, town.pantry, Task={"status": "received"})
    (task,) = await town.cbo.search("Task?status=requested&_count=1&_sort=-_lastUpdated")
    assert task["status"] == "requested"
    assert (await sent.read("Task"))["status"] in ("requested", "accepted", "in-progress")


async def test_received_for_a_task_that_is_there_changes_nothing_and_is_told(town: Town) -> None:
    """Gravity's reference implementation sets it when its user has looked at a referral."""
    await refer(town.world, town.ehr, town.pantry)
    (task,) = await town.cbo.search("Task?status=requested&_count=1&_sort=-_lastUpdated")
    for status in ("requested", "accepted"):
        task = (await town.cbo.update(task | {"status": status})).json()
        told = await notes(town.cbo, task | {"status": "received"})
        assert told["lenient"] == "Task.status"
        assert (await town.cbo.get(f"Task/{task['id']}")).json()["status"] == status
        task = (await town.cbo.get(f"Task/{task['id']}")).json()
    await town.world.settled()


async def test_a_patch_to_received_is_taken_alike(town: Town) -> None:
    await refer(town.world, town.ehr, town.pantry)
    (task,) = await town.cbo.search("Task?status=requested&_count=1&_sort=-_lastUpdated")
    answer = await patch(town.cbo, f"Task/{task['id']}", op("replace", "/status", "received"))
    assert answer.status_code == 200, answer.text
    assert answer.json()["status"] == "requested"


async def test_an_original_order_is_an_order_and_its_sender_is_told_in_the_transactions_answer(town: Town) -> None:
    assert town.world.network.organization is not None
    entries = referral(town.world.network.organization, town.pantry, Task={"intent": "original-order"})
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
    answer = await town.ehr.http.post("/fhir", json=bundle, headers=TOLD)
    assert answer.status_code == 200, answer.text
    outcome = answer.json()["entry"][-1]["response"]["outcome"]
    (issue,) = [each for each in outcome["issue"] if each["details"]["text"] == "lenient"]
    assert (issue["severity"], issue["expression"]) == ("information", ["Bundle.entry[5].resource.intent"])
    await town.world.settled()


async def test_who_is_registered_as_strict_is_forgiven_nothing(town: Town, strict: System) -> None:
    assert town.world.network.organization is not None
    for change, at in (({"status": "received"}, "status"), ({"intent": "original-order"}, "intent")):
        entries = referral(town.world.network.organization, town.pantry, Task=change)
        answer = await strict.bundle("transaction", entries)
        assert answer.status_code == 422
        assert f"Bundle.entry[5].resource.{at}" in {issue["expression"][0] for issue in answer.json()["issue"]}


async def test_a_task_that_the_guide_does_not_know_is_left_alone(town: Town) -> None:
    person = (await town.ehr.create(resource("Patient"))).json()["id"]
    tree = {"resourceType": "Task", "status": "received", "intent": "original-order", "code": {"text": "x"}}
    answer = await town.ehr.create(tree | {"for": {"reference": f"Patient/{person}"}})
    assert answer.status_code == 201, answer.text
    assert (answer.json()["status"], answer.json()["intent"]) == ("received", "original-order")


async def test_no_other_status_is_taken_for_one_of_the_guides(town: Town) -> None:
    await refer(town.world, town.ehr, town.pantry)
    (task,) = await town.cbo.search("Task?status=requested&_count=1&_sort=-_lastUpdated")
    refused(await town.cbo.update(task | {"status": "ready"}), 422, "code-invalid", at="Task.status")


def test_each_row_says_why_and_can_be_had_by_a_name_of_a_peer() -> None:
    for row in leniencies():
        assert row.because
        assert set(row.peers) <= set(peers()) - {STRICT}
        assert row.sent != row.kept
