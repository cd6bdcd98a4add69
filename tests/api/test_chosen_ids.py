"""Ids that clients choose: only those registered for it create by an update."""

import asyncio
from uuid import uuid4

import pytest

from tests.api.answers import refused
from tests.api.verbs import delete, put
from tests.builders import entry, put_entry, resource, urn
from tests.town import Town
from tests.world import System

NOBODY = "0198c0de-0000-7000-8000-000000000000"


async def chooser(town: Town) -> System:
    return await town.world.system(town.clinic, may_assign_ids=True)


async def test_who_may_choose_ids_creates_by_an_update(town: Town) -> None:
    system, name = await chooser(town), f"p.{uuid4().hex}"
    tree = resource("Patient", id=name, gender="male")
    made = await system.update(tree)
    assert (made.status_code, made.json()["id"], made.headers["etag"]) == (201, name, 'W/"1"')
    assert made.headers["location"].endswith(f"/fhir/Patient/{name}/_history/1")
    assert (await system.update({**tree, "gender": "female"})).status_code == 200
    condition = await system.create(resource("Condition", subject=f"Patient/{name}"))
    assert condition.status_code == 201
    found = await system.search(f"Condition?patient={name}")
    assert [each["id"] for each in found] == [condition.json()["id"]]
    refused(await town.ehr.update(resource("Patient", id=f"p.{uuid4().hex}")), 404, "not-found")


async def test_an_id_that_another_member_has_cannot_be_had(town: Town) -> None:
    name = f"p.{uuid4().hex}"
    theirs = await town.world.system(town.pantry, may_assign_ids=True)
    assert (await theirs.update(resource("Patient", id=name))).status_code == 201
    mine = await (await chooser(town)).update(resource("Patient", id=name))
    refused(mine, 409, "conflict", rule="id-taken")
    assert (await theirs.get(f"Patient/{name}")).headers["etag"] == 'W/"1"'
    assert (await (await chooser(town)).update(resource("Location", id=name))).status_code == 201, "another type"


async def test_many_updates_under_a_new_id_make_one_resource(town: Town) -> None:
    system, name = await chooser(town), f"p.{uuid4().hex}"
    answers = await asyncio.gather(*(system.update(resource("Patient", id=name)) for _ in range(20)))
    assert sorted(answer.status_code for answer in answers) == [200] * 19 + [201]
    once = f"p.{uuid4().hex}"
    answers = await asyncio.gather(
        *(system.update(resource("Patient", id=once), **{"If-None-Match": "*"}) for _ in range(20))
    )
    assert sorted(answer.status_code for answer in answers) == [201] + [412] * 19


async def test_who_may_choose_ids_brings_back_what_was_deleted(town: Town) -> None:
    system, name = await chooser(town), f"p.{uuid4().hex}"
    await system.update(resource("Patient", id=name, name=[{"family": name}]))
    await delete(system, f"Patient/{name}")
    refused(await town.ehr.update(resource("Patient", id=name)), 410, "deleted")
    back = await system.update(resource("Patient", id=name, name=[{"family": name}]))
    assert (back.status_code, back.headers["etag"]) == (201, 'W/"3"')
    assert len(await system.search(f"Patient?name={name}")) == 1
    history = (await system.get(f"Patient/{name}/_history")).json()
    assert [each["request"]["method"] for each in history["entry"]] == ["PUT", "DELETE", "POST"]
    told = [each["response"]["status"] for each in history["entry"]]
    assert told == ["201 Created", "204 No Content", "201 Created"], "as it was answered then"


async def test_what_is_brought_back_has_the_security_labels_that_it_had(town: Town) -> None:
    system, name = await chooser(town), f"p.{uuid4().hex}"
    label = {"system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "code": "R"}
    await system.update(resource("Patient", id=name, meta={"security": [label]}))
    for _ in range(2):
        await delete(system, f"Patient/{name}")
        back = await system.update(resource("Patient", id=name))
        assert back.status_code == 201
        assert back.json()["meta"]["security"] == [label]
    assert await system.search(f"Patient?_id={name}&_security={label['system']}|R")


@pytest.mark.parametrize("name", ["a" * 65, "a/b", "abc\n", "a b", ""])
async def test_a_chosen_id_is_an_id(town: Town, name: str) -> None:
    """B03."""
    answer = await put(await chooser(town), "Patient/x1", resource("Patient", id=name))
    refused(answer, 400, answer.json()["issue"][0]["code"])
    answer = await put(await chooser(town), f"Patient?_id={uuid4()}", resource("Patient", id=name))
    refused(answer, 400, "value")


async def test_chosen_ids_in_a_transaction(town: Town) -> None:
    system, person, name = await chooser(town), f"p.{uuid4().hex}", urn()
    entries = [
        entry(resource("Condition", subject=f"Patient/{person}"), name),
        put_entry(resource("Patient", id=person)),
    ]
    answer = await system.bundle("transaction", entries)
    assert [each["response"]["status"][:3] for each in answer.json()["entry"]] == ["201", "201"], answer.text
    refused(await town.ehr.bundle("transaction", [put_entry(resource("Patient", id=uuid4().hex))]), 404, "not-found")
