"""How Baton signs in at an EHR: as a public client, with a key of its own, or with a secret."""

import base64
import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives import serialization

from app.fhir.errors import Invalid
from app.gateways.keys import SigningKey, signing_key
from app.services.directory.register_ehr import Ehr, register_ehr
from app.services.launch import keys
from tests.identity.signing import ec_key, rsa_key
from tests.launch.door import Doctor, Door, rule_of
from tests.launch.ehr import FakeEhr, fake_ehr

SECRET = "s3cret-of-the-client-0123456789"


def a_key_file(folder: Path, key: Any) -> Path:
    file = folder / "key.pem"
    kinds = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    file.write_bytes(key.private_bytes(*kinds))
    file.chmod(0o400)
    return file


async def launched(door: Door, ehr: FakeEhr, **how: Any) -> httpx.Response:
    """A launch from an EHR that is registered in this way."""
    row = await register_ehr(door.town.world.network, Ehr("Other EHR", ehr.base, door.town.clinic, "baton", **how))
    assert row.client_kind in ("asymmetric", "symmetric")
    doctor: Doctor = door.browser(ehr)
    return await doctor.launch()


@pytest.mark.parametrize(("key", "alg"), [(rsa_key(), "RS384"), (ec_key(), "ES384")], ids=["rsa", "p-384"])
async def test_with_a_key_it_signs_for_this_token_endpoint_and_publishes_the_public_half(
    door: Door, tmp_path: Path, key: object, alg: str
) -> None:
    """APP-07"""
    async with fake_ehr() as ehr:
        answer = await launched(door, ehr, key_file=a_key_file(tmp_path, key))
        assert answer.status_code == 303
        form = ehr.exchanges[0]
    assert "client_secret" not in form
    header, claims = (_part(form["client_assertion"], n) for n in (0, 1))
    assert (claims["iss"], claims["sub"], claims["aud"]) == ("baton", "baton", f"{ehr.address}/token")
    assert claims["exp"] - claims["iat"] <= 300
    known = (await door.doctor.open("/.well-known/jwks.json")).json()["keys"]
    (published,) = [each for each in known if each["kid"] == header["kid"]]
    assert (header["alg"], published["alg"]) == (alg, alg)
    assert not {"d", "p", "q", "dp", "dq", "qi"} & set(published)


async def test_with_a_secret_it_shows_it_to_the_token_endpoint_alone(door: Door, tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text(SECRET)
    file.chmod(0o400)
    async with fake_ehr() as ehr:
        assert (await launched(door, ehr, secret_file=file)).status_code == 303
        form = ehr.exchanges[0]
        assert SECRET not in str(ehr.authorizations)
    assert SECRET not in str(form)
    assert base64.b64decode(form["authorization"].removeprefix("Basic ")).decode() == f"baton:{SECRET}"
    (row,) = await door.town.world.rows("SELECT secret_sealed FROM connection WHERE secret_sealed IS NOT NULL")
    assert SECRET.encode() not in row["secret_sealed"]


async def test_a_key_file_that_is_gone_is_said_and_nothing_is_sent(door: Door, tmp_path: Path) -> None:
    file = a_key_file(tmp_path, ec_key())
    async with fake_ehr() as ehr:
        await register_ehr(
            door.town.world.network, Ehr("Other EHR", ehr.base, door.town.clinic, "baton", key_file=file)
        )
        file.unlink()
        answer = await door.browser(ehr).begin()
        assert (answer.status_code, rule_of(answer), ehr.requests) == (502, "launch-ehr-not-offered", [])
    assert (await door.doctor.open("/.well-known/jwks.json")).json() == {"keys": []}


async def test_a_key_file_is_read_once_however_often_its_key_is_asked_for_and_again_when_it_is_another(
    door: Door, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = a_key_file(tmp_path, ec_key())
    wanted = Ehr("Other EHR", "https://other.example/fhir", door.town.clinic, "baton", key_file=file)
    await register_ehr(door.town.world.network, wanted)
    read: list[bytes] = []

    def noted(content: bytes) -> SigningKey:
        read.append(content)
        return signing_key(content)

    monkeypatch.setattr(keys, "signing_key", noted)

    async def published() -> str:
        (key,) = (await door.doctor.open("/.well-known/jwks.json")).json()["keys"]
        return str(key["kid"])

    first = {await published() for _ in range(3)}
    assert (len(first), len(read)) == (1, 1)
    file.unlink()
    a_key_file(tmp_path, rsa_key())
    assert await published() not in first
    assert len(read) == 2


async def launch_with(door: Door, methods: list[str], **how: Any) -> tuple[httpx.Response, list[dict[str, str]]]:
    """The end of a launch at an EHR that lists these ways to show who a client is, and what its token endpoint got."""
    async with fake_ehr() as ehr:
        ehr.discovery = lambda tree: tree | {"token_endpoint_auth_methods_supported": methods}
        row = Ehr("Other EHR", ehr.base, door.town.clinic, "baton", **how)
        await register_ehr(door.town.world.network, row)
        browser: Doctor = door.browser(ehr)
        begun = await browser.begin()
        answer = await browser.back(await browser.at_the_ehr()) if begun.status_code == 302 else begun
        return answer, ehr.exchanges


async def test_an_ehr_that_takes_secrets_in_the_form_alone_gets_it_there(door: Door, tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text(SECRET)
    file.chmod(0o400)
    answer, (form,) = await launch_with(door, ["client_secret_post"], secret_file=file)
    assert answer.status_code == 303
    assert (form["client_secret"], form["authorization"]) == (SECRET, "")


@pytest.mark.parametrize("methods", [["client_secret_basic"], ["none"], ["tls_client_auth"]])
async def test_an_ehr_that_takes_no_keys_any_more_is_said_to_before_anybody_signs_in(
    door: Door, tmp_path: Path, methods: list[str]
) -> None:
    answer, exchanges = await launch_with(door, methods, key_file=a_key_file(tmp_path, ec_key()))
    assert (answer.status_code, rule_of(answer), exchanges) == (502, "launch-ehr-not-offered", [])
    assert "The EHR offers no sign-in by private_key_jwt" in answer.text


@pytest.mark.parametrize("methods", [[], ["private_key_jwt"], ["client_secret_basic"]])
async def test_an_ehr_need_not_list_that_public_clients_show_nothing(door: Door, methods: list[str]) -> None:
    answer, _ = await launch_with(door, methods)
    assert answer.status_code == 303


@pytest.mark.parametrize("content", [b"no key at all", rsa_key().public_key().public_bytes(
    serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)], ids=["text", "public"])  # fmt: skip
async def test_a_file_without_a_private_key_is_not_registered(door: Door, tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "key.pem"
    file.write_bytes(content)
    file.chmod(0o400)
    wanted = Ehr("Other EHR", "https://other.example/fhir", door.town.clinic, "baton", key_file=file)
    with pytest.raises(Invalid, match="ehr-key"):
        await register_ehr(door.town.world.network, wanted)


def _part(compact: str, n: int) -> dict[str, Any]:
    part = compact.split(".")[n]
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return found
