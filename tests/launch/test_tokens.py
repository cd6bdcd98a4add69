"""What the EHR's token endpoint answers: believed only where it fits together, and a clear page where it does not."""

import time

import pytest
from starlette.responses import PlainTextResponse, Response

from app.gateways.outbound.client import Limits
from tests.identity.signing import ec_key, rsa_key
from tests.launch.door import Door, changing, rule_of
from tests.launch.ehr import Tree

CANARY = "CANARY-of-the-ehr"


async def refused(door: Door, rule: str, status: int) -> str:
    answer = await door.doctor.launch()
    assert (answer.status_code, rule_of(answer)) == (status, rule), answer.text
    assert await door.sessions() == []
    assert await door.audited() == [(rule, None)]
    assert CANARY not in answer.text
    return answer.text


@pytest.mark.parametrize(
    ("answer", "rule", "status"),
    [
        (PlainTextResponse(f"<html>{CANARY}</html>", 200, media_type="text/html"), "launch-ehr-not-fhir", 502),
        (PlainTextResponse(CANARY, 500), "launch-ehr-away", 503),
        (PlainTextResponse(CANARY, 503), "launch-ehr-away", 503),
        (PlainTextResponse("", 200), "launch-ehr-not-fhir", 502),
        (PlainTextResponse("[]", 200), "launch-ehr-not-fhir", 502),
        (PlainTextResponse('{"access_token":"a","access_token":"b"}', 200), "launch-ehr-not-fhir", 502),
        (PlainTextResponse('{"error":"invalid_client"}', 401), "launch-ehr-refused", 403),
        (PlainTextResponse("", 302, headers={"Location": "https://elsewhere.example"}), "launch-ehr-not-fhir", 502),
    ],
    ids=["html", "500", "503", "nothing", "a-list", "a-double-key", "client-unknown", "elsewhere"],
)
async def test_an_answer_that_is_none_opens_nothing(door: Door, answer: Response, rule: str, status: int) -> None:
    door.ehr.token = lambda _: answer
    await refused(door, rule, status)


async def test_an_answer_of_ten_megabytes_is_not_read_to_its_end(door: Door) -> None:
    door.ehr.token = lambda tree: tree | {"extra": CANARY * 600_000}
    await refused(door, "launch-ehr-too-large", 502)


async def test_an_ehr_that_hangs_is_not_waited_for_for_ever(door: Door) -> None:
    door.town.world.network.outbound.limits = Limits(connect_s=1, read_s=0.5, total_s=1)
    door.ehr.token_waits_s = 5
    began = time.monotonic()
    await refused(door, "launch-ehr-away", 503)
    assert time.monotonic() - began < 4


@pytest.mark.parametrize(
    ("changed", "rule", "status"),
    [
        ({"access_token": None}, "launch-ehr-wrong-token", 400),
        ({"access_token": ""}, "launch-ehr-wrong-token", 400),
        ({"access_token": ["a"]}, "launch-ehr-wrong-token", 400),
        ({"access_token": "a\r\nX-Injected: 1"}, "launch-ehr-wrong-token", 400),
        ({"token_type": "mac"}, "launch-ehr-wrong-token", 400),
        ({"patient": ["p1"]}, "launch-ehr-wrong-token", 400),
        ({"patient": "../x"}, "launch-ehr-wrong-token", 400),
        ({"patient": "p1/../p2"}, "launch-ehr-wrong-token", 400),
        ({"patient": {"reference": "Patient/p1"}}, "launch-ehr-wrong-token", 400),
        ({"patient": "p9"}, "launch-patient-gone", 404),
    ],
)
async def test_an_answer_that_is_not_clear_opens_nothing(door: Door, changed: Tree, rule: str, status: int) -> None:
    """E13"""
    door.ehr.token = changing(changed)
    await refused(door, rule, status)


ODD: tuple[Tree, ...] = (
    {"expires_in": "abc"}, {"expires_in": -1}, {"expires_in": 10**12}, {"expires_in": "3600"}, {"expires_in": None},
    {"extra": ["x" * 1_000_000], "another": {"deep": [[[]]]}}, {"scope": None}, {"refresh_token": None},
    {"encounter": "../x"}, {"fhirContext": ["x", {"reference": "Encounter/1"}, {"role": "launch"}]},
    {"fhirContext": "x"}, {"need_patient_banner": "no"}, {"smart_style_url": "https://evil.example"},
)  # fmt: skip


async def test_what_is_odd_but_harmless_still_opens(door: Door) -> None:
    """E13, APP-11"""
    for changed in ODD:
        door.ehr.token = changing(changed)
        assert (await door.doctor.launch()).status_code == 303, changed
    sessions = await door.sessions()
    assert [session["patient"] for session in sessions] == ["p1"] * len(ODD)
    assert ".." not in str([session["context"] for session in sessions])


