"""Patches in a transaction refer to its other entries, as resources do."""

from uuid import uuid4

import pytest

from tests.api.answers import refused
from tests.api.races import lose_once
from tests.api.verbs import delete, identified, made, op, patch_entry, statuses
from tests.builders import DELETE, entry, reference, resource, urn
from tests.town import Town


async def test_a_patch_refers_to_other_entries_as_resources_do(town: Town) -> None:
    value, new, there = uuid4().hex, urn(), urn()
    known = await made(town, identified(value))
    conditions = [await made(town, resource("Condition", subject=f"Patient/{known['id']}")) for _ in range(3)]
    addresses = [f"Condition/{each['id']}" for each in conditions]
    entries = [
        patch_entry(addresses[0], op("replace", "/subject", reference(new))),
        patch_entry(addresses[1], op("replace", "/subject/reference", new), op("add", "/evidence", [{"detail": [reference(new)]}])),
        entry(resource("Patient"), new),
        # what a condition finds is not what was planned
        entry(identified(value), there, ifNoneExist=f"identifier=urn:s|{value}"),
        patch_entry(addresses[2], op("test", "/subject/reference", there), op("add", "/recorder", reference(there))),
    ]  # fmt: skip
    answer = await town.ehr.bundle("transaction", entries)
    assert statuses(answer) == ["200", "200", "201", "200", "200"], answer.text
    one, two, patient, _, three = [each["resource"] for each in answer.json()["entry"]]
    made_now, found = reference(f"Patient/{patient['id']}"), reference(f"Patient/{known['id']}")
    assert (one["subject"], two["subject"], two["evidence"]) == (made_now, made_now, [{"detail": [made_now]}])
    assert (three["subject"], three["recorder"]) == (found, found)
    alone = patch_entry(addresses[0], op("replace", "/subject", reference(urn())))
    refused(await town.ehr.bundle("transaction", [alone]), 422, "not-found", rule="reference-not-in-bundle")


async def test_after_a_lost_race_a_patch_refers_to_what_is_found_then(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    value, person = uuid4().hex, urn()
    there = await made(town, identified(value))
    place = await made(town, resource("Observation", subject=DELETE))

    async def meanwhile() -> None:
        assert (await delete(town.ehr, f"Patient/{there['id']}")).status_code == 204

    lose_once(monkeypatch, "Observation", meanwhile)
    entries = [
        patch_entry(f"Observation/{place['id']}", op("add", "/subject", reference(person))),
        entry(identified(value), person, ifNoneExist=f"identifier=urn:s|{value}"),
    ]
    answer = await town.ehr.bundle("transaction", entries)
    assert statuses(answer) == ["200", "201"], answer.text
    patched, patient = [each["resource"] for each in answer.json()["entry"]]
    assert patched["subject"] == reference(f"Patient/{patient['id']}")
