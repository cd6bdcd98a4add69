"""Whose a resource is, and who changes what: participation comes from the token, never from what a resource says."""

from typing import Any

import pytest

from app.services.directory.admit import admit
from tests.api.answers import refused
from tests.builders import refer, reference, resource
from tests.town import Town


async def test_what_a_client_creates_belongs_to_its_members_whoever_it_names(town: Town) -> None:
    """The pantry's system claims that the clinic asked: the clinic sees nothing of it."""
    person = (await town.cbo.create(resource("Patient"))).json()["id"]
    tree = resource("ServiceRequest", subject=f"Patient/{person}", requester=f"Organization/{town.clinic}")
    made = (await town.cbo.create(tree)).json()["id"]
    refused(await town.ehr.get(f"ServiceRequest/{made}"), 404, "not-found")
    assert (await town.cbo.get(f"ServiceRequest/{made}")).status_code == 200
    rows = await town.world.rows("SELECT member, role FROM participation WHERE resource = $1::uuid", made)
    assert {(row["member"], row["role"]) for row in rows} == {(town.pantry, "author"), (town.platform, "network")}


async def test_a_system_of_several_members_writes_for_all_of_them(town: Town) -> None:
    both = await town.world.system(town.clinic, town.shelter)
    made = (await both.create(resource("Location"))).json()["id"]
    assert [(await each.get(f"Location/{made}")).status_code for each in (town.ehr, town.other_cbo, town.cbo)] == [
        200,
        200,
        404,
    ]


async def test_a_posted_organization_gives_nobody_rights(town: Town) -> None:
    """It carries a member's identifier and points to members; its author sees no more than before."""
    known = [("urn:npi", "1234567890")]
    rich = await admit(town.world.network, name="Rich", kind="target", identifiers=known)
    kept = (await (await town.world.system(rich)).create(resource("Location"))).json()["id"]
    tree = resource("Organization", identifier=[{"system": "urn:npi", "value": "1234567890"}],
                    partOf=reference(f"Organization/{rich}"))  # fmt: skip
    copy = (await town.ehr.create(tree)).json()["id"]
    person = (await town.ehr.create(resource("Practitioner"))).json()["id"]
    role = resource(
        "PractitionerRole", practitioner=f"Practitioner/{person}", organization=reference(f"Organization/{rich}")
    )
    assert (await town.ehr.create(role)).status_code == 201
    refused(await town.ehr.get(f"Location/{kept}"), 404, "not-found")
    refused(await (await town.world.system(rich)).get(f"Organization/{copy}"), 404, "not-found")
    (row,) = await town.world.rows("SELECT count(*) AS n FROM member WHERE organization = $1::uuid", copy)
    assert row["n"] == 0


async def test_a_members_own_organization_is_written_by_no_system(town: Town) -> None:
    platform = await town.world.system(town.platform)
    for system in (town.ehr, town.cbo, platform):
        for member in (town.clinic, town.pantry, town.platform):
            tree = (await system.get(f"Organization/{member}")).json()
            refused(await system.update({**tree, "name": "Taken over"}), 403, "forbidden")
            assert (await system.get(f"Organization/{member}")).json() == tree


@pytest.mark.parametrize(
    ("element", "value"),
    [("priority", "stat"), ("description", "more"), ("note", [{"text": "x"}]), ("owner", "other"), ("authoredOn", "2020-01-01"),
     ("requester", "other"), ("businessStatus", {"text": "x"}), ("identifier", [{"value": "x"}]), ("code", {"text": "x"}),
     ("intent", "plan"), ("input", [{"type": {"text": "x"}, "valueString": "x"}]), ("_status", {"id": "x"}),
     ("text", {"status": "empty", "div": "<div xmlns='http://www.w3.org/1999/xhtml'>x</div>"})],
)  # fmt: skip
async def test_the_owner_of_a_task_changes_its_answer_only(town: Town, element: str, value: Any) -> None:
    """SCO-18, decision 8."""
    task = await shared_task(town)
    value = reference(f"Organization/{town.shelter}") if value == "other" else value
    answer = await town.cbo.update({**task, element: value})
    if element == "_status":
        assert answer.status_code in (200, 422)  # an id beside the status belongs to the status
        return
    refused(answer, 422, answer.json()["issue"][0]["code"], at=f"Task.{element}")
    assert (await town.cbo.get(f"Task/{task['id']}")).json() == task


async def shared_task(town: Town) -> dict[str, Any]:
    found = await town.cbo.search("Task?status=requested&_count=1")
    if not found:
        await refer(town.world, town.ehr, town.pantry)
        found = await town.cbo.search("Task?status=requested&_count=1")
    return found[0]


