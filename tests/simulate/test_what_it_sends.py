"""The simulated EHR's own parts: key, people, Bundle. It knows nothing of ours; these tests do."""

import ast
import random
from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

import app.simulate
from app.fhir import json
from app.gateways.keys import read_jwks, signature_is_good
from app.simulate.chart import Chart
from app.simulate.ehr import ANY_NEED, Ehr, Settings
from app.simulate.keys import KeyProblem, jwks_file, read_or_make
from app.simulate.needs import NEEDS
from app.simulate.people import people
from app.simulate.referral import transaction
from app.simulate.shapes import SHAPES
from app.simulate.vocabulary import Clinic, Order
from tests.fhir.checking import errors

FOLDER = Path(app.simulate.__file__).parent
NOW = datetime(2026, 3, 7, 23, 59, tzinfo=UTC)


def order(number: str = "1", *, performer: str = "", named: bool = True, need: int = 0) -> Order:
    person = people(random.Random(4), 1)[0]
    return Order(number, person, NEEDS[need], "Organization/n", performer, named, False, "2026-03-07T23:59:00.000Z")


def bundle(wanted: Order) -> dict[str, dict[str, object]]:
    """Resource type -> resource of the transaction."""
    made = transaction(random.Random(1), Clinic("Clinic", "https://clinic.example"), wanted)
    return {entry["resource"]["resourceType"]: entry["resource"] for entry in made["entry"]}


def test_it_imports_nothing_of_ours() -> None:
    trees = [ast.parse(file.read_text()) for file in FOLDER.rglob("*.py")]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    names = [node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)]
    names += [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    assert [name for name in names if name.split(".")[0] == "app" and not name.startswith("app.simulate")] == []


def test_a_key_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    file = tmp_path / "new" / "key.pem"
    first, second = read_or_make(file), read_or_make(file)
    assert first.public_jwk == second.public_jwk
    assert file.stat().st_mode & 0o077 == 0
    assert "d" not in first.public_jwk
    assert read_jwks(jwks_file(file).read_bytes())


@pytest.mark.parametrize("kind", ["EC", "RSA"])
def test_its_assertion_is_believed_by_whoever_has_its_public_key(tmp_path: Path, kind: str) -> None:
    private = ec.generate_private_key(ec.SECP384R1()) if kind == "EC" else rsa.generate_private_key(65537, 2048)
    pem, pkcs8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    (tmp_path / "key.pem").write_bytes(private.private_bytes(pem, pkcs8, serialization.NoEncryption()))
    key = read_or_make(tmp_path / "key.pem")
    compact = key.assertion(client_id="c", token_url="https://n.example/token", now_s=1, jti="j")
    alg = {"EC": "ES384", "RSA": "RS384"}[kind]
    keys = read_jwks(key.jwks.encode())
    assert signature_is_good(compact, alg=alg, kid=key.public_jwk["kid"], keys=keys)
    changed = compact.replace(".", ".e", 1)
    assert not signature_is_good(changed, alg=alg, kid=key.public_jwk["kid"], keys=keys)


def test_what_is_no_key_is_refused(tmp_path: Path) -> None:
    (tmp_path / "key.pem").write_text("no key")
    with pytest.raises(KeyProblem):
        read_or_make(tmp_path / "key.pem")


def test_its_people_are_invented_and_stay_the_same() -> None:
    first, again = people(random.Random("seed"), 40), people(random.Random("seed"), 40)
    assert first == again
    assert len({person.record_number for person in first}) == 40
    assert all(person.phone.startswith("555-01") and person.email.endswith(".example") for person in first)


@pytest.mark.parametrize("need", range(len(NEEDS)))
def test_all_that_it_sends_is_good_r4(need: int) -> None:
    for resource in bundle(order(performer="Organization/o", need=need)).values():
        assert errors(json.parse(orjson.dumps(resource))) == []


def test_every_resource_is_made_once_however_often_it_is_sent() -> None:
    made = transaction(random.Random(1), Clinic("Clinic", "https://clinic.example"), order())
    conditions = [entry["request"]["ifNoneExist"] for entry in made["entry"]]
    assert len({(entry["request"]["url"], entry["request"]["ifNoneExist"]) for entry in made["entry"]}) == 9
    assert all(condition.startswith("identifier=https%3A%2F%2Fclinic.example%2F") for condition in conditions)


def test_its_consent_names_the_performer_or_nobody() -> None:
    named = bundle(order(performer="Organization/o"))["Consent"]["provision"]
    assert named["actor"][0]["reference"] == {"reference": "Organization/o"}  # type: ignore[index]
    assert "provision" not in bundle(order(performer="Organization/o", named=False))["Consent"]
    assert "performer" not in bundle(order())["ServiceRequest"]


def test_it_asks_for_whom_its_settings_name() -> None:
    performers = {NEEDS[0].category.code: "Organization/a", ANY_NEED: "Organization/any"}
    settings = Settings("https://n.example", SHAPES[0], Clinic("Clinic", "https://clinic.example"), performers)
    ehr = Ehr(settings, None, Chart(people(random.Random(1), 2)), lambda: NOW, random.Random(1))

    class Network:
        owner = "Organization/n"

    asked = [ehr.order(Network(), ehr.chart.people[0], need) for need in NEEDS[:2]]  # type: ignore[arg-type]
    assert [each.performer for each in asked] == ["Organization/a", "Organization/any"]
    assert asked[0].number != asked[1].number
    assert asked[0].at == "2026-03-07T23:59:00.000Z"