async def test_a_patient_that_is_a_number_is_that_patient(door: Door) -> None:
    door.ehr.chart["Patient/17"] = {"resourceType": "Patient", "id": "17", "name": [{"text": "Noor Haddad"}]}
    door.ehr.token = lambda tree: tree | {"patient": 17}
    await door.doctor.launched()
    (session,) = await door.sessions()
    assert (session["patient"], session["patient_name"]) == ("17", "Noor Haddad")


async def test_a_patient_whose_answer_is_somebody_else_opens_nothing(door: Door) -> None:
    door.ehr.chart["Patient/p1"] = {"resourceType": "Patient", "id": "p2", "name": [{"text": CANARY}]}
    await refused(door, "launch-ehr-not-fhir", 502)


async def test_a_patient_who_may_not_be_read_is_said_with_the_scope_that_is_missing(door: Door) -> None:
    """APP-09: no more granted than openid, fhirUser and launch."""
    door.ehr.scopes = "openid fhirUser launch"
    door.ehr.chart["Patient/p1"] = 403
    text = await refused(door, "launch-patient-unreadable", 403)
    assert "patient/Patient.read" in text


WRONG_CLAIMS: tuple[Tree, ...] = (
    {"aud": "somebody-else"}, {"aud": ["baton", "somebody-else"]}, {"aud": None}, {"iss": "https://evil.example"},
    {"iss": "{base}"}, {"nonce": "of-another-launch"}, {"nonce": None}, {"exp": 1}, {"exp": None}, {"exp": "soon"},
    {"sub": None}, {"sub": ""}, {"sub": 7}, {"nbf": 10**11},
)  # fmt: skip


async def test_a_statement_about_who_she_is_that_is_not_for_this_launch_opens_nothing(door: Door) -> None:
    """APP-10"""
    for claims in WRONG_CLAIMS:
        wrong = {name: door.ehr.base if value == "{base}" else value for name, value in claims.items()}
        door.ehr.identity = changing(wrong)
        answer = await door.doctor.launch()
        assert (answer.status_code, rule_of(answer)) == (400, "launch-ehr-wrong-token"), claims
    assert await door.sessions() == []


@pytest.mark.parametrize(
    "signing",
    [
        {"key": rsa_key(number=7)}, {"kid": "unknown"}, {"alg": "ES384", "key": ec_key()}, {"alg": "none"}, {"alg": "HS256"},
        {"jwk": {"kty": "oct"}, "kid": "unknown"}, {"crit": ["x"]},
    ],
    ids=["signature", "kid", "foreign-alg", "none", "hs256", "own-key", "crit"],
)  # fmt: skip
async def test_a_statement_that_the_ehr_did_not_sign_opens_nothing(door: Door, signing: Tree) -> None:
    door.ehr.signing = signing
    await refused(door, "launch-ehr-wrong-token", 400)


@pytest.mark.parametrize("token", ["x", "a.b", "a.b.c.d", "x" * 100_000])
async def test_a_statement_that_is_no_token_opens_nothing_for_a_known_clinician(door: Door, token: str) -> None:
    door.ehr.token = lambda tree: tree | {"id_token": token}
    answer = await door.doctor.launch()
    assert answer.status_code in (400, 303)
    assert await door.town.world.rows("SELECT id FROM clinician") == []


@pytest.mark.parametrize("leave_out", ["id_token", "fhirUser"])
async def test_an_ehr_that_does_not_say_who_she_is_opens_for_one_of_its_users(door: Door, leave_out: str) -> None:
    door.ehr.token = lambda tree: {name: value for name, value in tree.items() if name != leave_out}
    door.ehr.identity = lambda claims: {name: value for name, value in claims.items() if name != leave_out}
    await door.doctor.launched()
    (session,) = await door.sessions()
    known = session["clinician"]
    assert (known is None) == (leave_out == "id_token")
    assert await door.audited() == [("done", f"clinician/{known or session['id']}")]


@pytest.mark.parametrize(
    "user",
    ["https://elsewhere.example/fhir/Practitioner/d1", "{address}/other/Practitioner/d1", "Device/d1", "Practitioner/../x",
     "Practitioner/d1/_history/1", "javascript:alert(1)", "", 7],
)  # fmt: skip
async def test_a_user_who_is_not_in_this_chart_is_not_fetched(door: Door, user: object) -> None:
    """E16, APP-12"""
    said = user.format(address=door.ehr.address) if isinstance(user, str) else user
    door.ehr.identity = lambda claims: claims | {"fhirUser": said}
    await door.doctor.launched()
    (clinician,) = await door.town.world.rows("SELECT name, fhir_user FROM clinician")
    assert dict(clinician) == {"name": "A user of Clinic EHR", "fhir_user": None}
    assert not [each for each in door.ehr.requests if "Practitioner" in each or "/other/" in each]


async def test_tokens_rest_sealed(door: Door) -> None:
    """APP-08, KEY-02"""
    await door.doctor.launched()
    (session,) = await door.sessions()
    kept = b"".join(value for value in session.values() if isinstance(value, bytes))
    assert not [token for token in (*door.ehr.tokens, *door.ehr.refreshes) if token.encode() in kept]
