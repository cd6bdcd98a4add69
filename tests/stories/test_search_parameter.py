"""A search parameter that comes with a new release finds what was stored before, however its building is broken off."""

import asyncio
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import asyncpg

from app.store.embedded import EmbeddedPostgres
from tests.parts import ROOT
from tests.stories.draw import Draw
from tests.stories.town import Town, town
from tests.stories.waiting import eventually

LINE = 'room = { kind = "token", path = "physicalType", url = "https://network.example/SearchParameter/room" }\n'
STORED, STUCK_AT = 300, 160
HOLD = """
SELECT 1 FROM resource WHERE id = (SELECT id FROM resource WHERE type = 'Location' ORDER BY id OFFSET $1 LIMIT 1) FOR UPDATE
"""


def test_the_worker_builds_it_and_goes_on_after_a_kill(draw: Draw, tmp_path: Path) -> None:
    with town(draw) as place:
        for _ in range(STORED // 50):
            place.ehr.transaction([_location("ro" if number % 2 else "wa") for number in range(50)])
        place.server.stop()
        with EmbeddedPostgres.start(place.server.data_dir) as postgres:
            place.server.program = _newer_release(tmp_path)
            with _stuck(postgres):
                place.server.start()
                eventually(
                    lambda: _progress(place) == [{"type": "Location", "done": 150, "total": STORED}], "150 built"
                )
                _refused(place)
                place.server.kill()
            before = _built(place)
            place.server.start()
            eventually(lambda: _total(place) == STORED // 2, "the parameter answers")
        after = _built(place)[len(before) :]
        assert (before[-1], after[0], after[-1]) == (150, 200, STORED)
        assert "room" in _parameters(place)
        assert place.server.command("search-index", "status") == "Every search parameter answers."


def _location(code: str) -> dict[str, Any]:
    kind = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/location-physical-type", "code": code}]}
    resource = {"resourceType": "Location", "name": "A room", "physicalType": kind}
    return {"resource": resource, "request": {"method": "POST", "url": "Location"}}


def _newer_release(folder: Path) -> Path:
    """The program as it is, and one line more."""
    for part in ("app", "fhir_profiles", "migrations"):
        shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
    with (folder / "fhir_profiles" / "resources" / "Location.toml").open("a") as file:
        file.write(LINE)
    return folder


@contextmanager
def _stuck(postgres: EmbeddedPostgres) -> Iterator[None]:
    """Somebody holds a Location that is neither among the first nor among the last: no batch gets past it."""
    with asyncio.Runner() as runner:
        connection = runner.run(asyncpg.connect(postgres.dsn("baton", "postgres")))
        held = connection.transaction()
        runner.run(held.start())
        runner.run(connection.execute(HOLD, STUCK_AT))
        try:
            yield
        finally:
            runner.run(held.rollback())
            runner.run(connection.close())


def _refused(place: Town) -> None:
    for query in ("room=ro", "room:missing=true", "_sort=room", "name=a&room:not=wa"):
        answer = place.ehr.http.get(f"/fhir/Location?{query}")
        assert (answer.status_code, answer.json()["issue"][0]["details"]["text"]) == (400, "search-building"), (
            answer.text
        )
    assert "room" not in _parameters(place)


def _parameters(place: Town) -> list[str]:
    resources = place.ehr.http.get("/fhir/metadata").json()["rest"][0]["resource"]
    (location,) = (each for each in resources if each["type"] == "Location")
    return [each["name"] for each in location["searchParam"]]


def _total(place: Town) -> int | None:
    total: int | None = place.ehr.http.get("/fhir/Location?room=ro&_total=accurate&_count=1").json().get("total")
    return total


def _progress(place: Town) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = json.loads(place.server.command("search-index", "status", "--json"))
    return listed


def _built(place: Town) -> list[int]:
    """How far each batch brought it, as the log says."""
    lines = (
        json.loads(line) for line in place.server.log.read_text().splitlines() if '"search_index_progress"' in line
    )
    return [line["count"] for line in lines]
