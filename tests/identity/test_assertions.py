"""Judging a client's assertion, fault by fault (security sheet AS-20 to AS-28, attacks D01 to D37)."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.gateways.assertion import AssertionRefused, Terms, judge_assertion, read_assertion
from app.gateways.keys import read_jwks
from tests.identity.signing import AUDIENCE, claims, ec_key, our_jwks, rsa_key, sign, text

NOW = datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
CLIENT = "client-1"
TERMS = Terms(AUDIENCE, timedelta(seconds=300), timedelta(seconds=30))
KEYS = read_jwks(our_jwks())


def judge(compact: str, *, jwks_url: str | None = None) -> str:
    """ "good", or the rule by which the assertion was refused."""
    try:
        assertion = read_assertion(compact)
        judge_assertion(assertion, KEYS, jwks_url, TERMS, NOW)
    except AssertionRefused as refused:
        return refused.rule
    return "good"


def with_claims(**changed: Any) -> str:
    return sign(claims(CLIENT, NOW, **changed))


def seconds(delta: float) -> int:
    return int((NOW + timedelta(seconds=delta)).timestamp())


@pytest.mark.parametrize("alg", ["RS384", "ES384"])
def test_a_good_assertion_proves_its_client(alg: str) -> None:
    assert judge(sign(claims(CLIENT, NOW), alg=alg)) == "good"


@pytest.mark.parametrize(
    "changed",
    [
        {"aud": [AUDIENCE]},
        {"iat": seconds(0)},
        {"nbf": seconds(20)},
        {"exp": seconds(-29)},
        {"exp": seconds(330)},
        {"jti": "x" * 256},
        {"unheard_of": {"a": [1, 2.50]}},
    ],
)
def test_what_the_guide_leaves_open_is_accepted(changed: dict[str, Any]) -> None:
    assert judge(with_claims(**changed)) == "good"


@pytest.mark.parametrize(
    ("changed", "rule"),
    [
        ({"aud": None}, "assertion-audience"),
        ({"aud": "http://127.0.0.1:8000/fhir"}, "assertion-audience"),
        ({"aud": "http://127.0.0.1:8000"}, "assertion-audience"),
        ({"aud": AUDIENCE + "/"}, "assertion-audience"),
        ({"aud": [AUDIENCE, "https://other.example"]}, "assertion-audience"),
        ({"aud": []}, "assertion-audience"),
        ({"exp": None}, "assertion-exp"),
        ({"exp": str(seconds(60))}, "assertion-exp"),
        ({"exp": seconds(60) + 0.5}, "assertion-exp"),
        ({"exp": True}, "assertion-exp"),
        ({"exp": 10**17}, "assertion-exp"),
        ({"exp": -1}, "assertion-exp"),
        ({"exp": seconds(-30)}, "assertion-expiry"),
        ({"exp": seconds(331)}, "assertion-expiry"),
        ({"nbf": seconds(3600)}, "assertion-future"),
        ({"iat": seconds(31)}, "assertion-future"),
        ({"iat": "now"}, "assertion-iat"),
        ({"jti": None}, "assertion-jti"),
        ({"jti": ""}, "assertion-jti"),
        ({"jti": 5}, "assertion-jti"),
        ({"jti": "x" * 257}, "assertion-jti"),
        ({"jti": "a\u0000b"}, "assertion-json"),
        ({"iss": "client-2"}, "assertion-issuer"),
        ({"sub": None}, "assertion-issuer"),
        ({"iss": None, "sub": None}, "assertion-issuer"),
        ({"iss": "", "sub": ""}, "assertion-issuer"),
    ],
)
def test_a_wrong_claim_is_refused(changed: dict[str, Any], rule: str) -> None:
    assert judge(with_claims(**changed)) == rule


@pytest.mark.parametrize(
    ("header", "rule"),
    [
        ({"alg": "none"}, "assertion-alg"),
        ({"alg": "HS256"}, "assertion-alg"),
        ({"alg": "RS256"}, "assertion-alg"),
        ({"alg": "PS384"}, "assertion-alg"),
        ({"alg": ["RS384"]}, "assertion-alg"),
        ({"alg": None}, "assertion-alg"),
        ({"typ": "at+jwt"}, "assertion-typ"),
        ({"typ": None}, "assertion-typ"),
        ({"kid": None}, "assertion-kid"),
        ({"kid": 1}, "assertion-kid"),
        ({"kid": "unknown"}, "assertion-signature"),
        ({"kid": "e"}, "assertion-signature"),
        ({"jku": "https://client.example/jwks"}, "assertion-jku"),
        ({"jku": 5}, "assertion-jku"),
        ({"jwk": {"kty": "RSA"}}, "assertion-header"),
        ({"x5u": "https://client.example/cert"}, "assertion-header"),
        ({"x5c": ["AAAA"]}, "assertion-header"),
        ({"crit": ["exp"]}, "assertion-header"),
        ({"b64": False, "crit": ["b64"]}, "assertion-header"),
        ({"cty": "JWT"}, "assertion-header"),
    ],
)
def test_a_header_that_chooses_key_or_reading_is_refused(header: dict[str, Any], rule: str) -> None:
    assert judge(_headed(header)) == rule


def _headed(header: dict[str, Any]) -> str:
    """A header put together by hand, so that `alg` may be anything; signed as RS384."""
    full = {"alg": "RS384", "typ": "JWT", "kid": "r", **header}
    return (
        sign(
            claims(CLIENT, NOW), **{"alg": "RS384"} | {"key": rsa_key()} | {k: v for k, v in full.items() if k != "alg"}
        )
        if "alg" not in header
        else _unsigned(full)
    )


def _unsigned(header: dict[str, Any]) -> str:
    head = json.dumps({name: value for name, value in header.items() if value is not None}).encode()
    return f"{text(head)}.{text(json.dumps(claims(CLIENT, NOW)).encode())}.{text(bytes(256))}"


def test_jku_is_accepted_when_it_is_the_registered_address_to_the_letter() -> None:
    url = "https://client.example/jwks"
    compact = sign(claims(CLIENT, NOW), jku=url)
    assert judge(compact, jwks_url=url) == "good"
    for other in (url + "/", url + ".evil.example", "https://CLIENT.example/jwks"):
        assert judge(compact, jwks_url=other) == "assertion-jku"


def test_a_signature_by_another_key_or_over_other_words_is_refused() -> None:
    assert judge(sign(claims(CLIENT, NOW), key=rsa_key(number=1), kid="r")) == "assertion-signature"
    assert judge(sign(claims(CLIENT, NOW), alg="ES384", key=ec_key(number=1), kid="e")) == "assertion-signature"
    head, _, signature = sign(claims(CLIENT, NOW)).split(".")
    other = text(json.dumps(claims(CLIENT, NOW)).encode())
    assert judge(f"{head}.{other}.{signature}") == "assertion-signature"


ORDER = int(
    "39402006196394479212279040100143613805079739270465446667946905279627659399113263569398956308152294913554433653942643"
)


@pytest.mark.parametrize(("r", "s"), [(0, 0), (0, 1), (1, 0), (ORDER, 1), (1, ORDER), (ORDER, ORDER), (2**384 - 1, 1)])
def test_an_elliptic_signature_outside_the_curves_order_is_refused(r: int, s: int) -> None:
    head, body, _ = sign(claims(CLIENT, NOW), alg="ES384").split(".")
    assert judge(f"{head}.{body}.{text(r.to_bytes(48) + s.to_bytes(48))}") == "assertion-signature"


@pytest.mark.parametrize(
    "spoil",
    [
        lambda compact: compact + "=",
        lambda compact: compact.rsplit(".", 1)[0] + ".",
        lambda compact: compact + ".AAAA",
        lambda compact: compact.replace(".", "..", 1),
        lambda compact: " " + compact,
        lambda compact: compact + "\n",
        lambda compact: compact + "A" * 1_000_000,
        lambda compact: "",
        lambda compact: "\ud800.a.b",
    ],
)
def test_what_is_not_three_base64url_parts_is_refused(spoil: Callable[[str], str]) -> None:
    assert judge(spoil(with_claims())) == "assertion-form"


@pytest.mark.parametrize(
    "payload",
    [
        b'{"iss":"client-1","iss":"client-1","sub":"client-1","jti":"a"}',
        b'{"iss":"client-1","exp":NaN}',
        b'{"iss":"client-1"} trailing',
        b"[]",
        b"\xff\xfe{}",
        b'{"a":' * 100 + b"1" + b"}" * 100,
    ],
)
def test_claims_that_two_readers_could_read_differently_are_refused(payload: bytes) -> None:
    assert judge(sign(payload)) == "assertion-json"


def test_every_single_bit_of_the_signature_matters() -> None:
    compact = sign(claims(CLIENT, NOW), alg="ES384")
    head, body, signature = compact.split(".")
    for place in range(len(signature)):
        letter = "A" if signature[place] != "A" else "B"
        changed = f"{head}.{body}.{signature[:place]}{letter}{signature[place + 1 :]}"
        assert judge(changed) == "assertion-signature"
