"""Signing in at an EHR: what we send, and what its token endpoint may answer."""

from base64 import b64decode, urlsafe_b64encode
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from app.gateways.assertion import Terms, judge_assertion, read_assertion
from app.gateways.ehr.smart import EhrTrouble, Granted, authorization_url, exchange, refresh
from app.gateways.keys import BadKey, signing_key
from app.gateways.outbound.client import Outbound
from tests.gateways.ehrs import CLIENT, REDIRECT, Ehr, pem
from tests.gateways.servers import answer

TOKEN = "POST /token"
VERIFIER = "v" * 64
GOOD: dict[str, Any] = {
    "access_token": "a.b.c",
    "token_type": "Bearer",
    "expires_in": 300,
    "scope": "launch openid",
    "patient": "p-1",
}
KEYS = {"RS384": rsa.generate_private_key(65537, 2048), "ES384": ec.generate_private_key(ec.SECP384R1())}


async def granted(outbound: Outbound, ehr: Ehr, **registration: Any) -> Granted:
    return await exchange(outbound, ehr.registration(**registration), ehr.discovery, code="c0de", verifier=VERIFIER)


async def trouble(outbound: Outbound, ehr: Ehr) -> str:
    with pytest.raises(EhrTrouble) as found:
        await granted(outbound, ehr)
    return found.value.kind


async def test_the_browser_is_sent_with_state_nonce_audience_and_challenge(ehr: Ehr) -> None:
    url = authorization_url(
        ehr.registration(), ehr.discovery, state="s", nonce="n", verifier=VERIFIER, scopes=("launch", "openid"), launch="x&y=<z>"
    )  # fmt: skip
    challenge = urlsafe_b64encode(sha256(VERIFIER.encode()).digest()).decode().rstrip("=")
    assert url.startswith(f"{ehr.server.here}/authorize?")
    assert VERIFIER not in url
    assert dict(parse_qsl(urlsplit(url).query)) == {
        "response_type": "code", "client_id": CLIENT, "redirect_uri": REDIRECT, "scope": "launch openid", "state": "s",
        "aud": ehr.base, "nonce": "n", "launch": "x&y=<z>", "code_challenge": challenge, "code_challenge_method": "S256",
    }  # fmt: skip


async def test_a_public_client_sends_its_id_and_the_verifier(outbound: Outbound, ehr: Ehr) -> None:
    ehr.answers[TOKEN] = GOOD
    got = await granted(outbound, ehr)
    assert ehr.form() == {
        "grant_type": "authorization_code", "code": "c0de", "redirect_uri": REDIRECT, "code_verifier": VERIFIER, "client_id": CLIENT,
    }  # fmt: skip
    assert "authorization" not in ehr.server.seen[-1].headers
    assert (got.access_token, got.expires_in, got.patient, got.scopes) == ("a.b.c", 300, "p-1", {"launch", "openid"})
    assert "a.b.c" not in repr(got)


async def test_a_symmetric_client_shows_its_secret_over_basic(outbound: Outbound, ehr: Ehr) -> None:
    ehr.answers[TOKEN] = GOOD
    await granted(outbound, ehr, kind="symmetric", secret="s3cret")
    scheme, _, shown = ehr.server.seen[-1].headers["authorization"].partition(" ")
    assert (scheme, b64decode(shown)) == ("Basic", f"{CLIENT}:s3cret".encode())
    assert "s3cret" not in ehr.server.seen[-1].body.decode()


@pytest.mark.parametrize("alg", KEYS)
async def test_an_asymmetric_client_signs_each_request_anew(outbound: Outbound, ehr: Ehr, alg: str) -> None:
    ehr.answers[TOKEN] = GOOD
    seen = []
    for _ in range(2):
        await granted(outbound, ehr, kind="asymmetric", key_pem=pem(KEYS[alg]))
        assertion = read_assertion(ehr.form()["client_assertion"])
        terms = Terms(ehr.discovery.token_endpoint, *_minutes())
        judge_assertion(assertion, (signing_key(pem(KEYS[alg])).public,), None, terms, outbound.clock.now())
        seen.append((assertion.alg, assertion.client_id, assertion.jti))
    assert [each[:2] for each in seen] == [(alg, CLIENT)] * 2
    assert seen[0][2] != seen[1][2]
    assert ehr.form()["client_assertion_type"] == "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def _minutes() -> tuple[Any, Any]:
    from datetime import timedelta

    return timedelta(minutes=5), timedelta(seconds=0.5)


