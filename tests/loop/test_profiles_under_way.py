"""A referral runs to its end whatever profiles say of what others wrote: what is wrong with their request is not
passed on as ours, and a stricter profile that comes meanwhile stops nothing.

*Source*: issue list of profiles, "a stricter profile never stops a referral that is under way".
"""

from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from app.fhir.profiles.guides import Conformance, conformance
from tests.api.answers import refused
from tests.builders import DELETE, refer, resource
from tests.conftest import Database
from tests.loop.test_transitions import with_all_that_is_needed
from tests.town import Town

GUIDE = "http://hl7.org/fhir/us/sdoh-clinicalcare/StructureDefinition/"
STRICTER = "urn:site:task"
# every Task of a referral says how urgent it is, and has a group
TABLE = f"""profile\t{STRICTER}\t1
type\tTask
base\t{GUIDE}SDOHCC-TaskForReferralManagement
title\tSiteTask
package\tsite#1
element\tpriority\t1..
element\tgroupIdentifier\t1..
element\tcode\t\t\tpattern {{"coding":[{{"system":"http://hl7.org/fhir/CodeSystem/task-code","code":"fulfill"}}]}}
"""


@pytest.fixture
async def stricter(town: Town) -> AsyncIterator[Town]:
    """The town, from now on with a profile that the site requires."""
    before = town.world.network.conformance
    yield town
    judge_by(town, before)


def require(town: Town) -> None:
    judge_by(town, conformance(profiles=[TABLE], required=[STRICTER]))


def judge_by(town: Town, known: Conformance) -> None:
    """As after a start with other profiles installed; a story does that in full."""
    object.__setattr__(town.world.network, "conformance", known)


async def the_pantrys(town: Town) -> Any:
    (task,) = await town.cbo.search("Task?status=requested&_count=1&_sort=-_lastUpdated")
    return task


async def test_a_service_in_words_only_is_passed_on_without_a_claim(town: Town) -> None:
    """SDOHCC-ServiceRequest demands a code; the sender declared nothing, and is no reason to lose a referral."""
    sent = await refer(town.world, town.ehr, town.pantry, ServiceRequest={"code": {"text": "bread"}})
    task = await the_pantrys(town)
    order = (await town.cbo.get(task["focus"]["reference"])).json()
    assert order["code"] == {"text": "bread"}
    assert "profile" not in order["meta"]
    assert task["meta"]["profile"] == [GUIDE + "SDOHCC-TaskForReferralManagement"]
    assert (await sent.read("ServiceRequest"))["status"] == "active"


async def test_a_service_with_its_code_is_passed_on_as_the_guide_has_it(town: Town) -> None:
    code = {"coding": [{"system": "http://snomed.info/sct", "code": "467771000124109", "display": "Food provision"}]}
    await refer(town.world, town.ehr, town.pantry, ServiceRequest={"code": code})
    order = (await town.cbo.get((await the_pantrys(town))["focus"]["reference"])).json()
    assert order["meta"]["profile"] == [GUIDE + "SDOHCC-ServiceRequest"]


async def test_what_had_begun_before_a_stricter_profile_runs_to_its_end(stricter: Town) -> None:
    town = stricter
    sent = await refer(town.world, town.ehr, town.pantry)
    task = await the_pantrys(town)
    require(town)
    done = await town.cbo.create(resource("Procedure", subject=task["for"]))
    for status in ("accepted", "in-progress", "on-hold", "in-progress", "completed"):
        answer = await town.cbo.update(with_all_that_is_needed(task, status, f"Procedure/{done.json()['id']}"))
        assert answer.status_code == 200, (status, answer.text)
        task = answer.json()
    await town.world.settled()
    assert (await sent.read("Task"))["status"] == "completed"


async def test_what_an_earlier_release_took_runs_to_its_end(town: Town, module_database: Database) -> None:
    """A rule of R4 that is checked since then is told as a warning; what else is changed must fit it."""
    sent = await refer(town.world, town.ehr, town.pantry)
    task = await the_pantrys(town)
    stored = b'"intent":"order","extension":[{"url":"short","valueString":"x"}]'
    superuser: Any = await asyncpg.connect(module_database.superuser_dsn)
    for each in (task["id"], sent.ids["Task"]):
        body = await superuser.fetchval(
            "SELECT body FROM version WHERE resource = $1::uuid ORDER BY version DESC", each
        )
        changed = body.replace(b'"intent":"order"', stored)
        assert changed != body
        await superuser.execute("UPDATE version SET body = $2 WHERE resource = $1::uuid", each, changed)
    await superuser.close()
    headers = {"Prefer": "return=OperationOutcome", "Content-Type": "application/fhir+json"}
    task = (await town.cbo.get(f"Task/{task['id']}")).json()
    body = task | {"status": "accepted"}
    answer = await town.cbo.http.put(f"/fhir/Task/{task['id']}", json=body, headers=headers)
    assert answer.status_code == 200, answer.text
    told = [(issue["severity"], issue.get("expression")) for issue in answer.json()["issue"]]
    assert ("warning", ["Task.extension[0].url"]) in told
    await town.world.settled()
    assert (await sent.read("Task"))["status"] == "accepted"
    refused(await sent.change("Task", description="more"), 400, "value", rule="extension-url")


async def test_what_its_sender_changes_beyond_a_move_is_judged(stricter: Town) -> None:
    town = stricter
    sent = await refer(town.world, town.ehr, None)
    require(town)
    refused(await sent.change("Task", description="more"), 422, "required", rule="profile-required")
    assert (await sent.change("Task", status="cancelled", statusReason={"text": "moved"})).status_code == 200


async def test_a_move_is_judged_for_what_it_brings(stricter: Town) -> None:
    """What a write that moves a referral changes must be right; what was wrong before is told as a warning."""
    town = stricter
    await refer(town.world, town.ehr, town.pantry)
    task = await the_pantrys(town)
    require(town)
    bad = [{"type": {"text": "what"}, "valueReference": task["for"]}]
    accepted = (await town.cbo.update(task | {"status": "accepted"})).json()
    wrong = await town.cbo.update(accepted | {"status": "completed", "output": [*bad, {"type": {"text": "x"}}]})
    refused(wrong, 400, "required", at="Task.output[1].value")
    headers = {"Prefer": "return=OperationOutcome", "Content-Type": "application/fhir+json"}
    answer = await town.cbo.http.put(f"/fhir/Task/{task['id']}", json=accepted | {"status": "in-progress"}, headers=headers)  # fmt: skip
    told = {(issue["severity"], issue["expression"][0]) for issue in answer.json()["issue"] if "expression" in issue}
    assert {("warning", "Task.priority"), ("warning", "Task.groupIdentifier")} <= told
    await town.world.settled()


async def test_what_comes_after_a_stricter_profile_is_held_to_it(stricter: Town) -> None:
    town = stricter
    require(town)
    assert town.world.network.organization is not None
    person = (await town.ehr.create(resource("Patient"))).json()["id"]
    order = resource("ServiceRequest", subject=f"Patient/{person}", requester=f"Organization/{town.clinic}")
    request = (await town.ehr.create(order)).json()["id"]
    task = resource(
        "Task",
        for_=DELETE,
        focus=f"ServiceRequest/{request}",
        requester=f"Organization/{town.clinic}",
        owner=f"Organization/{town.world.network.organization}",
    ) | {"for": {"reference": f"Patient/{person}"}}
    issues = refused(await town.ehr.create(task), 422, "required", rule="profile-required", at="Task.priority")
    assert "Task.groupIdentifier" in {issue["expression"][0] for issue in issues}
