"""One empty DATA_DIR for each file of tests, its database kept up between the commands."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.store.embedded import EmbeddedPostgres
from tests.cli.operator import Terminal
from tests.stories.server import remove_folder


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    made = Path(tempfile.mkdtemp(prefix="baton-cli-"))
    made.chmod(0o711)  # PostgreSQL passes through it where we are root
    yield made
    remove_folder(made)


@pytest.fixture(scope="module")
def postgres(folder: Path) -> Iterator[EmbeddedPostgres]:
    with EmbeddedPostgres.start(folder / "data") as running:
        yield running


@pytest.fixture(scope="module")
def terminal(folder: Path, postgres: EmbeddedPostgres) -> Terminal:
    return Terminal(folder / "data")
