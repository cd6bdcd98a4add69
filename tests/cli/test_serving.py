"""`baton serve` and `baton worker`: they start, answer, stop gracefully and leave nothing behind."""

import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from tests.parts import ROOT
from tests.stories.commands import BATON
from tests.stories.draw import Draw
from tests.stories.server import Server, installation, plain_environment


@pytest.fixture
def server() -> Iterator[Server]:
    with installation(Draw.from_environment()) as made:
        yield made


def processes_of(data_dir: Path) -> list[psutil.Process]:
    """PostgreSQL's processes on this folder, wherever it really lies."""
    cluster = str((data_dir / "postgres").resolve())
    return [each for each in psutil.process_iter() if any(cluster in word for word in _words(each))]


def _words(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def test_it_answers_without_naming_its_software_and_leaves_nothing_behind(server: Server) -> None:
    server.start()
    answer = httpx.get(f"{server.address}/live")
    assert "server" not in answer.headers
    assert processes_of(server.data_dir)
    server.stop()
    assert processes_of(server.data_dir) == []
    assert server.address in server.told()


def test_several_processes_answer_and_all_end_with_the_first(server: Server) -> None:
    server.start("--workers", "2")
    assert {httpx.get(f"{server.address}/ready").status_code for _ in range(8)} == {200}
    server.stop()
    assert processes_of(server.data_dir) == []


def test_a_worker_alone_ends_gracefully(server: Server) -> None:
    environment = plain_environment() | {"DATA_DIR": str(server.data_dir), "BATON_ENV": "development"}
    with subprocess.Popen((*BATON, "worker"), cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True) as worker:
        assert worker.stderr is not None
        started = next(line for line in worker.stderr if "worker_started" in line)
        assert started
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(30) == 0
    assert processes_of(server.data_dir) == []


def test_a_port_that_is_taken_is_a_failure_in_one_line(server: Server) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        environment = plain_environment() | {"DATA_DIR": str(server.data_dir), "PORT": str(taken.getsockname()[1])}
        done = subprocess.run((*BATON, "serve"), cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert done.stderr.startswith("baton: Cannot listen")
    assert done.stderr.count("\n") == 1
