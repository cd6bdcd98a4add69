"""Conditional updates and creates: one identifier or one id, one resource however many ask at once."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import pytest

from app.store import claims
from tests.api.answers import MARK, refused, without_number
from tests.api.verbs import delete, identified, op, patch, put, request
from tests.builders import entry, refer, resource
from tests.town import Town
from tests.world import System

NOBODY = "0198c0de-0000-7000-8000-000000000000"


async def chooser(town: Town) -> System:
    return await town.world.system(town.clinic, may_assign_ids=True)


# conditional updates


async def test_a_conditional_update_creates_what_is_not_there_and_updates_what_is(town: Town) -> None:
    value = uuid4().hex
    address = f"Patient?identifier=urn:s|{value}"
    first = await put(town.ehr, address, identified(value, gender="male"))
    assert first.status_code == 201, first.text
    assert first.headers["location"].endswith(f"/fhir/Patient/{first.json()['id']}/_history/1")
    second = await put(town.ehr, address, identified(value, gender="female"))
    assert (second.status_code, second.json()["id"], second.headers["etag"]) == (200, first.json()["id"], 'W/"2"')
    assert second.json()["gender"] == "female"
    with_id = await put(town.ehr, address, identified(value, id=first.json()["id"]))
    assert with_id.status_code == 200
    refused(await put(town.ehr, address, identified(value, id=NOBODY)), 400, "invalid", rule="id-differs")
    refused(await put(town.ehr, address, identified(value, id=7)), 400, "value", rule="id-form")


async def test_a_conditional_update_of_several_is_refused(town: Town) -> None:
    """B35."""
    value = uuid4().hex
    for _ in range(2):
        await town.ehr.create(identified(value))
    refused(await put(town.ehr, f"Patient?identifier=urn:s|{value}", identified(value)), 412, "multiple-matches")


async def test_a_conditional_update_neither_finds_nor_hints_at_what_others_have(town: Town) -> None:
    value = uuid4().hex
    theirs = (await town.cbo.create(identified(value))).json()
    mine = await put(town.ehr, f"Patient?identifier=urn:s|{value}", identified(value))
    assert mine.status_code == 201
    assert (await town.cbo.get(f"Patient/{theirs['id']}")).json() == theirs


async def test_a_conditional_update_with_an_id_creates_for_who_may_choose(town: Town) -> None:
    value, name = uuid4().hex, f"p-{uuid4().hex[:8]}"
    address = f"Patient?identifier=urn:s|{value}"
    refused(await put(town.ehr, address, identified(value, id=name)), 400, "invalid", rule="id-assigned")
    made = await put(await chooser(town), address, identified(value, id=name))
    assert (made.status_code, made.json()["id"]) == (201, name)


async def test_a_conditional_update_by_id(town: Town) -> None:
    made = (await town.ehr.create(resource("Patient"))).json()
    answer = await put(town.ehr, f"Patient?_id={made['id']}", {**made, "gender": "other"})
    assert (answer.status_code, answer.headers["etag"]) == (200, 'W/"2"')


async def test_a_condition_by_id_means_what_ones_own_members_wrote(town: Town) -> None:
    """B30: what is only seen is as good as not there, like what is hidden and what never was."""
    seen = (await refer(town.world, town.ehr, town.pantry)).ids["Patient"]
    hidden = (await town.ehr.create(resource("Patient"))).json()["id"]
    assert [(await town.cbo.get(f"Patient/{id}")).status_code for id in (seen, hidden)] == [200, 404]
    refusals = []
    for id in (seen, hidden, NOBODY):
        created = await town.cbo.create(resource("Patient"), **{"If-None-Exist": f"_id={id}"})
        updated = await put(town.cbo, f"Patient?_id={id}", resource("Patient"))
        assert (created.status_code, updated.status_code) == (201, 201)
        assert id not in (created.json()["id"], updated.json()["id"])
        refusals.append(await put(town.cbo, f"Patient?_id={id}", resource("Patient", id=id)))
        refused(refusals[-1], 400, "invalid", rule="id-assigned")
    assert len({without_number(each)[:2] for each in refusals}) == 1
    assert (await town.ehr.get(f"Patient/{seen}")).headers["etag"] == 'W/"1"'
    mine = (await town.cbo.create(resource("Patient"))).json()["id"]
    found = await town.cbo.create(resource("Patient"), **{"If-None-Exist": f"_id={mine}"})
    assert (found.status_code, found.json()["id"]) == (200, mine)


async def test_a_condition_by_the_id_of_what_the_same_transaction_deletes_is_refused(town: Town) -> None:
    """As one by its identifier is."""
    value = uuid4().hex
    made = (await town.ehr.create(identified(value))).json()["id"]
    gone = request("DELETE", f"Patient/{made}")
    for condition in (f"_id={made}", f"identifier=urn:s|{value}"):
        answer = await town.ehr.bundle("transaction", [gone, request("PUT", f"Patient?{condition}", identified(value))])
        refused(answer, 400, "invalid", rule="bundle-duplicate")


async def test_a_conditional_update_honours_if_match(town: Town) -> None:
    value = uuid4().hex
    address = f"Patient?identifier=urn:s|{value}"
    await put(town.ehr, address, identified(value))
    await put(town.ehr, address, identified(value))
    refused(await put(town.ehr, address, identified(value), **{"If-Match": 'W/"1"'}), 412, "conflict")
    assert (await put(town.ehr, address, identified(value), **{"If-Match": 'W/"2"'})).status_code == 200


@pytest.mark.parametrize(
    "condition",
    ["", f"{MARK}=x", f"name={MARK}", "identifier=", "identifier=novalue", "identifier=urn:s|", "identifier=a|1,a|2",
     "identifier=a|1&identifier=a|2", "identifier=a|1&_id=x", "_id=", "identifier:not=a|1", "_lastUpdated=gt2020"],
)  # fmt: skip
async def test_a_condition_is_one_identifier_or_one_id(town: Town, condition: str) -> None:
    """REL-04: never lenient, also for who prefers that."""
    answer = await put(town.ehr, f"Patient?{condition}", resource("Patient"), Prefer="handling=lenient")
    assert answer.status_code == 400, answer.text
    refused(answer, 400, answer.json()["issue"][0]["code"])


async def test_sixty_four_conditional_updates_make_one_resource(town: Town) -> None:
    """REL-03: each one ends in one and the same resource, whose versions they are."""
    for _ in range(2):
        value = uuid4().hex
        address = f"Patient?identifier=urn:s|{value}"
        answers = await asyncio.gather(*(put(town.ehr, address, identified(value)) for _ in range(64)))
        assert sorted(answer.status_code for answer in answers) == [200] * 63 + [201], [
            answer.text for answer in answers if answer.status_code > 201
        ][:3]
        assert len(await town.ehr.search(address)) == 1
        (made,) = {answer.json()["id"] for answer in answers}
        assert (await town.ehr.get(f"Patient/{made}")).headers["etag"] == 'W/"64"'


async def test_creates_and_updates_under_one_condition_make_one_resource(town: Town) -> None:
    value = uuid4().hex
    condition = f"identifier=urn:s|{value}"
    creates = [town.ehr.create(identified(value), **{"If-None-Exist": condition}) for _ in range(24)]
    updates = [put(town.ehr, f"Patient?{condition}", identified(value)) for _ in range(24)]
    answers = await asyncio.gather(*creates, *updates)
    assert sorted(answer.status_code for answer in answers).count(201) == 1
    assert {answer.status_code for answer in answers} == {200, 201}
    assert len(await town.ehr.search(f"Patient?{condition}")) == 1


async def test_a_create_with_its_condition_in_the_address_makes_nothing(town: Town) -> None:
    """Passed over it would make everything twice; what concerns the answer may stand there."""
    value = uuid4().hex
    made = await town.ehr.http.post("/fhir/Patient?_format=json&_pretty=true", json=identified(value))
    assert made.status_code == 201
    again = await town.ehr.http.post(f"/fhir/Patient?identifier=urn:s|{value}", json=identified(value))
    refused(again, 400, "invalid", rule="create-condition")
    assert len(await town.ehr.search(f"Patient?identifier=urn:s|{value}")) == 1


async def test_what_is_deleted_between_finding_and_reading_is_looked_for_once_more(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    value = uuid4().hex
    first = (await put(town.ehr, f"Patient?identifier=urn:s|{value}", identified(value))).json()["id"]
    find = claims.authored_with_identifier

    async def then_deleted(*asked: Any) -> list[UUID]:
        found = await find(*asked)
        if found == [UUID(first)]:
            assert (await delete(town.ehr, f"Patient/{first}")).status_code == 204
        return found

    monkeypatch.setattr(claims, "authored_with_identifier", then_deleted)
    answer = await put(town.ehr, f"Patient?identifier=urn:s|{value}", identified(value))
    assert answer.status_code == 201, answer.text
    assert answer.json()["id"] != first


async def test_conditions_need_a_scope_to_search(town: Town) -> None:
    """SCO-04, also where the resource is there: else it would tell so."""
    value = uuid4().hex
    await town.ehr.create(identified(value))
    blind = await town.world.system(town.clinic, scopes="system/Patient.crud")
    condition = f"identifier=urn:s|{value}"
    answers = [
        await blind.create(identified(value), **{"If-None-Exist": condition}),
        await put(blind, f"Patient?{condition}", identified(value)),
        await patch(blind, f"Patient?{condition}", op("add", "/active", True)),
        await delete(blind, f"Patient?{condition}"),
        await blind.bundle("transaction", [entry(identified(value), ifNoneExist=condition)]),
        await blind.bundle("transaction", [{"request": {"method": "DELETE", "url": f"Patient?{condition}"}}]),
    ]
    for answer in answers:
        refused(answer, 403, "forbidden", rule="scope")
