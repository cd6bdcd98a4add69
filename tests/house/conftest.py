"""A data folder of its own for each test of the embedded database, with nothing left behind."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.house.clusters import processes


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """An empty folder that other users may pass through; a test that leaves a postgres process behind fails."""
    folder = Path(tempfile.mkdtemp(prefix="baton-house-"))
    folder.chmod(0o711)
    yield folder
    left = processes(folder)
    elsewhere = (folder / "postgres").resolve()
    for place in (elsewhere, folder):
        shutil.rmtree(place, ignore_errors=True)
    assert left == []
