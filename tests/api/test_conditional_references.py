"""Conditional references: in a transaction, `Patient?identifier=...` becomes the one resource that it finds."""

from collections.abc import Sequence
from uuid import uuid4

import pytest

from app.store import claims
from app.store.pool import Unit
from tests.api.answers import refused
from tests.api.races import lose_once
from tests.api.test_bundles import every_table
from tests.api.verbs import delete, identified, made, request, statuses
from tests.builders import entry, put_entry, reference, resource
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

    async def meanwhile() -> None:
        await delete(town.ehr, f"Patient/{there[0]['id']}")
        there.append(await made(town, identified(value)))

    lose_once(monkeypatch, "Condition", meanwhile)
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


async def test_many_conditional_references_are_one_question(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """And the same one in many places is one reference."""
    values = [uuid4().hex for _ in range(60)]
    there = await town.ehr.bundle("transaction", [entry(identified(value)) for value in values])
    ids = [each["resource"]["id"] for each in there.json()["entry"]]
    find, asked = claims.seen_with_identifiers, []

    async def counted(unit: Unit, wanted: Sequence[tuple[str, int, str, str]]) -> list[list[str]]:
        asked.append(len(wanted))
        return await find(unit, wanted)

    monkeypatch.setattr(claims, "seen_with_identifiers", counted)
    trees = [resource("Condition", subject=f"Patient?identifier=urn:s|{value}") for value in values * 3]
    by_id = resource("Condition", subject=f"Patient?_id={ids[0]}")
    answer = await town.ehr.bundle("transaction", [entry(tree) for tree in (*trees, by_id)])
    found = [each["resource"]["subject"]["reference"] for each in answer.json()["entry"]]
    assert found == [f"Patient/{id}" for id in (*ids * 3, ids[0])]
    assert asked == [60]


async def test_a_transaction_has_a_thousand_different_conditional_references_at_most(town: Town) -> None:
    many = [reference(f"Practitioner?identifier=urn:s|{number}") for number in range(1001)]
    before = await every_table(town)
    answer = await town.ehr.bundle("transaction", [entry(resource("Observation", performer=many))])
    at = "Bundle.entry[0].resource.performer[1000]"
    refused(answer, 400, "too-costly", rule="reference-conditions", at=at)
    assert await every_table(town) == before
    refused(
        await town.ehr.bundle("transaction", [entry(resource("Observation", performer=many[:1000]))]),
        412, "not-found", rule="reference-no-match",
    )  # fmt: skip
