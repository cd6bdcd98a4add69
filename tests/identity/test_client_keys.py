"""Registering public keys (security sheet AS-05; SM-76, SM-77)."""

import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from app.fhir.errors import Invalid
from app.gateways.keys import MAX_KEYS, read_jwks
from tests.identity.signing import ec_key, integer, jwk, jwks, our_jwks, rsa_key


def rule_for(body: bytes) -> str:
    with pytest.raises(Invalid) as refused:
        read_jwks(body)
    return refused.value.issues[0].rule


def test_rsa_and_p384_keys_are_registered_with_their_public_numbers_only() -> None:
    rsa, elliptic = read_jwks(our_jwks())
    assert set(rsa) == {"kty", "kid", "alg", "use", "n", "e"}
    assert set(elliptic) == {"kty", "kid", "crv", "x", "y"}


GOOD = jwk(ec_key(), "e")


@pytest.mark.parametrize(
    ("key", "rule"),
    [
        ({**GOOD, "d": "AAAA"}, "jwks-private"),
        ({"kty": "oct", "kid": "o", "k": "AAAA"}, "jwks-private"),
        ({"kty": "oct", "kid": "o"}, "jwks-kty"),
        ({**GOOD, "kty": None}, "jwks-kty"),
        ({name: value for name, value in GOOD.items() if name != "kid"}, "jwks-kid"),
        ({**GOOD, "kid": 7}, "jwks-kid"),
        ({**GOOD, "kid": ""}, "jwks-kid"),
        ({**GOOD, "use": "enc"}, "jwks-use"),
        ({**GOOD, "key_ops": ["sign"]}, "jwks-use"),
        ({**GOOD, "alg": "ES256"}, "jwks-alg"),
        ({**GOOD, "alg": "RS384"}, "jwks-alg"),
        (jwk(ec_key(ec.SECP256R1), "p256"), "jwks-curve"),
        ({**GOOD, "x": integer(5)}, "jwks-number"),
        ({**GOOD, "x": GOOD["x"] + "=="}, "jwks-number"),
        ({**GOOD, "y": 7}, "jwks-number"),
        (jwk(rsa_key(1024), "short"), "jwks-strength"),
        ({**jwk(rsa_key(), "e1"), "e": integer(1)}, "jwks-strength"),
        ({**jwk(rsa_key(), "even"), "e": integer(65538)}, "jwks-number"),
        ({**jwk(rsa_key(), "pad"), "n": "A"}, "jwks-number"),
        ({**jwk(rsa_key(), "e3"), "e": integer(3)}, "jwks-strength"),
        ("key", "jwks-key"),
    ],
)
def test_a_key_that_is_unsafe_or_unclear_is_refused_with_its_place(key: Any, rule: str) -> None:
    assert rule_for(json.dumps({"keys": [GOOD | {"kid": "other"}, key]}).encode()) == rule
    with pytest.raises(Invalid) as refused:
        read_jwks(json.dumps({"keys": [GOOD | {"kid": "other"}, key]}).encode())
    assert refused.value.issues[0].at == "keys[1]"


def test_two_keys_with_one_kid_are_refused() -> None:
    assert rule_for(jwks(jwk(rsa_key(), "same"), jwk(ec_key(), "same"))) == "jwks-kid"


def test_a_file_that_is_no_key_set_is_refused() -> None:
    for body in (
        b"",
        b"[]",
        b"{}",
        b'{"keys": {}}',
        b'{"keys": []}',
        b"-----BEGIN PUBLIC KEY-----",
        b'{"keys":[],"keys":[]}',
    ):
        assert rule_for(body) in ("jwks-json", "jwks-keys")
    assert rule_for(jwks(*(GOOD | {"kid": str(n)} for n in range(MAX_KEYS + 1)))) == "jwks-keys"
    assert rule_for(b'{"keys": [' + b" " * 300_000 + b"]}") == "jwks-size"
