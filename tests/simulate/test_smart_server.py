"""The simulated EHR as a SMART server, by the specification: an app that follows it gets in, one that errs does not."""

from collections.abc import AsyncIterator
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest

from app.simulate.smart.server import Smart
from tests.simulate.smart_app import SCOPES, PlainApp
from tests.simulate.smart_ehr import ORIGIN, Clock, plain_app, smart_server


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def smart(clock: Clock) -> Smart:
    return smart_server(clock)


@pytest.fixture
async def app(smart: Smart) -> AsyncIterator[PlainApp]:
    async with plain_app(smart) as made:
        yield made


@pytest.fixture
def patient(smart: Smart) -> str:
    return smart.records.subjects()[0].id


async def test_its_two_documents_agree_with_each_other_and_with_the_capability_statement(app: PlainApp) -> None:
    found = await app.discover()
    assert found["code_challenge_methods_supported"] == ["S256"]
    assert {"launch-ehr", "client-public", "sso-openid-connect", "permission-v2"} <= set(found["capabilities"])
    document = (await app.http.get(f"{found['issuer']}/.well-known/openid-configuration")).json()
    names = ("issuer", "authorization_endpoint", "token_endpoint", "jwks_uri")
    assert [document[name] for name in names] == [found[name] for name in names]
    metadata = (await app.http.get(f"{app.base}/metadata")).json()
    [uris] = metadata["rest"][0]["security"]["extension"]
    assert {part["valueUri"] for part in uris["extension"]} == {
        found["authorization_endpoint"],
        found["token_endpoint"],
    }


async def test_an_app_learns_patient_user_and_scopes(app: PlainApp, patient: str) -> None:
    back = await app.decide(await app.launched(patient))
    assert (back["state"], back["iss"]) == (app.state, f"{ORIGIN}/oauth")
    given = (await app.exchange(back["code"])).json()
    assert (given["token_type"], given["expires_in"], given["patient"]) == ("Bearer", 300, patient)
    assert given["need_patient_banner"] is True
    assert "patient/Task.r" in given["scope"].split()
    assert "patient/Task.cru" not in given["scope"].split()
    claims = await app.identity(given["id_token"])
    assert claims["alg"] == "RS256"
    user = await app.fhir(claims["fhirUser"], given["access_token"])
    assert user.json()["resourceType"] == "Practitioner"


async def test_two_launches_have_the_same_user_and_their_own_tokens(app: PlainApp, patient: str) -> None:
    first, second = await app.tokens(patient), await app.tokens(patient)
    assert first["access_token"] != second["access_token"]
    assert (await app.identity(first["id_token"]))["sub"] == (await app.identity(second["id_token"]))["sub"]


async def test_in_a_frame_the_patient_is_named_by_the_ehr(app: PlainApp, patient: str) -> None:
    framed = await app.http.post("/launch", data={"patient": patient, "where": "frame"})
    assert framed.status_code == 200
    source = framed.text.partition('<iframe src="')[2].partition('"')[0].replace("&amp;", "&")
    launch = dict(parse_qsl(urlsplit(source).query))["launch"]
    back = await app.decide(launch)
    assert (await app.exchange(back["code"])).json()["need_patient_banner"] is False


async def test_where_no_patient_is_open_the_user_picks_one(app: PlainApp, patient: str) -> None:
    back = await app.decide(await app.launched(), patient=patient)
    assert (await app.exchange(back["code"])).json()["patient"] == patient


async def test_an_app_that_starts_by_itself_asks_for_a_patient(app: PlainApp, patient: str) -> None:
    scopes = SCOPES.replace(" launch ", " launch/patient ")
    back = await app.decide("", patient=patient, launch=None, scope=scopes)
    assert (await app.exchange(back["code"])).json()["patient"] == patient


async def test_the_user_may_say_no(app: PlainApp, patient: str) -> None:
    back = await app.decide(await app.launched(patient), decision="cancel")
    assert (back["error"], back["state"], "code" in back) == ("access_denied", app.state, False)


@pytest.mark.parametrize(
    "changed",
    [
        {"client_id": "other"},
        {"client_id": None},
        {"redirect_uri": "http://app.example/callback/one"},
        {"redirect_uri": "http://app.example/callback/one?kept=1&more=1"},
        {"redirect_uri": "http://APP.example/callback/one?kept=1"},
        {"redirect_uri": "https://app.example/callback/one?kept=1"},
        {"redirect_uri": None},
    ],
)
async def test_to_a_stranger_nothing_is_sent_back(app: PlainApp, patient: str, changed: dict[str, str | None]) -> None:
    answer = await app.authorize(await app.launched(patient), **changed)
    assert answer.status_code == 400
    assert "Location" not in answer.headers


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"aud": "http://127.0.0.1:18090/fhir/"}, "invalid_request"),
        ({"aud": "https://other.example/fhir"}, "invalid_request"),
        ({"aud": None}, "invalid_request"),
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"scope": None}, "invalid_request"),
        ({"launch": "never-given"}, "invalid_request"),
        ({"launch": None}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
    ],
)
async def test_a_bad_request_goes_back_with_its_reason(
    app: PlainApp, patient: str, changed: dict[str, str | None], error: str
) -> None:
    back = app.called_back(await app.authorize(await app.launched(patient), **changed))
    assert (back["error"], back["state"], back["iss"]) == (error, app.state, f"{ORIGIN}/oauth")