@pytest.mark.parametrize("element", ["for", "focus", "partOf"])
async def test_the_owner_of_a_task_does_not_say_whom_it_is_about(town: Town, element: str) -> None:
    task = await shared_task(town)
    person = (await town.cbo.create(resource("Patient"))).json()["id"]
    value: Any = reference(f"Patient/{person}")
    answer = await town.cbo.update({**task, element: [value] if element == "partOf" else value})
    assert answer.status_code in (400, 422)
    answer = await town.cbo.update({name: each for name, each in task.items() if name != element})
    assert answer.status_code == 422, answer.text


async def test_the_owner_of_a_task_changes_nothing_of_its_meta(town: Town) -> None:
    task = await shared_task(town)
    changed = await town.cbo.update({**task, "meta": {"tag": [{"code": "x"}], "profile": ["http://x.example"]}})
    assert changed.status_code == 200
    assert changed.json()["meta"].get("profile") == task["meta"]["profile"]
    assert "tag" not in changed.json()["meta"]


async def test_who_may_see_may_not_therefore_change(town: Town) -> None:
    """The pantry sees the person, the reason and the order; the clinic and the network wrote them."""
    task = await shared_task(town)
    order = (await town.cbo.get(task["focus"]["reference"])).json()
    for reference_text in (
        task["for"]["reference"],
        task["focus"]["reference"],
        order["reasonReference"][0]["reference"],
    ):
        tree = (await town.cbo.get(reference_text)).json()
        refused(await town.cbo.update(tree), 403, "forbidden", rule="not-author")


async def test_a_received_referral_stays_with_the_network_and_about_its_person(town: Town) -> None:
    sent = await refer(town.world, town.ehr, None)
    other = (await town.ehr.create(resource("Patient"))).json()["id"]
    copy = (await town.ehr.create(resource("Organization"))).json()["id"]
    for changes, at in (
        ({"owner": reference(f"Organization/{town.clinic}")}, "Task.owner"),
        ({"owner": reference(f"Organization/{town.pantry}")}, "Task.owner"),
        ({"owner": reference(f"Organization/{copy}")}, "Task.owner"),
        ({"for": reference(f"Patient/{other}")}, "Task.for"),
        ({"code": {"text": "something else"}}, "Task.code"),
    ):
        refused(await sent.change("Task", **changes), 422, "business-rule", at=at)
    assert (await sent.change("Task", description="said better")).status_code == 200


async def test_a_client_cannot_ask_a_member_past_the_network(town: Town) -> None:
    person = (await town.ehr.create(resource("Patient"))).json()["id"]
    request = (
        await town.ehr.create(
            resource("ServiceRequest", subject=f"Patient/{person}", requester=f"Organization/{town.clinic}")
        )
    ).json()
    tree = resource("Task", for_=reference(f"Patient/{person}"), focus=f"ServiceRequest/{request['id']}",
                    requester=f"Organization/{town.clinic}", owner=f"Organization/{town.pantry}")  # fmt: skip
    refused(await town.ehr.create(tree), 422, "business-rule", at="Task.owner")
    identified = resource(
        "Task",
        **{
            **{k: v for k, v in tree.items() if k != "for"},
            "for_": tree["for"],
            "owner": f"Organization/{town.platform}",
        },
    )
    assert (await town.ehr.create(identified)).status_code == 201


async def test_a_task_handed_to_the_network_later_is_received_then(town: Town) -> None:
    """Nothing dies silently: whichever change makes it a referral of the network's makes the referral."""
    for first in ({"owner": reference(f"Organization/{town.clinic}")}, {"status": "draft"}):
        sent = await refer(town.world, town.ehr, None, Task=first)
        key = sent.ids["Task"]
        assert await town.world.rows("SELECT 1 FROM referral WHERE source_task = $1::uuid", key) == []
        handed = await sent.change("Task", status="requested", owner=reference(f"Organization/{town.platform}"))
        assert handed.status_code == 200, handed.text
        assert len(await town.world.rows("SELECT 1 FROM referral WHERE source_task = $1::uuid", key)) == 1


async def test_a_system_registered_to_say_its_version_must(town: Town) -> None:
    """B26, decision 4."""
    strict = await town.world.system(town.clinic, require_if_match=True)
    person = (await strict.create(resource("Patient"))).json()
    request = (
        await strict.create(
            resource("ServiceRequest", subject=f"Patient/{person['id']}", requester=f"Organization/{town.clinic}")
        )
    ).json()
    refused(await strict.update(request), 400, "required", rule="if-match-required")
    assert (await strict.update(request, **{"If-Match": 'W/"1"'})).status_code == 200
    refused(await strict.update(request, **{"If-Match": 'W/"1"'}), 412, "conflict")
    assert (await strict.update(person)).status_code == 200, "a Patient may be changed without"
    assert (await town.ehr.update(request)).status_code == 200, "others need not"
