"""Systems, their tokens, and EHRs that we know by their base."""

import json
from pathlib import Path
from uuid import uuid4

import pytest

from app.fhir.errors import Invalid
from app.services.directory.register_ehr import read_base
from tests.cli.operator import Terminal
from tests.identity.signing import ec_key, jwk, jwks

SCOPES = "system/Task.cruds"


@pytest.fixture(scope="module")
def clinic(terminal: Terminal) -> str:
    return terminal.done("organization", "add", "Clinic", "--kind", "source")


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("keys") / "jwks.json"
    file.write_bytes(jwks(jwk(ec_key(), "one")))
    return file


@pytest.fixture(scope="module")
def client(terminal: Terminal, clinic: str, keys: Path) -> str:
    said = terminal.done("client", "add", "EHR", "--organization", clinic, "--scopes", SCOPES, "--jwks-file", str(keys))
    return said.splitlines()[-1]


def test_a_system_is_registered_and_listed(terminal: Terminal, clinic: str, client: str) -> None:
    (listed,) = json.loads(terminal.done("client", "list", "--json"))
    assert listed == {
        "client_id": client,
        "name": "EHR",
        "organizations": [clinic],
        "scopes": SCOPES,
        "disabled": False,
    }


def test_what_is_not_served_yet_is_refused_clearly(terminal: Terminal, clinic: str) -> None:
    asked = ("client", "add", "EHR", "--organization", clinic, "--scopes", SCOPES)
    assert "--jwks-file" in terminal.baton(*asked, "--basic").refused(1)
    assert "--jwks-file" in terminal.baton(*asked, "--jwks-url", "https://ehr.example/keys").refused(1)
    assert "exactly one" in terminal.baton(*asked).refused(2)


def test_a_system_speaks_for_members_only(terminal: Terminal, keys: Path) -> None:
    asked = ("client", "add", "EHR", "--organization", f"Organization/{uuid4()}", "--scopes", SCOPES)
    assert "not a member" in terminal.baton(*asked, "--jwks-file", str(keys)).refused(1)


def test_a_token_is_printed_in_development_only(terminal: Terminal, client: str) -> None:
    assert len(terminal.done("token", client)) >= 43
    production = {"BATON_ENV": "production", "BATON_PUBLIC_URL": "https://baton.example"}
    secret = "f3Qd9-x7Lm2_Zp8Rk4Vt6Wy1Bn5Hc0Js3Ga"
    refused = terminal.baton("token", client, **production, BATON_SECRET_KEY=secret)
    assert "development only" in refused.refused(1)


def test_nobody_gets_a_token_for_an_unknown_system(terminal: Terminal, clinic: str) -> None:
    assert "no enabled client" in terminal.baton("token", str(uuid4())).refused(1)


def test_an_ehr_is_known_by_one_spelling_of_its_base(terminal: Terminal, clinic: str) -> None:
    asked = ("ehr", "add", "EHR", "--organization", clinic, "--fhir-base")
    assert terminal.done(*asked, "HTTPS://EHR.example:443/fhir/") == "https://ehr.example/fhir"
    assert "already" in terminal.baton(*asked, "https://ehr.example/fhir").refused(1)
    assert "https" in terminal.baton(*asked, "http://ehr.example/other").refused(2)
    assert "itself" in terminal.baton(*asked, "http://127.0.0.1:8000/fhir").refused(1)


@pytest.mark.parametrize(
    ("typed", "base"),
    [
        ("https://ehr.example", "https://ehr.example"),
        ("https://ehr.example:8443/A/b/", "https://ehr.example:8443/A/b"),
        ("http://localhost:9000/fhir", "http://localhost:9000/fhir"),
        ("http://[::1]:9000/fhir", "http://[::1]:9000/fhir"),
    ],
)
def test_a_base_has_one_spelling(typed: str, base: str) -> None:
    assert read_base(typed, loopback_http=True) == base


@pytest.mark.parametrize(
    "typed",
    ["", "ehr.example/fhir", "ftp://ehr.example", "https://u:p@ehr.example", "https://ehr.example/?x=1", "https://h:x/",
     "https://ehr.example/a b", "https://ehr.example//fhir", "http://ehr.example"],
)  # fmt: skip
def test_what_is_no_base_is_refused(typed: str) -> None:
    with pytest.raises(Invalid):
        read_base(typed, loopback_http=True)


def test_plain_http_is_for_development() -> None:
    with pytest.raises(Invalid):
        read_base("http://localhost:9000/fhir", loopback_http=False)