async def test_a_launch_serves_once_and_not_for_long(app: PlainApp, patient: str, clock: Clock) -> None:
    launch = await app.launched(patient)
    await app.decide(launch)
    assert app.called_back(await app.authorize(launch))["error"] == "invalid_request"
    late = await app.launched(patient)
    clock.later(minutes=5)
    assert app.called_back(await app.authorize(late))["error"] == "invalid_request"


@pytest.mark.parametrize(
    "changed",
    [
        {"code_verifier": "x" * 43},
        {"code_verifier": None},
        {"redirect_uri": "http://app.example/callback/two"},
        {"redirect_uri": None},
        {"code": "guessed"},
    ],
)
async def test_a_code_is_for_who_asked(app: PlainApp, patient: str, changed: dict[str, str | None]) -> None:
    back = await app.decide(await app.launched(patient))
    answer = await app.exchange(**{"code": back["code"]} | changed)  # type: ignore[arg-type]
    assert (answer.status_code, answer.json()) == (400, {"error": "invalid_grant"})


async def test_a_code_serves_once_and_a_second_use_ends_the_tokens_of_the_first(app: PlainApp, patient: str) -> None:
    back = await app.decide(await app.launched(patient))
    given = (await app.exchange(back["code"])).json()
    assert (await app.fhir(f"Patient/{patient}", given["access_token"])).status_code == 200
    assert (await app.exchange(back["code"])).json() == {"error": "invalid_grant"}
    assert (await app.fhir(f"Patient/{patient}", given["access_token"])).status_code == 401
    assert (await app.refresh(given["refresh_token"])).json() == {"error": "invalid_grant"}


async def test_a_code_grows_old(app: PlainApp, patient: str, clock: Clock) -> None:
    back = await app.decide(await app.launched(patient))
    clock.later(seconds=60)
    assert (await app.exchange(back["code"])).json() == {"error": "invalid_grant"}


async def test_refresh_tokens_rotate_and_an_old_one_ends_the_family(app: PlainApp, patient: str, clock: Clock) -> None:
    first = await app.tokens(patient)
    clock.later(seconds=300)
    assert (await app.fhir(f"Patient/{patient}", first["access_token"])).status_code == 401
    second = (await app.refresh(first["refresh_token"])).json()
    assert (second["scope"], second["patient"]) == (first["scope"], patient)
    assert (await app.fhir(f"Patient/{patient}", second["access_token"])).status_code == 200
    assert (await app.refresh(first["refresh_token"])).json() == {"error": "invalid_grant"}
    assert (await app.fhir(f"Patient/{patient}", second["access_token"])).status_code == 401


async def test_no_page_of_another_site_presses_its_buttons(app: PlainApp, patient: str) -> None:
    elsewhere = {"Sec-Fetch-Site": "cross-site"}
    begun = await app.authorize(await app.launched(patient))
    decided = await app.http.post(begun.headers["Location"], data={"decision": "allow"}, headers=elsewhere)
    launched = await app.http.post("/launch", data={"patient": patient}, headers=elsewhere)
    switched = await app.http.post("/switches", data={"switch": "deny"}, headers=elsewhere)
    assert [each.status_code for each in (decided, launched, switched)] == [403, 403, 403]


async def test_only_its_own_pages_may_frame_the_page_that_asks(app: PlainApp, patient: str) -> None:
    begun = await app.authorize(await app.launched(patient))
    pages: list[httpx.Response] = [await app.http.get(begun.headers["Location"]), await app.http.get("/launch")]
    asks, launch = (each.headers["Content-Security-Policy"] for each in pages)
    assert f"frame-ancestors {ORIGIN} http://localhost:18090" in asks
    assert "frame-ancestors 'none'" in launch
    assert "form-action http://127.0.0.1:18090 http://localhost:18090 http://app.example" in asks


async def test_an_ehr_without_an_app_says_so() -> None:
    async with plain_app(smart_server(Clock(), app=None)) as nobody:
        assert "No app is registered" in (await nobody.http.get("/launch")).text
        assert (await nobody.authorize("x")).status_code == 400
        assert (await nobody.exchange("x")).status_code == 401
