"""Every served type does all that its file promises: one server, every line of BEHAVIOURS for every type."""

from collections.abc import AsyncIterator, Iterator

import pytest

from app.fhir.registry import Registry
from app.store.embedded import EmbeddedPostgres
from tests.conformance.behaviours import BEHAVIOURS, Behaviour
from tests.conformance.bench import Bench, Subject
from tests.conformance.building import a_bench
from tests.conftest import Database, databases

REGISTRY = Registry.load()
CASES = [
    pytest.param(name, behaviour, id=f"{name}-{behaviour.name}")
    for name, served in REGISTRY.types.items()
    for behaviour in BEHAVIOURS
    if behaviour.is_of(served)
]


@pytest.fixture(scope="module")
def module_database(cluster: EmbeddedPostgres) -> Iterator[Database]:
    with databases(cluster) as make:
        yield make()


@pytest.fixture(scope="module")
async def bench(module_database: Database, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Bench]:
    async with a_bench(module_database, tmp_path_factory.mktemp("bench"), REGISTRY, access_token_s=3600) as furnished:
        yield furnished


@pytest.mark.parametrize(("name", "behaviour"), CASES)
async def test_a_type_behaves(bench: Bench, name: str, behaviour: Behaviour) -> None:
    await behaviour.run(Subject(bench, REGISTRY.types[name]))


def test_every_type_has_an_example_and_most_of_the_behaviours() -> None:
    """So that a type which promises little is noticed."""
    for name, served in REGISTRY.types.items():
        promised = sum(behaviour.is_of(served) for behaviour in BEHAVIOURS)
        assert promised >= (25 if "create" in served.interactions else 15), name
