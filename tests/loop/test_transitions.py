"""Status changes on the wire, every pair and role, against the guide's table written down here a second time.

*Source*: SDOH Clinical Care 3.0.0, state diagram of the referral Task and "who sets it".
"""

from typing import Any

import pytest

from tests.api.answers import refused
from tests.builders import Sent, refer, reference, resource
from tests.town import Town

STATUSES = [
    "draft",
    "requested",
    "accepted",
    "rejected",
    "cancelled",
    "in-progress",
    "on-hold",
    "failed",
    "completed",
    "entered-in-error",
]
# no status of a referral by the guide; `received`, which the field sends, is forgiven (test_leniencies.py)
OTHERS = ["ready"]
# from -> to, as the diagram draws it
DRAWN = {
    "draft": {"requested"},
    "requested": {"accepted", "rejected", "cancelled"},
    "accepted": {"in-progress", "on-hold", "cancelled", "completed", "failed"},
    "in-progress": {"on-hold", "cancelled", "completed", "failed"},
    "on-hold": {"in-progress", "cancelled", "completed", "failed"},
}
TARGET_SETS = {"accepted", "rejected", "in-progress", "on-hold", "failed", "completed", "cancelled"}
REQUESTER_SETS = {"draft", "requested", "entered-in-error", "cancelled"}
WAY_TO = {
    "requested": [],
    "accepted": ["accepted"],
    "rejected": ["rejected"],
    "cancelled": ["cancelled"],
    "in-progress": ["accepted", "in-progress"],
    "on-hold": ["accepted", "on-hold"],
    "failed": ["accepted", "failed"],
    "completed": ["accepted", "completed"],
}


def legal(before: str, after: str, by: str) -> bool:
    """The oracle: a status that stays is no transition."""
    if before == after:
        return True
    drawn = after in DRAWN.get(before, ()) or after == "entered-in-error"
    return drawn and after in (TARGET_SETS if by == "target" else REQUESTER_SETS)


def why(status: str) -> str:
    """A status that no referral has breaks the profile; one that it has, at the wrong time or by the wrong side, the
    diagram."""
    return "business-rule" if status in STATUSES else "code-invalid"


def with_all_that_is_needed(task: dict[str, Any], status: str, output: str) -> dict[str, Any]:
    kept = {name: value for name, value in task.items() if name not in ("statusReason", "output")}
    return {
        **kept,
        "status": status,
        "statusReason": {"text": "because"},
        "output": [{"type": {"text": "what was done"}, "valueReference": reference(output)}],
    }


async def child_at(town: Town, status: str) -> tuple[dict[str, Any], str]:
    """The pantry's Task of a new referral, brought to a status; and a Procedure of the pantry's."""
    await refer(town.world, town.ehr, town.pantry)
    (task,) = await town.cbo.search("Task?status=requested&_count=1")
    done = await town.cbo.create(resource("Procedure", subject=task["for"]))
    assert done.status_code == 201, done.text
    output = f"Procedure/{done.json()['id']}"
    for step in WAY_TO[status]:
        answer = await town.cbo.update(with_all_that_is_needed(task, step, output))
        assert answer.status_code == 200, answer.text
        task = answer.json()
    await town.world.settled()
    return task, output


@pytest.mark.parametrize("before", sorted(WAY_TO))
async def test_a_target_moves_its_task_only_as_the_guide_draws(town: Town, before: str) -> None:
    for after in [*STATUSES, *OTHERS]:
        if legal(before, after, "target") and after != before:
            continue
        if "task" not in locals():
            task, output = await child_at(town, before)
        answer = await town.cbo.update(with_all_that_is_needed(task, after, output))
        if after == before:
            assert answer.status_code == 200, (before, after, answer.text)
            task = answer.json()
        else:
            refused(answer, 422, why(after), at="Task.status")
    for after in sorted(DRAWN.get(before, ())):
        task, output = await child_at(town, before)
        answer = await town.cbo.update(with_all_that_is_needed(task, after, output))
        assert answer.status_code == 200, (before, after, answer.text)
    await town.world.settled()


async def test_a_sender_moves_its_task_only_as_the_guide_draws(town: Town) -> None:
    """The network brings a sender's Task forward; its sender takes it back, or says that it was a mistake."""
    for status in ("draft", "requested"):
        sent = await refer(town.world, town.ehr, None, Task={"status": status})
        assert (await sent.read("Task"))["status"] == status
        for after in [*STATUSES, *OTHERS]:
            if not legal(status, after, "requester"):
                refused(await sent.change("Task", status=after), 422, why(after), at="Task.status")
        for after in ("requested", "cancelled", "entered-in-error"):
            if legal(status, after, "requester") and after != status:
                sent = await refer(town.world, town.ehr, None, Task={"status": status})
                assert (await sent.change("Task", status=after)).status_code == 200, (status, after)
        await town.world.settled()


