"""Who signed in at an EHR: an id_token is believed only when everything about it is right."""

from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from app.gateways.ehr.smart import EhrTrouble, Identity, identify
from app.gateways.outbound.client import Outbound
from tests.gateways.ehrs import CLIENT, Ehr, b64, dump, jwk, signed
from tests.gateways.servers import answer

RSA, OTHER = rsa.generate_private_key(65537, 2048), rsa.generate_private_key(65537, 2048)
P256, P384 = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP384R1())
NONCE = "n0nce"


@pytest.fixture
async def claims(ehr: Ehr, outbound: Outbound) -> dict[str, Any]:
    ehr.answers["GET /jwks"] = {"keys": [jwk(RSA), {"kty": "oct", "k": "x"}, 7]}
    now_s = int(outbound.clock.now().timestamp())
    return {
        "iss": ehr.server.here, "aud": CLIENT, "sub": "u-1", "nonce": NONCE, "exp": now_s + 300, "iat": now_s, "fhirUser": "Practitioner/7",
    }  # fmt: skip


async def who(outbound: Outbound, ehr: Ehr, token: str) -> Identity:
    return await identify(outbound, ehr.registration(), ehr.discovery, token, NONCE)


async def trouble(outbound: Outbound, ehr: Ehr, token: str) -> str:
    with pytest.raises(EhrTrouble) as found:
        await who(outbound, ehr, token)
    return found.value.kind


@pytest.mark.parametrize(("key", "alg"), [(RSA, "RS256"), (RSA, "RS384"), (P256, "ES256"), (P384, "ES384")])
async def test_each_allowed_algorithm_is_verified(
    outbound: Outbound, ehr: Ehr, claims: dict[str, Any], key: Any, alg: str
) -> None:
    ehr.answers["GET /jwks"] = {"keys": [jwk(OTHER, "other"), jwk(key)]}
    assert await who(outbound, ehr, signed(key, claims, alg)) == Identity("u-1", "Practitioner/7")


async def test_a_key_without_kid_serves_a_token_without_kid(
    outbound: Outbound, ehr: Ehr, claims: dict[str, Any]
) -> None:
    ehr.answers["GET /jwks"] = {"keys": [jwk(OTHER, None), jwk(RSA, None)]}
    assert (await who(outbound, ehr, signed(RSA, claims, "RS256", kid=None))).subject == "u-1"


async def test_a_key_that_the_ehr_has_just_changed_is_known(
    outbound: Outbound, ehr: Ehr, claims: dict[str, Any]
) -> None:
    await who(outbound, ehr, signed(RSA, claims, "RS256"))
    ehr.answers["GET /jwks"] = {"keys": [jwk(OTHER, "k2")]}
    assert (await who(outbound, ehr, signed(OTHER, claims, "RS256", kid="k2"))).subject == "u-1"
    assert await trouble(outbound, ehr, signed(RSA, claims, "RS256")) == "wrong-token"


@pytest.mark.parametrize(
    "change",
    [
        {"iss": "https://other.example"}, {"iss": None}, {"aud": "other"}, {"aud": ["other"]}, {"aud": None}, {"aud": [CLIENT, "other"]},
        {"aud": [CLIENT, "other"], "azp": "other"}, {"azp": "other"}, {"nonce": "old"}, {"nonce": None}, {"nonce": 7}, {"exp": 1_000_000},
        {"exp": None}, {"exp": "9999999999"}, {"exp": 1e300}, {"iat": 99_999_999_999}, {"nbf": 99_999_999_999}, {"iat": "x"},
        {"sub": None}, {"sub": ""}, {"sub": 7}, {"sub": "x" * 256}, {"sub": "a\nb"},
    ],
)  # fmt: skip
async def test_a_claim_that_is_not_for_us_and_now_is_not_believed(
    outbound: Outbound, ehr: Ehr, claims: dict[str, Any], change: dict[str, Any]
) -> None:
    changed = {name: value for name, value in (claims | change).items() if value is not None}
    assert await trouble(outbound, ehr, signed(RSA, changed, "RS256")) == "wrong-token"


@pytest.mark.parametrize(
    ("user", "known"),
    [(None, None), (7, None), ("https://evil.example/Practitioner/1", "https://evil.example/Practitioner/1")],
)
async def test_the_user_is_handed_on_as_claimed_or_not_at_all(
    outbound: Outbound, ehr: Ehr, claims: dict[str, Any], user: object, known: str | None
) -> None:
    assert (await who(outbound, ehr, signed(RSA, claims | {"fhirUser": user}, "RS256"))).fhir_user == known
    assert {seen.path for seen in ehr.server.seen} == {"/jwks"}


async def test_version_1_says_the_user_in_profile(outbound: Outbound, ehr: Ehr, claims: dict[str, Any]) -> None:
    del claims["fhirUser"]
    assert (
        await who(outbound, ehr, signed(RSA, claims | {"profile": "Practitioner/9"}, "RS256"))
    ).fhir_user == "Practitioner/9"


Forging = Callable[[dict[str, Any]], str]
FORGED: dict[str, Forging] = {
    "by another key": lambda claims: signed(OTHER, claims, "RS256"),
    "by a key of another kid": lambda claims: signed(RSA, claims, "RS256", kid="k2"),
    "without a signature": lambda claims: f"{b64(dump({'alg': 'none', 'kid': 'k1'}))}.{b64(dump(claims))}.AA",
    "with the public key as a secret": lambda claims: signed(RSA, claims, "RS256", alg="HS256"),
    "by an algorithm nobody allowed": lambda claims: signed(RSA, claims, "RS512", alg="RS512"),
    "by an algorithm of another key": lambda claims: signed(P256, claims, "ES256"),
    "with a critical header": lambda claims: signed(RSA, claims, "RS256", crit=["exp"]),
    "with an alg that is no text": lambda claims: signed(RSA, claims, "RS256", alg=["RS256"]),
    "with changed claims": lambda claims: _swapped(signed(RSA, claims, "RS256"), claims),
    "not a token": lambda _: "a.b",
    "not JSON": lambda _: "YQ.YQ.YQ",
    "encrypted": lambda _: "YQ.YQ.YQ.YQ.YQ",
}  # fmt: skip


def _swapped(token: str, claims: dict[str, Any]) -> str:
    head, _, signature = token.split(".")
    return f"{head}.{b64(dump(claims | {'sub': 'u-2'}))}.{signature}"


@pytest.mark.parametrize("how", FORGED)
async def test_a_forged_token_is_not_believed(outbound: Outbound, ehr: Ehr, claims: dict[str, Any], how: str) -> None:
    assert await trouble(outbound, ehr, FORGED[how](claims)) == "wrong-token"


@pytest.mark.parametrize(
    ("keys", "kind"),
    [(answer(b"<html>"), "wrong-token"), ({"keys": 7}, "wrong-token"), ({"keys": []}, "wrong-token"), (None, "away"), (answer(b"x" * 600_000), "too-large"),
     ({"keys": [jwk(rsa.generate_private_key(65537, 1024))]}, "wrong-token"), ({"keys": [jwk(RSA, use="enc")]}, "wrong-token")],
)  # fmt: skip
async def test_keys_that_cannot_be_had_or_used_believe_nobody(
    outbound: Outbound, ehr: Ehr, claims: dict[str, Any], keys: Any, kind: str
) -> None:
    ehr.answers["GET /jwks"] = keys
    assert await trouble(outbound, ehr, signed(RSA, claims, "RS256")) == kind
