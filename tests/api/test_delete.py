"""Deletes: by the author alone, never what a live referral needs; what was deleted is gone and its history stays."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import pytest

from app.services.directory.register_ehr import Ehr, register_ehr
from app.services.referrals.views import waiting_item
from tests.api.answers import MARK, refused, without_number
from tests.api.verbs import delete
from tests.builders import DELETE, consent, entry, put_entry, refer, reference, resource, urn
from tests.town import Town

NOBODY = "0198c0de-0000-7000-8000-000000000000"


async def a_patient(town: Town, **changes: Any) -> dict[str, Any]:
    made: dict[str, Any] = (await town.ehr.create(resource("Patient", **changes))).json()
    return made


async def test_what_was_deleted_is_gone_for_who_saw_it(town: Town) -> None:
    value = uuid4().hex
    made = await a_patient(town, identifier=[{"system": "urn:s", "value": value}], name=[{"family": value}])
    address = f"Patient/{made['id']}"
    answer = await delete(town.ehr, address)
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["etag"] == 'W/"2"'
    assert "last-modified" in answer.headers
    refused(await town.ehr.get(address), 410, "deleted")
    for search in (f"identifier=urn:s|{value}", f"name={value}", f"_id={made['id']}"):
        assert await town.ehr.search(f"Patient?{search}") == []
    rows = await town.world.rows(
        "SELECT action FROM audit WHERE resource = $1::uuid AND outcome = 'done' ORDER BY at", made["id"]
    )
    assert "delete" in [row["action"] for row in rows]


async def test_nothing_refers_to_what_was_deleted(town: Town) -> None:
    made = await a_patient(town)
    await delete(town.ehr, f"Patient/{made['id']}")
    answer = await town.ehr.create(resource("Condition", subject=f"Patient/{made['id']}"))
    refused(answer, 422, "not-found", rule="reference-not-found")


async def test_what_was_deleted_is_neither_changed_nor_patched(town: Town) -> None:
    made = await a_patient(town)
    await delete(town.ehr, f"Patient/{made['id']}")
    refused(await town.ehr.update(made), 410, "deleted")
    answer = await town.ehr.http.patch(
        f"/fhir/Patient/{made['id']}", content="[]", headers={"Content-Type": "application/json-patch+json"}
    )
    refused(answer, 410, "deleted")


async def test_deleting_again_changes_nothing(town: Town) -> None:
    """R4: a delete of what is gone is answered like a delete."""
    made = await a_patient(town)
    answers = [await delete(town.ehr, f"Patient/{made['id']}") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [204, 204, 204]
    history = (await town.ehr.get(f"Patient/{made['id']}/_history")).json()
    assert len(history["entry"]) == 2


async def test_of_many_deletes_at_once_one_makes_a_version(town: Town) -> None:
    made = await a_patient(town)
    answers = await asyncio.gather(*(delete(town.ehr, f"Patient/{made['id']}") for _ in range(20)))
    assert {answer.status_code for answer in answers} == {204}
    assert len((await town.ehr.get(f"Patient/{made['id']}/_history")).json()["entry"]) == 2


async def test_what_others_have_is_deleted_as_if_it_were_not_there(town: Town) -> None:
    hidden = (await town.cbo.create(resource("Patient"))).json()["id"]
    gone = (await town.cbo.create(resource("Patient"))).json()["id"]
    await delete(town.cbo, f"Patient/{gone}")
    answers = [await delete(town.ehr, f"Patient/{id}") for id in (hidden, gone, NOBODY)]
    refused(answers[0], 404, "not-found")
    assert without_number(answers[0]) == without_number(answers[1]) == without_number(answers[2])
    assert (await town.cbo.get(f"Patient/{hidden}")).status_code == 200


async def test_a_stale_if_match_is_a_conflict(town: Town) -> None:
    made = await a_patient(town)
    await town.ehr.update(made)
    refused(await delete(town.ehr, f"Patient/{made['id']}", **{"If-Match": 'W/"1"'}), 412, "conflict")
    refused(await delete(town.ehr, f"Patient/{made['id']}", **{"If-Match": "*"}), 400, "value")
    assert (await delete(town.ehr, f"Patient/{made['id']}", **{"If-Match": 'W/"2"'})).status_code == 204


async def test_only_the_author_deletes(town: Town) -> None:
    sent = await refer(town.world, town.ehr, town.pantry)
    task, *_ = await town.cbo.search("Task?status=requested&_count=1")
    for address in (sent.ref("Patient"), sent.ref("Condition"), f"Task/{task['id']}"):
        refused(await delete(town.cbo, address), 403, "forbidden", rule="not-author")
    for member in (town.clinic, town.pantry):
        refused(await delete(town.ehr, f"Organization/{member}"), 403, "forbidden")


async def test_scopes_of_a_delete(town: Town) -> None:
    made = await a_patient(town)
    writer = await town.world.system(town.clinic, scopes="system/Patient.crus")
    refused(await delete(writer, f"Patient/{made['id']}"), 403, "forbidden", rule="scope")
    deleter = await town.world.system(town.clinic, scopes="system/Patient.d")
    refused(await delete(deleter, f"Patient?_id={made['id']}"), 403, "forbidden", rule="scope")
    assert (await delete(deleter, f"Patient/{made['id']}")).status_code == 204


@pytest.mark.parametrize("type_name", ["Task", "ServiceRequest", "Patient", "Condition", "Consent"])
async def test_what_a_live_referral_needs_stays(town: Town, type_name: str) -> None:
    sent = await refer(town.world, town.ehr, town.pantry)
    refused(await delete(town.ehr, sent.ref(type_name)), 409, "conflict")
    assert (await town.ehr.get(sent.ref(type_name))).status_code == 200


async def test_what_a_referral_that_waits_needs_stays(town: Town) -> None:
    sent = await refer(town.world, town.ehr, None)
    for type_name in sent.ids:
        refused(await delete(town.ehr, sent.ref(type_name)), 409, "conflict", rule="delete-referral")


async def test_what_a_live_referral_names_anywhere_stays(town: Town) -> None:
    """Also where no search looks: in an extension, in what a Task was given, beside what it holds itself."""
    places = [f"Location/{(await town.ehr.create(resource('Location'))).json()['id']}" for _ in range(5)]
    extension = {"url": "https://ehr.example/where", "valueReference": reference(places[0])}
    held = resource("Location", id="held", partOf=reference(places[1]))
    given = {"type": {"text": "where"}, "valueReference": reference(f"{places[3]}/_history/1")}
    changes = {
        "ServiceRequest": {
            "extension": [extension],
            "contained": [held],
            "locationReference": [reference("#held"), reference(f"{town.world.address}/fhir/{places[2]}")],
        },
        "Task": {"input": [given]},
    }
    sent = await refer(town.world, town.ehr, None, **changes)
    for place in places[:4]:
        refused(await delete(town.ehr, place), 409, "conflict", rule="delete-referral")
    assert (await delete(town.ehr, places[4])).status_code == 204
    assert (await sent.change("Task", input=DELETE)).status_code == 200
    assert (await delete(town.ehr, places[3])).status_code == 204, "what it names no longer may go"


async def test_what_was_shown_because_of_a_consent_keeps_it(town: Town) -> None:
    """CON-17: a withdrawn consent stays readable."""
    sent = await refer(town.world, town.ehr, town.pantry)
    assert (await sent.change("Consent", status="inactive")).status_code == 200
    await town.world.settled()
    refused(await delete(town.ehr, sent.ref("Consent")), 409, "conflict", rule="delete-consent")
    free = (await town.ehr.create(consent(sent.ref("Patient")))).json()
    assert (await delete(town.ehr, f"Consent/{free['id']}")).status_code == 204


async def test_a_referral_that_has_ended_keeps_its_task_and_what_that_names(town: Town) -> None:
    sent = await refer(town.world, town.ehr, None)
    refused(await delete(town.ehr, sent.ref("Task")), 409, "conflict")
    assert (await sent.change("Task", status="cancelled", statusReason={"text": "sent twice"})).status_code == 200
    await town.world.settled()
    (row,) = await town.world.rows("SELECT id, closed_at FROM referral WHERE source_task = $1::uuid", sent.ids["Task"])
    assert row["closed_at"] is not None
    refused(await delete(town.ehr, sent.ref("Task")), 409, "conflict", rule="delete-referral")
    refused(await delete(town.ehr, sent.ref("ServiceRequest")), 409, "conflict", rule="delete-referred")
    told = await waiting_item(town.world.network, await town.olga(), row["id"])
    assert told.actions == ()


async def test_a_task_that_became_no_referral_may_go(town: Town) -> None:
    """A draft asks for nothing yet."""
    person = f"Patient/{(await a_patient(town))['id']}"
    performer = f"Organization/{town.clinic}"
    request = (await town.ehr.create(resource("ServiceRequest", subject=person, requester=performer))).json()
    draft = resource("Task", status="draft", for_=reference(person), focus=f"ServiceRequest/{request['id']}",
                     requester=f"Organization/{town.clinic}", owner=f"Organization/{town.platform}")  # fmt: skip
    made = await town.ehr.create(draft)
    assert made.status_code == 201, made.text
    assert (await delete(town.ehr, f"Task/{made.json()['id']}")).status_code == 204


async def test_what_is_referred_to_goes_last(town: Town) -> None:
    made = await a_patient(town)
    condition = (await town.ehr.create(resource("Condition", subject=f"Patient/{made['id']}"))).json()
    issues = refused(await delete(town.ehr, f"Patient/{made['id']}"), 409, "conflict", rule="delete-referred")
    assert "Condition" in issues[0]["diagnostics"]
    assert (await delete(town.ehr, f"Condition/{condition['id']}")).status_code == 204
    assert (await delete(town.ehr, f"Patient/{made['id']}")).status_code == 204


async def test_what_refers_to_each_other_goes_in_one_transaction(town: Town) -> None:
    made = await a_patient(town)
    condition = (await town.ehr.create(resource("Condition", subject=f"Patient/{made['id']}"))).json()
    gone = [
        {"request": {"method": "DELETE", "url": f"{each['resourceType']}/{each['id']}"}} for each in (made, condition)
    ]
    answer = await town.ehr.bundle("transaction", gone)
    assert [each["response"]["status"][:3] for each in answer.json()["entry"]] == ["204", "204"]
    for each in (made, condition):
        refused(await town.ehr.get(f"{each['resourceType']}/{each['id']}"), 410, "deleted")


async def test_a_reference_may_be_turned_away_in_the_transaction_that_deletes(town: Town) -> None:
    made, other = await a_patient(town), await a_patient(town)
    condition = (await town.ehr.create(resource("Condition", subject=f"Patient/{made['id']}"))).json()
    turned = {**condition, "subject": reference(f"Patient/{other['id']}")}
    gone = {"request": {"method": "DELETE", "url": f"Patient/{made['id']}"}}
    answer = await town.ehr.bundle("transaction", [put_entry(turned), gone])
    assert [each["response"]["status"][:3] for each in answer.json()["entry"]] == ["200", "204"]


async def test_a_new_one_may_take_the_identifier_of_a_deleted_one(town: Town) -> None:
    """Also in one transaction, where deletes come first, and by a condition that the old one fulfilled."""
    value = uuid4().hex
    tree = resource("Patient", identifier=[{"system": "urn:s", "value": value}])
    condition = {"If-None-Exist": f"identifier=urn:s|{value}"}
    first = await town.ehr.create(tree, **condition)
    assert (await delete(town.ehr, f"Patient/{first.json()['id']}")).status_code == 204
    second = await town.ehr.create(tree, **condition)
    assert second.status_code == 201
    entries = [
        entry(tree, urn(), ifNoneExist=f"identifier=urn:s|{value}"),
        {"request": {"method": "DELETE", "url": f"Patient/{second.json()['id']}"}},
    ]
    answer = await town.ehr.bundle("transaction", entries)
    assert [each["response"]["status"][:3] for each in answer.json()["entry"]] == ["201", "204"], answer.text
    assert len(await town.ehr.search(f"Patient?identifier=urn:s|{value}")) == 1


async def test_a_conditional_delete_takes_exactly_one(town: Town) -> None:
    value = uuid4().hex
    address = f"Patient?identifier=urn:s|{value}"
    tree = resource("Patient", identifier=[{"system": "urn:s", "value": value}])
    nothing = await delete(town.ehr, address)
    assert (nothing.status_code, nothing.content) == (204, b"")
    made = [(await town.ehr.create(tree)).json() for _ in range(2)]
    refused(await delete(town.ehr, address), 412, "multiple-matches")
    assert (await delete(town.ehr, f"Patient?_id={made[0]['id']}")).status_code == 204
    await town.cbo.create(tree)
    assert (await delete(town.ehr, address)).status_code == 204
    refused(await town.ehr.get(f"Patient/{made[1]['id']}"), 410, "deleted")
    assert len(await town.cbo.search(address)) == 1, "what others have is not found"


async def test_a_copy_that_was_deleted_makes_room_for_the_next(town: Town) -> None:
    """What another system calls it leads to the newest; while a referral names it by that address, it stays."""
    base = f"https://ehr-{uuid4().hex[:8]}.example/fhir"
    await register_ehr(town.world.network, Ehr("EHR", base, town.clinic))
    from_there = resource(
        "Condition", subject=(await a_patient_reference(town)), meta={"source": f"{base}/Condition/c1"}
    )
    first = (await town.ehr.create(from_there)).json()["id"]
    assert (await delete(town.ehr, f"Condition/{first}")).status_code == 204
    second = (await town.ehr.create(from_there)).json()["id"]
    rows = await town.world.rows("SELECT local FROM origin WHERE local = ANY($1)", [UUID(first), UUID(second)])
    assert [row["local"] for row in rows] == [UUID(second)]
    named = {"reasonReference": [reference(f"{base}/Condition/c1")]}
    await refer(town.world, town.ehr, None, ServiceRequest=named)
    refused(await delete(town.ehr, f"Condition/{second}"), 409, "conflict", rule="delete-referral")


async def a_patient_reference(town: Town) -> str:
    return f"Patient/{(await a_patient(town))['id']}"


@pytest.mark.parametrize(
    ("condition", "status", "code"),
    [("status=requested", 405, "not-supported"), ("status:not=draft", 405, "not-supported"),
     (f"{MARK}=x", 400, "not-supported"), ("", 400, "required"), ("identifier=", 400, ""),
     ("identifier=novalue", 400, "not-supported"), ("identifier=a|1&status=draft", 405, "not-supported")],
)  # fmt: skip
async def test_a_delete_of_whatever_is_found_is_not_offered(town: Town, condition: str, status: int, code: str) -> None:
    """B36, REL-04."""
    answer = await delete(town.ehr, f"Task?{condition}")
    assert answer.status_code == status, answer.text
    refused(answer, status, code or answer.json()["issue"][0]["code"])


@pytest.mark.parametrize("type_name", ["AuditEvent", "Provenance"])
async def test_what_tells_who_did_what_is_not_changed(town: Town, type_name: str) -> None:
    """C52."""
    for method in ("PUT", "PATCH", "DELETE"):
        answer = await town.ehr.http.request(method, f"/fhir/{type_name}/{NOBODY}")
        refused(answer, 405, "not-supported", rule="interaction")
        assert "GET" in answer.headers["allow"]
        assert method not in answer.headers["allow"]
    entries = [{"request": {"method": "DELETE", "url": f"{type_name}/{NOBODY}"}}]
    refused(await town.ehr.bundle("transaction", entries), 405, "not-supported")


async def test_a_preferred_outcome_says_what_was_done(town: Town) -> None:
    made = await a_patient(town)
    answer = await delete(town.ehr, f"Patient/{made['id']}", Prefer="return=OperationOutcome")
    assert (answer.status_code, answer.json()["resourceType"]) == (200, "OperationOutcome")
    answer = await delete(town.ehr, f"Patient/{made['id']}", Prefer="return=OperationOutcome")
    assert (answer.status_code, answer.json()["issue"][0]["details"]["text"]) == (200, "delete-nothing")
