"""What one transaction has the server do is bounded by what it could have brought, however few its words are.

A small network: 64 KiB a resource, 256 KiB a Bundle.
"""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.api.answers import refused
from tests.api.verbs import made, op, patch_entry, request, statuses
from tests.builders import put_entry, resource
from tests.conftest import Database
from tests.town import Town, a_town

KIBIBYTE = 1024
LARGE = 50 * KIBIBYTE


@pytest.fixture
async def town(database: Database, tmp_path: Path) -> AsyncIterator[Town]:
    limits = {"max_resource_bytes": 64 * KIBIBYTE, "max_bundle_bytes": 256 * KIBIBYTE}
    async with a_town(database, tmp_path, **limits) as built:
        yield built


async def large_ones(town: Town, count: int) -> list[dict[str, Any]]:
    return [await made(town, resource("Location", description="x" * LARGE)) for _ in range(count)]


async def test_what_a_transaction_changes_has_the_size_of_a_bundle_at_most(town: Town) -> None:
    """Six short patches, updates or deletes of large resources; five are within it."""
    there = await large_ones(town, 6)
    addresses = [f"Location/{each['id']}" for each in there]
    ways = {
        "patch": [patch_entry(each, op("add", "/name", "n")) for each in addresses],
        "update": [put_entry(resource("Location", id=each["id"])) for each in there],
        "delete": [request("DELETE", each) for each in addresses],
    }
    for entries in ways.values():
        refused(await town.ehr.bundle("transaction", entries), 400, "too-costly", rule="transaction-weight")
    assert (await town.ehr.get(addresses[0])).headers["etag"] == 'W/"1"'
    assert statuses(await town.ehr.bundle("transaction", ways["patch"][:5])) == ["200"] * 5
    assert statuses(await town.ehr.bundle("transaction", ways["delete"][:5])) == ["204"] * 5


async def test_the_patches_of_a_transaction_move_the_size_of_a_bundle_at_most(town: Town) -> None:
    """Each of them is within what a patch alone may do."""
    moved = [op("copy", "/alias/0", source="/description"), op("remove", "/alias/0")] * 2
    patch = [op("add", "/alias", []), *moved, op("remove", "/alias")]
    there = [await made(town, resource("Location", description="x" * 24 * KIBIBYTE)) for _ in range(3)]
    entries = [patch_entry(f"Location/{each['id']}", *patch) for each in there]
    assert statuses(await town.ehr.bundle("transaction", entries[:2])) == ["200", "200"]
    answer = await town.ehr.bundle("transaction", entries)
    issues = refused(answer, 400, "too-costly", rule="patch-work")
    assert issues[0]["expression"][0].startswith("Bundle.entry[2].resource")
    assert statuses(await town.ehr.bundle("batch", entries)) == ["200"] * 3, "in a batch each stands for itself"