async def test_a_new_task_starts_as_draft_or_requested(town: Town) -> None:
    for status in [*STATUSES, *OTHERS]:
        sent = await start(town, status)
        if status in ("draft", "requested"):
            assert isinstance(sent, Sent)


async def start(town: Town, status: str) -> Sent | None:
    if status in ("draft", "requested"):
        return await refer(town.world, town.ehr, None, Task={"status": status})
    person = (await town.ehr.create(resource("Patient"))).json()["id"]
    request = (
        await town.ehr.create(resource("ServiceRequest", subject=f"Patient/{person}", requester=f"Patient/{person}"))
    ).json()
    tree = resource(
        "Task",
        status=status,
        for_=reference(f"Patient/{person}"),
        focus=f"ServiceRequest/{request['id']}",
        requester=f"Organization/{town.clinic}",
        owner=f"Organization/{town.platform}",
    )
    refused(await town.ehr.create(tree), 422, why(status), at="Task.status")
    return None


async def test_declining_without_a_reason_is_refused(town: Town) -> None:
    task, _ = await child_at(town, "requested")
    refused(await town.cbo.update({**task, "status": "rejected"}), 422, "business-rule", at="Task.statusReason")
    answer = await town.cbo.update({**task, "status": "rejected", "statusReason": {"coding": [{"code": "x"}]}})
    refused(answer, 422, "required", at="Task.statusReason.text")


@pytest.mark.parametrize("status", ["failed", "on-hold", "cancelled"])
async def test_stopping_without_a_reason_is_refused(town: Town, status: str) -> None:
    task, _ = await child_at(town, "accepted")
    del task["statusReason"]
    refused(await town.cbo.update({**task, "status": status}), 422, "business-rule", at="Task.statusReason")


async def test_completing_without_an_output_is_refused(town: Town) -> None:
    task, _ = await child_at(town, "in-progress")
    task.pop("output")
    refused(await town.cbo.update({**task, "status": "completed"}), 422, "business-rule", at="Task.output")


@pytest.mark.parametrize("missing", ["focus", "for", "authoredOn", "requester"])
async def test_a_referral_task_that_lacks_what_it_needs_is_refused(town: Town, missing: str) -> None:
    person = (await town.ehr.create(resource("Patient"))).json()["id"]
    tree = resource(
        "Task",
        for_=reference(f"Patient/{person}"),
        focus="ServiceRequest/of-somebody",
        requester=f"Organization/{town.clinic}",
        owner=f"Organization/{town.platform}",
    )
    del tree[missing]
    refused(await town.ehr.create(tree), 422, "required", at=f"Task.{missing}")


async def test_another_organizations_referral_is_not_there(town: Town) -> None:
    """B44: Ben's shelter accepts what the pantry was asked."""
    task, _ = await child_at(town, "requested")
    refused(await town.other_cbo.update({**task, "status": "accepted"}), 404, "not-found")
    refused(await town.other_cbo.get(f"Task/{task['id']}"), 404, "not-found")
    assert (await town.cbo.get(f"Task/{task['id']}")).json()["status"] == "requested"


async def test_a_patients_task_has_a_table_of_its_own(town: Town) -> None:
    person = (await town.ehr.create(resource("Patient"))).json()["id"]
    code = {"coding": [{"system": "http://hl7.org/fhir/us/sdoh-clinicalcare/CodeSystem/SDOHCC-CodeSystemTemporaryCodes",
                        "code": "make-contact"}]}  # fmt: skip
    tree = resource(
        "Task", status="ready", code=code, for_=reference(f"Patient/{person}"), focus=f"Patient/{person}",
        requester=f"Organization/{town.clinic}", owner=f"Patient/{person}", priority="routine",
        description="Call them to make an appointment.",
        input=[{"type": {"coding": [{**code["coding"][0], "code": "contact-entity"}]},
                "valueReference": {"reference": f"Organization/{town.clinic}"}}],
    )  # fmt: skip
    made = await town.ehr.create(tree)
    assert made.status_code == 201, made.text
    refused(await town.ehr.update({**made.json(), "status": "completed"}), 422, "business-rule", at="Task.status")
    refused(await town.ehr.create({**tree, "status": "completed"}), 422, "business-rule", at="Task.status")
    assert (await town.ehr.update({**made.json(), "status": "cancelled"})).status_code == 200
