"""What every test may ask for: an own database, cloned from a migrated template on a cluster of this test run.

All workers of a run share one embedded cluster in the run's folder; it starts with the first test that asks and stops
when the last worker leaves. Nothing is skipped silently: `tests/parts.py` says what this machine lacks.
"""

import asyncio
import fcntl
import importlib.util
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest
from hypothesis import HealthCheck, settings

from app.store.embedded import EmbeddedPostgres
from tests import parts, telling

TEMPLATE = "baton_template"
HERE = Path(__file__).parent
MEMORY = Path("/dev/shm")
# several times what the clusters of a run take together
ROOM_BYTES = 4 * 1024**3


@dataclass(frozen=True, slots=True)
class Database:
    """A migrated, empty database of one test. `app_dsn`: owns nothing; `owner_dsn`: migrates; `superuser_dsn`: all."""

    name: str
    app_dsn: str
    owner_dsn: str
    superuser_dsn: str


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def cluster_folder(pytestconfig: pytest.Config) -> Path:
    """One folder for all workers of this run; other users may pass through it (PostgreSQL is not root)."""
    worker = getattr(pytestconfig, "workerinput", None)
    folder = Path(worker["run_folder"] if worker else pytestconfig.stash[RUN_FOLDER]) / "cluster"
    folder.mkdir(exist_ok=True)
    folder.chmod(0o711)
    return folder


@pytest.fixture(scope="session")
def cluster(cluster_folder: Path) -> Iterator[EmbeddedPostgres]:
    with EmbeddedPostgres.start(cluster_folder) as postgres:
        with (cluster_folder / "template.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not (cluster_folder / "template.made").exists():
                _make_template(postgres)
                (cluster_folder / "template.made").touch()
        yield postgres


@contextmanager
def databases(cluster: EmbeddedPostgres) -> Iterator[Callable[[], Database]]:
    """Makes databases for as long as the block runs; each is dropped at its end."""
    made: list[str] = []

    def make() -> Database:
        name = f"test_{uuid4().hex}"
        made.append(name)
        _as_superuser(
            cluster,
            f"CREATE DATABASE {name} TEMPLATE {TEMPLATE} OWNER baton_owner STRATEGY FILE_COPY",
            f"REVOKE ALL ON DATABASE {name} FROM PUBLIC",
            f"GRANT CONNECT ON DATABASE {name} TO baton_app",
        )
        roles = ("baton_app", "baton_owner", "postgres")
        return Database(name, *(cluster.dsn(name, role) for role in roles))

    yield make
    _as_superuser(cluster, *(f"DROP DATABASE {name} WITH (FORCE)" for name in made))


@pytest.fixture
def make_database(cluster: EmbeddedPostgres) -> Iterator[Callable[[], Database]]:
    """For a test that needs several."""
    with databases(cluster) as make:
        yield make


@pytest.fixture(scope="module")
def module_database(cluster: EmbeddedPostgres) -> Iterator[Database]:
    """Shared by a module, whose tests tell their own rows from those of the others."""
    with databases(cluster) as make:
        yield make()


@pytest.fixture
def database(make_database: Callable[[], Database]) -> Database:
    return make_database()


def _make_template(postgres: EmbeddedPostgres) -> None:
    """The test run's cluster is thrown away, so it need not wait for disks, and keeps little of its log."""
    from app.wiring import bring_up_to_date

    _as_superuser(
        postgres,
        "ALTER SYSTEM SET fsync = off",
        "ALTER SYSTEM SET synchronous_commit = off",
        "ALTER SYSTEM SET full_page_writes = off",
        "ALTER SYSTEM SET max_wal_size = '256MB'",
        "SELECT pg_reload_conf()",
        f"CREATE DATABASE {TEMPLATE} OWNER baton_owner",
    )
    asyncio.run(bring_up_to_date(postgres.dsn(TEMPLATE, "baton_owner"), "baton_app"))


def _as_superuser(postgres: EmbeddedPostgres, *statements: str) -> None:
    async def run() -> None:
        connection: asyncpg.Connection = await asyncpg.connect(postgres.dsn("postgres", "postgres"))
        try:
            for statement in statements:
                await connection.execute(statement)
        finally:
            await connection.close()

    asyncio.run(run())


RUN_FOLDER = pytest.StashKey[Path]()
# folders whose files take longest: begun first, none of them keeps one worker busy after the other has ended
SLOW = ("stories", "workers", "upgrades", "cli", "clinician", "house", "clients", "plans", "conformance")


def pytest_configure(config: pytest.Config) -> None:
    # seeded and small in `make test`, so that it is the same for everybody; many and new ones in `make soak`
    settings.register_profile("test", derandomize=True, deadline=None, max_examples=50)
    settings.register_profile("soak", max_examples=5_000, deadline=None, suppress_health_check=list(HealthCheck))
    settings.load_profile("soak" if os.environ.get("SOAK") else "test")
    config.pluginmanager.register(parts, "parts")
    config.pluginmanager.register(telling, "telling")
    if importlib.util.find_spec("sniffio") is None:
        # httpcore asks for it at every call; to look through all paths each time would be a tenth of all tests' time
        sys.modules["sniffio"] = None  # type: ignore[assignment]
    # xdist would hand out the files with most tests first, which are the quickest, and tear folders apart
    config.option.loadscopereorder = False
    if not hasattr(config, "workerinput"):
        config.stash[RUN_FOLDER] = _folder_of_the_run()
        _has_its_files_in(config.stash[RUN_FOLDER])


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The slow folders first, each together for what its tests share; within a folder nothing changes."""
    order = {name: place for place, name in enumerate(SLOW)}
    items.sort(key=lambda item: order.get(item.path.relative_to(HERE).parts[0], len(SLOW)))


def _folder_of_the_run() -> Path:
    """In the memory where there is room, else wherever temporary files are.

    A disk takes a tenth of a second for the files of one new database, and seconds for those of a new cluster.
    """
    roomy = os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > ROOM_BYTES
    usable = roomy and not os.statvfs(MEMORY).f_flag & os.ST_NOEXEC
    return Path(tempfile.mkdtemp(prefix="baton-", dir=MEMORY if usable else None))


def _has_its_files_in(folder: Path) -> None:
    """Whatever a test or a program that it starts makes as temporary; but what pytest itself keeps stays where it was."""
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", tempfile.gettempdir())
    folder.chmod(0o1777)
    os.environ["TMPDIR"] = tempfile.tempdir = str(folder)


def pytest_unconfigure(config: pytest.Config) -> None:
    folder = config.stash.get(RUN_FOLDER, None)
    if folder is not None:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: object) -> None:
    """xdist: tells each worker where the run's folder is."""
    node.workerinput["run_folder"] = str(node.config.stash[RUN_FOLDER])  # type: ignore[attr-defined]
