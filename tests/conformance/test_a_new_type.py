"""A type that is served tomorrow: its file and its example are all that is added, and it does what every type does."""

import json
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from app.fhir.registry import Registry
from app.fhir.tables import PROFILES
from app.store.embedded import EmbeddedPostgres
from app.wiring import bring_up_to_date
from tests.conformance.behaviours import BEHAVIOURS, Behaviour
from tests.conformance.bench import Bench, Subject
from tests.conformance.building import a_bench
from tests.conftest import Database, databases

NAME = "Appointment"
FILE = """
# When somebody comes to a programme.
interactions = [
    "create", "read", "vread", "update", "patch", "delete", "history-instance", "history-type", "search-type",
]
profiles = ["http://hl7.org/fhir/StructureDefinition/Appointment"]
includes = ["actor", "based-on"]
revincludes = ["Provenance:target"]
compartment = ["actor"]

[parameters]
actor = { kind = "reference", path = "participant.actor", url = "http://hl7.org/fhir/SearchParameter/Appointment-actor" }
based-on = { kind = "reference", path = "basedOn", url = "http://hl7.org/fhir/SearchParameter/Appointment-based-on" }
date = { kind = "date", path = "start", url = "http://hl7.org/fhir/SearchParameter/Appointment-date" }
identifier = { kind = "token", path = "identifier", url = "http://hl7.org/fhir/SearchParameter/Appointment-identifier" }
service-type = { kind = "token", path = "serviceType", url = "http://hl7.org/fhir/SearchParameter/Appointment-service-type" }
status = { kind = "token", path = "status", url = "http://hl7.org/fhir/SearchParameter/Appointment-status" }
"""
EXAMPLE = {
    "resourceType": NAME,
    "id": "minimal",
    "status": "booked",
    "start": "2026-01-12T15:00:00Z",
    "end": "2026-01-12T15:30:00Z",
    "participant": [{"actor": {"reference": "Patient/minimal"}, "status": "accepted"}],
}


@pytest.fixture(scope="module")
def profiles(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped files, and two more."""
    folder = tmp_path_factory.mktemp("profiles")
    for part in ("resources", "examples"):
        shutil.copytree(PROFILES / part, folder / part)
    (folder / "resources" / f"{NAME}.toml").write_text(FILE)
    (folder / "examples" / NAME).mkdir()
    (folder / "examples" / NAME / "minimal.json").write_text(json.dumps(EXAMPLE))
    return folder


@pytest.fixture(scope="module")
def registry(profiles: Path) -> Iterator[Registry]:
    registry = Registry.load(profiles / "resources")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Registry, "load", classmethod(lambda _: registry))
        yield registry


@pytest.fixture(scope="module")
def module_database(cluster: EmbeddedPostgres) -> Iterator[Database]:
    with databases(cluster) as make:
        yield make()


@pytest.fixture(scope="module")
async def bench(
    module_database: Database, tmp_path_factory: pytest.TempPathFactory, registry: Registry, profiles: Path
) -> AsyncIterator[Bench]:
    await bring_up_to_date(module_database.owner_dsn, "baton_app")
    folder = tmp_path_factory.mktemp("bench")
    async with a_bench(module_database, folder, registry, profiles / "examples", access_token_s=3600) as furnished:
        yield furnished


@pytest.mark.parametrize("behaviour", BEHAVIOURS, ids=lambda behaviour: behaviour.name)
async def test_it_behaves_as_every_type(bench: Bench, registry: Registry, behaviour: Behaviour) -> None:
    assert NAME not in [path.stem for path in (PROFILES / "resources").glob("*.toml")]
    await behaviour.run(Subject(bench, registry.types[NAME]))


async def test_it_is_promised_and_belongs_to_the_person(bench: Bench, registry: Registry) -> None:
    statement = (await bench.writer.get("metadata")).json()
    assert NAME in [resource["type"] for resource in statement["rest"][0]["resource"]]
    made = await Subject(bench, registry.types[NAME]).make()
    answer = await bench.writer.get(f"Patient/{bench.ids['Patient']}/$everything?_type={NAME}&_count=500")
    assert made.id in [entry["resource"]["id"] for entry in answer.json()["entry"]]
