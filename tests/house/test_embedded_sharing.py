"""The embedded database is shared by all processes of a data folder, survives their crashes, outlives none of them."""

import os
import shutil
import signal
import subprocess
import threading
from pathlib import Path

import asyncpg
import pytest

from app.store.embedded import EmbeddedPostgres
from tests.house.clusters import hold, postmaster, processes, query, until


def test_two_first_starts_at_once_share_one_cluster(data_dir: Path) -> None:
    first, second = hold(data_dir), hold(data_dir)
    assert first.ready().dsn == second.ready().dsn
    first.leave()
    assert query(second.dsn, "SELECT 1") == 1
    second.leave()
    assert processes(data_dir) == []


def test_a_command_beside_the_server_does_not_stop_it(data_dir: Path) -> None:
    server = hold(data_dir).ready()
    before = postmaster(data_dir)
    EmbeddedPostgres.start(data_dir).stop()
    assert postmaster(data_dir) == before
    server.leave()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_no_process_is_left_after_a_stop_by_signal(data_dir: Path, number: signal.Signals) -> None:
    holder = hold(data_dir).ready()
    assert processes(data_dir) != []
    holder.signal(number)
    assert processes(data_dir) == []


def test_after_a_kill_of_the_parent_the_next_start_takes_the_running_cluster_over(data_dir: Path) -> None:
    holder = hold(data_dir).ready()
    before = postmaster(data_dir)
    holder.kill()
    with EmbeddedPostgres.start(data_dir) as postgres:
        assert postmaster(data_dir) == before
        assert query(postgres.app_dsn, "SELECT 1") == 1
    assert processes(data_dir) == []


def test_after_a_kill_of_everybody_what_was_committed_is_there(data_dir: Path) -> None:
    holder = hold(data_dir).ready()
    owner = holder.dsn.replace("baton_app", "baton_owner")
    query(owner, "CREATE TABLE kept (n int)", "INSERT INTO kept VALUES (42)")
    everybody = processes(data_dir)
    holder.kill()
    for pid in everybody:
        os.kill(pid, signal.SIGKILL)
    with EmbeddedPostgres.start(data_dir) as postgres:
        assert query(postgres.owner_dsn, "SELECT n FROM kept") == 42


def test_a_postmaster_that_dies_while_the_next_user_joins_is_started_again(data_dir: Path) -> None:
    """It looks alive, takes the connection, and is gone."""
    holder = hold(data_dir).ready()
    everybody = processes(data_dir)
    holder.kill()
    os.kill(everybody[0], signal.SIGSTOP)
    death = threading.Timer(0.5, lambda: [os.kill(pid, signal.SIGKILL) for pid in everybody])
    death.start()
    with EmbeddedPostgres.start(data_dir) as postgres:
        assert query(postgres.app_dsn, "SELECT 1") == 1
        assert postmaster(data_dir) != everybody[0]
    death.join()
    assert processes(data_dir) == []


def test_a_process_number_that_went_to_somebody_else_does_not_hinder_the_start(data_dir: Path) -> None:
    """As in a restarted container, where small numbers come again at once."""
    EmbeddedPostgres.start(data_dir).stop()
    data = (data_dir / "postgres").resolve() / "data"
    user = data.stat().st_uid
    somebody = subprocess.Popen(["sleep", "60"], user=user if os.geteuid() == 0 else None)
    left = data / "postmaster.pid"
    left.write_text(f"{somebody.pid}\n{data}\n1795323538\n5432\n\n\n  9994283         9\nready   \n")
    os.chown(left, user, -1)
    try:
        with EmbeddedPostgres.start(data_dir) as postgres:
            assert query(postgres.app_dsn, "SELECT 1") == 1
        assert somebody.poll() is None
    finally:
        somebody.kill()
        somebody.wait()


def test_a_killed_postmaster_is_noticed_and_started_again(data_dir: Path) -> None:
    with EmbeddedPostgres.start(data_dir) as postgres:
        query(postgres.owner_dsn, "CREATE TABLE kept (n int)", "INSERT INTO kept VALUES (42)")
        before = processes(data_dir)
        os.kill(before[0], signal.SIGKILL)
        until(lambda: processes(data_dir)[:1] not in ([], before[:1]) and _answers(postgres.app_dsn))
        assert query(postgres.owner_dsn, "SELECT n FROM kept") == 42
    assert processes(data_dir) == []


def test_stopping_twice_is_harmless(data_dir: Path) -> None:
    postgres = EmbeddedPostgres.start(data_dir)
    postgres.stop()
    postgres.stop()
    assert processes(data_dir) == []


def test_a_data_folder_that_was_removed_meanwhile_does_not_hinder_the_end(data_dir: Path) -> None:
    """PostgreSQL ends by itself, within a minute, when its folder is gone."""
    postgres = EmbeddedPostgres.start(data_dir / "gone")
    left = processes(data_dir / "gone")
    shutil.rmtree(data_dir / "gone")
    postgres.stop()
    for pid in left:
        os.kill(pid, signal.SIGKILL)


def _answers(dsn: str) -> bool:
    try:
        return bool(query(dsn, "SELECT true"))
    except (OSError, asyncpg.PostgresError):
        return False
