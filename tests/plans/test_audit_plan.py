"""Who saw this person: among 50,000 acts, those about one resource are read and no others."""

import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from bench.cases import request
from bench.recording import seen
from tests.builders import resource
from tests.conftest import Database
from tests.town import Town, a_town

ACTS = """
INSERT INTO audit (id, at, action, outcome, members, type, resource, version, request_id)
SELECT gen_random_uuid(), now() - n * interval '1 millisecond', 'read', 'done', '{}', 'Patient', gen_random_uuid(), 1, ''
FROM generate_series(1, 50000) n
"""


@pytest.fixture
async def town(database: Database, tmp_path: Path) -> AsyncIterator[Town]:
    async with a_town(database, tmp_path) as built:
        superuser = await asyncpg.connect(database.superuser_dsn)
        await superuser.execute(ACTS)
        await superuser.execute("ANALYZE")
        await superuser.close()
        yield built


@pytest.mark.parametrize("query", ["entity=Patient/{one}", "entity=Patient/{one},Patient/{other}", "entity={one}"])
async def test_the_acts_about_a_resource_are_found_by_their_index(town: Town, query: str) -> None:
    one, other = [(await town.ehr.create(resource("Patient"))).json()["id"] for _ in range(2)]
    own = await town.world.system(town.platform)
    token = own.http.headers["Authorization"].removeprefix("Bearer ")
    asked = request(token, "GET", f"/fhir/AuditEvent?{query.format(one=one, other=other)}")
    network = town.world.network
    await seen(network, asked)
    (statement,) = [each for each in await seen(network, asked) if "FROM audit a" in each.text]
    async with network.store.unit([town.platform], searching=True) as unit:
        explained = await unit.conn.fetchval("EXPLAIN (FORMAT JSON) " + statement.text, *statement.arguments)
    plan = list(nodes(json.loads(explained)[0]["Plan"]))
    # an empty month is read whole, for nothing
    read = [each for each in plan if each.get("Relation Name", "").startswith("audit_") and each["Total Cost"] > 0]
    assert read
    assert {each["Node Type"] for each in read} <= {"Index Scan", "Bitmap Heap Scan"}
    by = [each["Index Name"] for each in plan if each.get("Index Name", "").startswith("audit_")]
    assert by
    assert all(name.endswith("_resource_id_idx") for name in by)


def nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for child in node.get("Plans", ()):
        yield from nodes(child)
