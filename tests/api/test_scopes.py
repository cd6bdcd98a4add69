"""Scopes: interaction x letter x type, alone and in Bundles. *Source*: SMART App Launch 2.2; security sheet SCO-01..04."""

from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.api.answers import refused
from tests.builders import entry, put_entry, resource
from tests.town import Town
from tests.world import System

LETTERS = "cruds"


@pytest.fixture(scope="module")
async def narrow(town: Town) -> dict[str, System]:
    """A system for each single letter on Location, and some more."""
    scopes = {letter: f"system/Location.{letter}" for letter in LETTERS}
    scopes |= {
        "cs": "system/Location.cs",
        "other": "system/Patient.cruds",
    }
    scopes |= {"v1 read": "system/Location.read", "v1 write": "system/Location.write", "v1 all": "system/*.*"}
    return {name: await town.world.system(town.clinic, scopes=text) for name, text in scopes.items()}


async def ask(system: System, interaction: str, made: dict[str, Any]) -> httpx.Response:
    id, condition = made["id"], {"If-None-Exist": f"identifier=urn:s|{uuid4().hex}"}
    if interaction in ("create", "conditional create"):
        return await system.create(resource("Location"), **(condition if interaction != "create" else {}))
    if interaction == "update":
        return await system.update(made)
    if interaction == "search by post":
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        return await system.http.post("/fhir/Location/_search", content=f"_id={id}", headers=form)
    addresses = {"read": f"Location/{id}", "vread": f"Location/{id}/_history/1", "search": f"Location?_id={id}"}
    return await system.get(addresses[interaction])


NEEDS = {
    "create": "c",
    "conditional create": "cs",
    "read": "r",
    "vread": "r",
    "update": "u",
    "search": "s",
    "search by post": "s",
}
HOLDS = {letter: letter for letter in LETTERS} | {
    "cs": "cs",
    "other": "",
    "v1 read": "rs",
    "v1 write": "cud",
    "v1 all": "cruds",
}


@pytest.mark.parametrize("who", sorted(HOLDS))
async def test_an_interaction_needs_its_letter(town: Town, narrow: dict[str, System], who: str) -> None:
    made = (await town.ehr.create(resource("Location"))).json()
    for interaction, letters in NEEDS.items():
        answer = await ask(narrow[who], interaction, made)
        if set(letters) <= set(HOLDS[who]):
            assert answer.status_code in (200, 201), (interaction, answer.text)
        else:
            refused(answer, 403, "forbidden", rule="scope")
            assert 'error="insufficient_scope"' in answer.headers["www-authenticate"]


async def test_a_scope_to_write_is_none_to_read(narrow: dict[str, System]) -> None:
    """SCO-02: what is answered has headers and no body."""
    answer = await narrow["c"].create(resource("Location"))
    assert (answer.status_code, answer.content) == (201, b"")
    assert answer.headers["location"]
    bundled = await narrow["c"].bundle("transaction", [entry(resource("Location"))])
    assert "resource" not in bundled.json()["entry"][0]


async def test_a_conditional_create_that_finds_shows_nothing_without_read(
    town: Town, narrow: dict[str, System]
) -> None:
    tree = resource("Location", identifier=[{"system": "urn:s", "value": uuid4().hex}])
    condition = {"If-None-Exist": f"identifier=urn:s|{tree['identifier'][0]['value']}"}
    assert (await town.ehr.create(tree, **condition)).status_code == 201
    found = await narrow["cs"].create(tree, **condition)
    assert (found.status_code, found.content) == (200, b"")


def mixed(made: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """(letters that it needs, entry)"""
    return [
        ("c", entry(resource("Location"))),
        ("cs", entry(resource("Location"), ifNoneExist=f"identifier=urn:s|{uuid4().hex}")),
        ("u", put_entry(made)),
        ("r", {"request": {"method": "GET", "url": f"Location/{made['id']}"}}),
        ("s", {"request": {"method": "GET", "url": f"Location?_id={made['id']}"}}),
    ]


@pytest.mark.parametrize("who", ["c", "u", "cs", "v1 read", "v1 write", "other"])
async def test_a_batch_refuses_the_entries_that_are_not_allowed(
    town: Town, narrow: dict[str, System], who: str
) -> None:
    """SCO-03."""
    made = (await town.ehr.create(resource("Location"))).json()
    entries = mixed(made)
    answer = await narrow[who].bundle("batch", [each for _, each in entries])
    assert answer.status_code == 200
    for (letters, _), each in zip(entries, answer.json()["entry"], strict=True):
        assert each["response"]["status"].startswith("403") == (not set(letters) <= set(HOLDS[who])), each


@pytest.mark.parametrize("who", ["c", "u", "cs", "v1 read", "v1 write"])
async def test_one_forbidden_entry_forbids_the_transaction(town: Town, narrow: dict[str, System], who: str) -> None:
    for forbidden in range(5):
        made = (await town.ehr.create(resource("Location"))).json()
        entries = mixed(made)
        if set(entries[forbidden][0]) <= set(HOLDS[who]):
            continue
        allowed = [each for letters, each in entries if set(letters) <= set(HOLDS[who])]
        answer = await narrow[who].bundle("transaction", [*allowed, entries[forbidden][1]])
        refused(answer, 403, "forbidden", rule="scope")
        (row,) = await town.world.rows("SELECT version FROM resource WHERE id = $1::uuid", made["id"])
        assert row["version"] == 1
        (row,) = await town.world.rows("SELECT max(id::text) = $1 AS last FROM resource", made["id"])
        assert row["last"], "nothing newer was stored"


async def test_what_is_included_needs_the_scope_to_read_it(town: Town) -> None:
    person = (await town.ehr.create(resource("Patient"))).json()["id"]
    focus = (await town.ehr.create(resource("Condition", subject=f"Patient/{person}"))).json()["id"]
    task = resource(
        "Task", code={"text": "any"}, focus=f"Condition/{focus}", for_={"reference": f"Patient/{person}"},
        requester=f"Organization/{town.clinic}", owner=f"Organization/{town.clinic}",
    )  # fmt: skip
    made = (await town.ehr.create(task)).json()["id"]
    for scopes, modes in (("system/Task.rs", ["match"]), ("system/Task.rs system/Condition.r", ["match", "include"])):
        system = await town.world.system(town.clinic, scopes=scopes)
        answer = (await system.get(f"Task?_id={made}&_include=Task:focus")).json()
        assert [each["search"]["mode"] for each in answer["entry"]] == modes