@pytest.mark.parametrize(
    "key", [b"", b"no key", pem(rsa.generate_private_key(65537, 1024)), pem(ec.generate_private_key(ec.SECP256R1()))]
)
async def test_a_weak_or_broken_key_of_ours_signs_nothing(outbound: Outbound, ehr: Ehr, key: bytes) -> None:
    with pytest.raises(BadKey):
        signing_key(key)
    with pytest.raises(EhrTrouble, match="not-offered"):
        await granted(outbound, ehr, kind="asymmetric", key_pem=key)
    assert ehr.server.seen == []


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"expires_in": "3600"}, {"expires_in": 3600}),
        ({"expires_in": "abc"}, {"expires_in": None}),
        ({"expires_in": -1}, {"expires_in": None}),
        ({"expires_in": 0}, {"expires_in": None}),
        ({"expires_in": 10**12}, {"expires_in": 86400}),
        ({"expires_in": 10**30}, {"expires_in": 86400}),
        ({"expires_in": [1]}, {"expires_in": None}),
        ({"expires_in": True}, {"expires_in": None}),
        ({"patient": 123}, {"patient": "123"}),
        ({"patient": 10**25}, {"patient": str(10**25)}),
        ({"patient": None}, {"patient": None}),
        ({"encounter": ["e"]}, {"encounter": None}),
        ({"encounter": 7}, {"encounter": "7"}),
        ({"refresh_token": {"x": 1}}, {"refresh_token": None}),
        ({"refresh_token": "r\r\nX: y"}, {"refresh_token": None}),
        ({"refresh_token": "opaque~/+="}, {"refresh_token": "opaque~/+="}),
        ({"scope": ["launch"]}, {"scopes": frozenset()}),
        ({"scope": "openid"}, {"scopes": {"openid"}}),
        ({"id_token": 7}, {"id_token": None}),
        ({"need_patient_banner": False}, {"need_patient_banner": False}),
        ({"need_patient_banner": "false"}, {"need_patient_banner": True}),
        ({"fhirContext": "x"}, {"fhir_context": []}),
        ({"token_type": "bearer"}, {"access_token": "a.b.c"}),
        ({"access_token": "0paque_~+/=="}, {"access_token": "0paque_~+/=="}),
        ({"unknown": "x" * 900_000, "x": {"y": [1, 2.50]}}, {"patient": "p-1"}),
    ],
)  # fmt: skip
async def test_an_odd_token_answer_is_read_without_guessing(
    outbound: Outbound, ehr: Ehr, changes: dict[str, Any], expected: dict[str, Any]
) -> None:
    ehr.answers[TOKEN] = GOOD | changes
    got = await granted(outbound, ehr)
    assert {name: getattr(got, name) for name in expected} == expected


@pytest.mark.parametrize(
    "changes",
    [{"access_token": None}, {"access_token": ""}, {"access_token": 7}, {"access_token": "a b"}, {"access_token": "a\r\nX: y"},
     {"token_type": "mac"}, {"token_type": None}, {"token_type": 7}, {"patient": ["p-1"]}, {"patient": "../x"}, {"patient": "p/1"},
     {"patient": 1.5}, {"patient": True}, {"patient": ""}, {"patient": {"id": "p-1"}}, {"patient": "p-1\n"}],
)  # fmt: skip
async def test_a_wrong_token_or_patient_ends_the_sign_in(outbound: Outbound, ehr: Ehr, changes: dict[str, Any]) -> None:
    ehr.answers[TOKEN] = {name: value for name, value in (GOOD | changes).items() if value is not None}
    assert await trouble(outbound, ehr) == "wrong-token"


@pytest.mark.parametrize(
    ("raw", "kind"),
    [
        (answer(b"<html>Sign in</html>", kind="text/html"), "not-fhir"),
        (answer(b"[]"), "not-fhir"),
        (answer(b'{"access_token": "a", "access_token": "b"}'), "not-fhir"),
        (answer(b"[" * 100_000), "not-fhir"),
        (answer(b""), "not-fhir"),
        (answer(b"oops", status=500), "away"),
        (answer(b'{"error": "temporarily_unavailable"}', status=503), "away"),
        (answer(b"slow down", status=429), "away"),
        (answer(b"x" * 10_000_000), "too-large"),
        (answer(b'{"error": "invalid_grant", "error_description": "<script>"}', status=400), "ended"),
        (answer(b'{"error": "invalid_client"}', status=401), "refused"),
        (answer(b'{"error": ["x"]}', status=400), "refused"),
        (answer(b'{"error": "invalid_grant"}'), "ended"),
        (answer(b"<html>", status=403, kind="text/html"), "refused"),
        (answer(b"", status=302, Location="https://evil.example/"), "not-fhir"),
        (answer(b"", status=307, Location="https://evil.example/"), "not-fhir"),
    ],
)  # fmt: skip
async def test_a_token_endpoint_in_trouble_is_named_in_our_words(
    outbound: Outbound, ehr: Ehr, raw: bytes, kind: str
) -> None:
    ehr.answers[TOKEN] = raw
    with pytest.raises(EhrTrouble) as found:
        await granted(outbound, ehr)
    assert found.value.kind == kind
    assert "<" not in found.value.words
    assert len(ehr.server.seen) == 1


async def test_an_endpoint_that_hangs_is_away(outbound: Outbound, ehr: Ehr) -> None:
    ehr.answers[TOKEN] = lambda _: b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{"
    assert await trouble(outbound, ehr) == "away"


async def test_a_refresh_brings_a_new_token_and_keeps_what_it_does_not_say(outbound: Outbound, ehr: Ehr) -> None:
    ehr.answers[TOKEN] = {"access_token": "new", "token_type": "Bearer", "expires_in": 60}
    got = await refresh(outbound, ehr.registration(), ehr.discovery, "r-1")
    assert ehr.form() == {"grant_type": "refresh_token", "refresh_token": "r-1", "client_id": CLIENT}
    assert (got.access_token, got.refresh_token, got.scopes, got.patient) == ("new", None, frozenset(), None)


async def test_a_refresh_token_that_is_over_says_so(outbound: Outbound, ehr: Ehr) -> None:
    ehr.answers[TOKEN] = answer(b'{"error": "invalid_grant"}', status=400)
    with pytest.raises(EhrTrouble, match="ended"):
        await refresh(outbound, ehr.registration(), ehr.discovery, "r-1")
