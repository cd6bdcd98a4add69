"""Settings: where each comes from, what is refused, and that a refusal shows no value."""

import os
import stat
from pathlib import Path

import pytest

from app.settings import Settings, SettingsError, load

SECRET = "correct horse battery staple 0123456789"


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Each test starts without any setting of the machine it runs on, in an empty folder."""
    bare = {"DATABASE_URL", "MIGRATION_DATABASE_URL", "DATABASE_DIRECT_URL", "DATA_DIR", "HOST", "PORT"}
    for name in [name for name in os.environ if name.startswith("BATON_") or name.removesuffix("_FILE") in bare]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "data"))


def refused(**environment: str) -> str:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        with pytest.raises(SettingsError) as caught:
            load()
    for value in environment.values():
        assert value not in str(caught.value)
    return str(caught.value)


def test_on_ones_own_machine_nothing_need_be_set() -> None:
    settings = load()
    assert (settings.env, settings.public_url) == ("development", "http://127.0.0.1:8000")
    assert settings.database_url is None


def test_what_a_command_chose_comes_before_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "8123")
    assert load().public_url == "http://127.0.0.1:8123"
    assert load(port=8200).public_url == "http://127.0.0.1:8200"


@pytest.mark.parametrize(
    "reachable",
    [
        {"HOST": "0.0.0.0"},
        {"BATON_PUBLIC_URL": "https://baton.example.org"},
        {"DATABASE_URL": "postgresql://baton_app@db.example.org/baton"},
    ],
)
def test_whatever_others_can_reach_is_production_and_needs_a_secret(reachable: dict[str, str]) -> None:
    assert refused(**reachable).startswith("BATON_SECRET_KEY: must be a random secret of at least 32 bytes")


def test_production_is_served_by_https_only() -> None:
    assert "https" in refused(BATON_ENV="production", BATON_SECRET_KEY=SECRET)
    assert load(env="production", secret_key=SECRET, public_url="https://baton.example.org/").env == "production"


@pytest.mark.parametrize("weak", ["short", "changeme" * 8, "x" * 64])
def test_a_short_or_repeated_secret_is_refused(weak: str) -> None:
    assert "BATON_SECRET_KEY" in refused(BATON_SECRET_KEY=weak)


def test_the_development_secret_is_made_once_and_private(tmp_path: Path) -> None:
    first, second = load(), load()
    assert first.secret_key == second.secret_key
    assert stat.S_IMODE((tmp_path / "data" / "secret.key").stat().st_mode) == 0o600
    assert len(first.secret_key) >= 32


def test_secrets_do_not_show_when_settings_are_printed() -> None:
    settings = Settings(secret_key=SECRET, database_url="postgresql://baton:hidden@db/baton", env="development")
    assert SECRET not in repr(settings)
    assert "hidden" not in repr(settings)


def test_a_secret_may_lie_in_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text(f"{SECRET}\n")
    file.chmod(0o400)
    monkeypatch.setenv("BATON_SECRET_KEY_FILE", str(file))
    assert load().secret_key == SECRET.encode()


def test_a_secret_file_that_everybody_may_read_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text(SECRET)
    file.chmod(0o444)
    assert "everybody may read" in refused(BATON_SECRET_KEY_FILE=str(file))


def test_a_missing_secret_file_and_a_setting_given_twice_are_refused(tmp_path: Path) -> None:
    assert "cannot be read" in refused(BATON_SECRET_KEY_FILE=str(tmp_path / "gone"))
    assert "given twice" in refused(BATON_SECRET_KEY=SECRET, BATON_SECRET_KEY_FILE=str(tmp_path / "gone"))


def test_an_unknown_setting_is_an_error_and_not_a_silence() -> None:
    assert refused(BATON_LOGLEVEL="debug") == "BATON_LOGLEVEL: there is no such setting; docs/operator.md lists them"


def test_each_wrong_value_gets_one_line_and_no_other() -> None:
    lines = refused(PORT="eight-thousand", BATON_TIME_ZONE="Mars/Olympus", DATABASE_URL="mysql://root:hidden@db/x")
    assert [line.split(":")[0] for line in lines.splitlines()] == ["DATABASE_URL", "PORT", "BATON_TIME_ZONE"]


def test_settings_do_not_change() -> None:
    with pytest.raises(ValueError, match="frozen"):
        load().port = 1  # type: ignore[misc]


@pytest.mark.parametrize("wrong", ["*", "*.example", "a.example,", "a.example:8000", "http://a.example", "a b"])
def test_other_hosts_are_names_and_addresses(wrong: str) -> None:
    assert "BATON_ALLOWED_HOSTS" in refused(BATON_ALLOWED_HOSTS=wrong)
    known = load(allowed_hosts="Baton.Internal, 10.0.0.5,[fd00::5]", secret_key=SECRET, public_url="https://a.example")
    assert known.allowed_hosts == "baton.internal,10.0.0.5,[fd00::5]"
