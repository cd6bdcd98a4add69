"""The embedded database's first start: what it makes, where, and who may do what."""

import os
import shutil
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import asyncpg
import pytest

from app.store.embedded import EmbeddedPostgres, EmbeddedPostgresError
from tests.house.clusters import processes, query


def test_the_application_role_owns_nothing_and_passes_no_policy(data_dir: Path) -> None:
    with EmbeddedPostgres.start(data_dir) as postgres:
        rights = "SELECT rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb FROM pg_roles WHERE rolname = "
        assert query(postgres.app_dsn, rights + "current_user") is False
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            query(postgres.app_dsn, "CREATE TABLE mine (id int)")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            query(postgres.app_dsn, "CREATE TEMPORARY TABLE mine (id int)")


def test_the_owner_migrates_and_is_no_superuser(data_dir: Path) -> None:
    with EmbeddedPostgres.start(data_dir) as postgres:
        made = query(postgres.owner_dsn, "CREATE TABLE theirs (id int)", "SELECT current_setting('is_superuser')")
        assert made == "off"


def test_nothing_listens_on_tcp_and_the_socket_folder_is_private(data_dir: Path) -> None:
    with EmbeddedPostgres.start(data_dir) as postgres:
        superuser = postgres.dsn("postgres", "postgres")
        assert query(superuser, "SHOW listen_addresses") == ""
        run = Path(query(superuser, "SHOW unix_socket_directories"))
        assert stat.S_IMODE(run.stat().st_mode) == 0o700
        assert stat.S_IMODE((data_dir / "postgres").stat().st_mode) == 0o700


def test_text_sorts_by_code_point_on_every_machine(data_dir: Path) -> None:
    with EmbeddedPostgres.start(data_dir) as postgres:
        assert query(postgres.app_dsn, "SELECT string_agg(x, '' ORDER BY x) FROM unnest('{b,A,a,B,é}'::text[]) x") == (
            "ABabé"
        )


def test_a_deep_data_folder_gets_its_socket_in_a_short_private_place(data_dir: Path) -> None:
    deep = data_dir.joinpath(*(["a-rather-long-folder-name"] * 6))
    with EmbeddedPostgres.start(deep) as postgres:
        run = Path(query(postgres.dsn("postgres", "postgres"), "SHOW unix_socket_directories"))
        assert len(str(run)) < 60
        assert stat.S_IMODE(run.stat().st_mode) == 0o700
    assert not run.exists()
    with EmbeddedPostgres.start(deep) as postgres:
        assert query(postgres.app_dsn, "SELECT 1") == 1
    assert processes(deep) == []


def test_a_path_may_hold_blanks_commas_and_quotes(data_dir: Path) -> None:
    odd = data_dir / "Ana's data, and more"
    with EmbeddedPostgres.start(odd) as postgres:
        assert query(postgres.app_dsn, "SELECT 1") == 1
        assert len(processes(odd)) > 1
    assert processes(odd) == []


def test_clusters_of_several_folders_live_side_by_side(data_dir: Path) -> None:
    folders = [data_dir / name for name in ("one", "two", "three")]
    with ThreadPoolExecutor() as pool:
        running = list(pool.map(EmbeddedPostgres.start, folders))
    homes = {query(postgres.dsn("baton", "postgres"), "SHOW data_directory") for postgres in running}
    for postgres in running:
        postgres.stop()
    assert len(homes) == 3
    assert [processes(folder) for folder in folders] == [[], [], []]


def test_a_first_start_that_was_killed_half_way_is_made_good(data_dir: Path) -> None:
    EmbeddedPostgres.start(data_dir).stop()
    cluster = (data_dir / "postgres").resolve()
    (cluster / "data").rename(cluster / "data.new")  # as initdb leaves it when it is killed
    with EmbeddedPostgres.start(data_dir) as postgres:
        assert query(postgres.app_dsn, "SELECT current_database()") == "baton"


def test_roles_that_a_killed_start_did_not_make_are_made_by_the_next(data_dir: Path) -> None:
    with EmbeddedPostgres.start(data_dir) as postgres:
        query(postgres.dsn("postgres", "postgres"), "DROP DATABASE baton", "DROP ROLE baton_app")
        with EmbeddedPostgres.start(data_dir) as joined:
            assert query(joined.app_dsn, "SELECT current_user") == "baton_app"


def test_a_cluster_of_another_version_is_refused_with_the_way_out(data_dir: Path) -> None:
    EmbeddedPostgres.start(data_dir).stop()
    ((data_dir / "postgres").resolve() / "data" / "PG_VERSION").write_text("17\n")
    with pytest.raises(EmbeddedPostgresError, match=r"PostgreSQL 17.*Upgrading"):
        EmbeddedPostgres.start(data_dir)


def test_a_link_to_a_folder_that_is_gone_is_named_and_not_started_anew(data_dir: Path) -> None:
    (data_dir / "postgres").symlink_to("/var/lib/baton/gone")
    with pytest.raises(EmbeddedPostgresError, match="points to a folder that is gone"):
        EmbeddedPostgres.start(data_dir)


def test_the_servers_own_log_quotes_nothing_that_people_wrote(data_dir: Path) -> None:
    with EmbeddedPostgres.start(data_dir) as postgres:
        query(postgres.owner_dsn, "CREATE TABLE person (name text UNIQUE)", "INSERT INTO person VALUES ('Canary')")
        with pytest.raises(asyncpg.UniqueViolationError):
            query(postgres.owner_dsn, "INSERT INTO person VALUES ('Canary')")
        with pytest.raises(asyncpg.InvalidTextRepresentationError):
            query(postgres.owner_dsn, "SELECT 'Canary'::int")
    assert "Canary" not in (data_dir / "postgres" / "log").read_text()


@pytest.mark.needs("root")
def test_root_below_a_private_home_gets_a_cluster_without_opening_that_home(data_dir: Path) -> None:
    home = data_dir / "home"
    home.mkdir(mode=0o700)
    with EmbeddedPostgres.start(home / "data") as postgres:
        assert query(postgres.app_dsn, "SELECT current_user") == "baton_app"
        assert (home / "data" / "postgres").is_symlink()
        assert (home / "data" / "postgres" / "belongs-to").read_text() == f"{home}/data/postgres\n"
        assert stat.S_IMODE(home.stat().st_mode) == 0o700
    with EmbeddedPostgres.start(home / "data") as postgres:
        assert query(postgres.app_dsn, "SELECT 1") == 1
    assert processes(home / "data") == []
    shutil.rmtree((home / "data" / "postgres").resolve())


@pytest.mark.needs("root")
def test_root_runs_the_cluster_of_a_users_folder_as_that_user(data_dir: Path) -> None:
    theirs = data_dir / "theirs"
    theirs.mkdir(mode=0o700)
    os.chown(theirs, 65534, 65534)
    with EmbeddedPostgres.start(theirs) as postgres:
        assert query(postgres.app_dsn, "SELECT 1") == 1
        assert (theirs / "postgres" / "data").stat().st_uid == 65534
        assert {path.stat().st_uid for path in theirs.iterdir()} == {65534}
    assert processes(theirs) == []
