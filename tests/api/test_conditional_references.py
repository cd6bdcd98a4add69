"""Conditional references: in a transaction, `Patient?identifier=...` becomes the one resource that it finds."""

from uuid import uuid4

import asyncpg
import pytest

from app.store import record
from app.store.pool import Unit
from tests.api.answers import refused
from tests.api.test_bundles import every_table
from tests.api.verbs import delete, identified, made, request, statuses
from tests.builders import entry, put_entry, resource
from tests.town import Town


async def test_a_conditional_reference_becomes_what_it_finds(town: Town) -> None:
    value = uuid4().hex
    patient = await made(town, identified(value))
    for condition in (f"identifier=urn:s|{value}", f"identifier=urn:s%7C{value}", f"_id={patient['id']}"):
        tree = resource("Condition", subject=f"Patient?{condition}")
        answer = await town.ehr.bundle("transaction", [entry(tree)])
        assert statuses(answer) == ["201"], answer.text
        assert answer.json()["entry"][0]["resource"]["subject"]["reference"] == f"Patient/{patient['id']}"


async def test_a_conditional_reference_finds_what_the_same_transaction_writes(town: Town) -> None:
    """R4 resolves them last."""
    value = uuid4().hex
    tree = resource("Condition", subject=f"Patient?identifier=urn:s|{value}")
    answer = await town.ehr.bundle("transaction", [entry(tree), entry(identified(value))])
    assert statuses(answer) == ["201", "201"]
    condition, patient = [each["resource"] for each in answer.json()["entry"]]
    assert condition["subject"]["reference"] == f"Patient/{patient['id']}"
    # it loses the identifier in the transaction that asks for it, and is deleted in another
    lost = put_entry({**patient, "identifier": [{"system": "urn:s", "value": "other"}]})
    refused(await town.ehr.bundle("transaction", [entry(tree), lost]), 412, "not-found")
    alone = await made(town, identified(uuid4().hex))
    gone = request("DELETE", f"Patient/{alone['id']}")
    wanted = resource("Condition", subject=f"Patient?identifier=urn:s|{alone['identifier'][0]['value']}")
    refused(await town.ehr.bundle("transaction", [entry(wanted), gone]), 412, "not-found")


async def test_after_a_lost_race_conditions_are_resolved_anew(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the first try had found may be gone when the second begins."""
    value = uuid4().hex
    there = [await made(town, identified(value))]
    store = record.record

    async def loses_once(unit: Unit, rows: record.Rows) -> None:
        if len(there) == 1 and rows.versions[0].type == "Condition":
            there.append({})
            await delete(town.ehr, f"Patient/{there[0]['id']}")
            there[1] = await made(town, identified(value))
            raise asyncpg.DeadlockDetectedError
        await store(unit, rows)

    monkeypatch.setattr(record, "record", loses_once)
    tree = resource("Condition", subject=f"Patient?identifier=urn:s|{value}")
    answer = await town.ehr.bundle("transaction", [entry(tree)])
    assert statuses(answer) == ["201"], answer.text
    assert answer.json()["entry"][0]["resource"]["subject"]["reference"] == f"Patient/{there[1]['id']}"


async def test_a_conditional_reference_that_finds_none_or_several_undoes_all(town: Town) -> None:
    """B18."""
    value = uuid4().hex
    await town.cbo.create(identified(value))
    tree = resource("Condition", subject=f"Patient?identifier=urn:s|{value}")
    entries = [entry(resource("Location")), entry(tree)]
    before = await every_table(town)
    answer = await town.ehr.bundle("transaction", entries)
    refused(answer, 412, "not-found", rule="reference-no-match", at="Bundle.entry[1].resource.subject")
    for _ in range(2):
        await made(town, identified(value))
    answer = await town.ehr.bundle("transaction", entries)
    refused(answer, 412, "multiple-matches", rule="reference-several", at="Bundle.entry[1].resource.subject")
    after = await every_table(town)
    assert after["version"] == before["version"] + 2


async def test_a_conditional_reference_needs_a_scope_to_search(town: Town) -> None:
    """SCO-04."""
    value = uuid4().hex
    await made(town, identified(value))
    blind = await town.world.system(town.clinic, scopes="system/Condition.c system/Patient.cr")
    tree = resource("Condition", subject=f"Patient?identifier=urn:s|{value}")
    refused(await blind.bundle("transaction", [entry(tree)]), 403, "forbidden", rule="scope")


async def test_a_conditional_reference_is_one_in_a_transaction_only(town: Town) -> None:
    value = uuid4().hex
    await made(town, identified(value))
    tree = resource("Condition", subject=f"Patient?identifier=urn:s|{value}")
    refused(await town.ehr.create(tree), 422, "not-supported", rule="reference-form")
    assert statuses(await town.ehr.bundle("batch", [entry(tree)])) == ["422"]
