"""EHRs whose clinicians may launch Baton: how we sign in there, and where they may be called."""

import json
from pathlib import Path

import pytest

from app.fhir.errors import Invalid
from app.services.directory.ehr_sign_in import read_host, read_range
from tests.cli.operator import Terminal

SECRET = "s3cret-of-the-client-0123456789"


@pytest.fixture(scope="module")
def clinic(terminal: Terminal) -> str:
    return terminal.done("organization", "add", "Clinic", "--kind", "source")


@pytest.fixture
def secret_file(tmp_path: Path) -> Path:
    file = tmp_path / "secret"
    file.write_text(SECRET + "\n")
    file.chmod(0o400)
    return file


def add(clinic: str, base: str, *more: str) -> tuple[str, ...]:
    return ("ehr", "add", "EHR", "--organization", clinic, "--fhir-base", base, *more)


def listed(terminal: Terminal, base: str) -> dict[str, object]:
    (row,) = [row for row in json.loads(terminal.done("ehr", "list", "--json")) if row["fhir_base"] == base]
    return dict(row)


def test_a_client_id_alone_makes_us_a_public_client_with_a_redirect_uri_of_its_own(
    terminal: Terminal, clinic: str
) -> None:
    ended = terminal.baton(*add(clinic, "https://public.example/fhir", "--client-id", "baton"))
    base, redirect = ended.out.splitlines()
    assert (ended.code, base) == (0, "https://public.example/fhir")
    assert redirect.startswith("http://127.0.0.1:8000/launch/callback/")
    assert "http://127.0.0.1:8000/launch " in ended.err
    row = listed(terminal, base)
    assert (row["client"], row["redirect_uri"], row["organization"]) == ("public", redirect, clinic)


def test_a_base_with_a_slash_at_its_end_is_kept_without_and_the_operator_reads_which_iss_is_taken(
    terminal: Terminal, clinic: str
) -> None:
    ended = terminal.baton(*add(clinic, "https://slash.example/fhir/", "--client-id", "baton"))
    assert ended.out.splitlines()[0] == "https://slash.example/fhir"
    assert "Its launches say iss=https://slash.example/fhir to the letter, with no slash at its end." in ended.err


def test_without_a_client_id_nobody_launches_from_it(terminal: Terminal, clinic: str) -> None:
    assert terminal.done(*add(clinic, "https://none.example/fhir")) == "https://none.example/fhir"
    row = listed(terminal, "https://none.example/fhir")
    assert (row["client"], row["redirect_uri"]) == ("none", None)


def test_a_secret_is_kept_sealed_and_never_shown(terminal: Terminal, clinic: str, secret_file: Path) -> None:
    options = ("--client-id", "baton", "--secret-file", str(secret_file), "--endpoint-host", "Login.Example:443")
    ended = terminal.baton(*add(clinic, "https://secret.example/fhir", *options, "--private-range", "10.9.0.0/16"))
    row = listed(terminal, "https://secret.example/fhir")
    assert (row["client"], row["endpoint_hosts"]) == ("symmetric", ["login.example"])
    assert row["private_ranges"] == ["10.9.0.0/16"]
    assert SECRET not in ended.out + ended.err + terminal.done("ehr", "list")


def test_what_is_wrong_is_said_in_one_line_and_not_repeated(
    terminal: Terminal, clinic: str, secret_file: Path, tmp_path: Path
) -> None:
    base = "https://wrong.example/fhir"
    client = ("--client-id", "baton")
    open_to_all = tmp_path / "open"
    open_to_all.write_text(SECRET)
    open_to_all.chmod(0o644)
    empty = tmp_path / "empty"
    empty.touch(mode=0o600)
    cases = {
        ("--secret-file", str(secret_file)): "go with --client-id",
        (*client, "--key-file", str(secret_file), "--secret-file", str(secret_file)): "not by both",
        (*client, "--key-file", str(tmp_path / "nothing")): "not there",
        (*client, "--secret-file", str(open_to_all)): "Everybody may read",
        (*client, "--secret-file", str(empty)): "empty",
        (*client, "--ca-file", str(secret_file)): "no certificates",
        (*client, "--endpoint-host", "https://s3cret.example/"): "endpoint host",
        (*client, "--private-range", "169.254.0.0/16"): "private range",
        ("--client-id", "s3cret id"): "no blanks",
    }
    for options, words in cases.items():
        line = terminal.baton(*add(clinic, base, *options)).refused(2)
        assert words in line
        assert "s3cret" not in line
    assert base not in terminal.done("ehr", "list", "--json")


@pytest.mark.parametrize(
    ("typed", "host"), [("Login.EHR.example", "login.ehr.example"), ("ehr.example:8443", "ehr.example:8443")]
)
def test_a_host_has_one_spelling(typed: str, host: str) -> None:
    assert read_host(typed, loopback=False) == host


@pytest.mark.parametrize(
    "typed",
    ["", "https://ehr.example", "ehr.example/x", "ehr.example:0", "ehr.example:99999", "ehr.example:٤", "a b", "ehr.example.",
     "user@ehr.example", "*.example", "10.0.0.1", "2130706433", "127.0.0.1", "-ehr.example", "ehr..example", "a" * 300],
)  # fmt: skip
def test_what_is_no_host_is_refused(typed: str) -> None:
    with pytest.raises(Invalid):
        read_host(typed, loopback=False)


def test_this_machine_is_a_host_in_development_only() -> None:
    assert read_host("127.0.0.1:9000", loopback=True) == "127.0.0.1:9000"


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "10.0.0.1/8",
        "0.0.0.0/0",
        "169.254.169.254/32",
        "127.0.0.0/8",
        "8.8.8.0/24",
        "::/0",
        "fe80::/10",
        "::ffff:0:0/96",
    ],
)
def test_what_is_no_private_range_is_refused(typed: str) -> None:
    with pytest.raises(Invalid):
        read_range(typed)


@pytest.mark.parametrize("typed", ["10.20.0.0/16", "192.168.7.0/24", "172.16.0.0/12", "fd00:1::/32", "100.64.3.0/24"])
def test_a_private_range_is_within_a_private_network(typed: str) -> None:
    assert read_range(typed) == typed
