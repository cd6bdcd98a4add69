"""Each switch does what its sentence says, and nothing else: an app that follows the specification sees it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import httpx
import pytest
from joserfc.errors import JoseError

from app.simulate.smart.server import Smart
from app.simulate.smart.switches import FAULTS, SWITCHES, VARIANTS
from tests.simulate.smart_app import SCOPES, PlainApp
from tests.simulate.smart_ehr import Clock, plain_app, smart_server

V1 = "openid fhirUser launch patient/Patient.read patient/Condition.read patient/DocumentReference.write"
Check = Callable[["Seen"], Awaitable[None]]


class Seen:
    """A launch of the first patient under one switch, as far as a check wants it."""

    def __init__(self, app: PlainApp, patient: str) -> None:
        self.app = app
        self.patient = patient

    async def scopes(self, **changed: str) -> set[str]:
        return set((await self.app.tokens(self.patient, **changed))["scope"].split())

    async def id_token(self) -> str:
        found: str = (await self.app.tokens(self.patient))["id_token"]
        return found

    async def exchanged(self) -> httpx.Response:
        back = await self.app.decide(await self.app.launched(self.patient))
        return await self.app.exchange(back["code"])

    async def conditions(self) -> list[dict[str, object]]:
        given = await self.app.tokens(self.patient)
        return await self.app.all_of(f"Condition?patient={self.patient}", given["access_token"])


@pytest.fixture
async def seen() -> AsyncIterator[Callable[..., Awaitable[Seen]]]:
    smart: Smart = smart_server(Clock())
    async with plain_app(smart) as app:

        async def under(*names: str) -> Seen:
            switched = await app.http.post("/switches", data={"switch": list(names)})
            assert switched.status_code == 303
            return Seen(app, smart.records.subjects()[0].id)

        yield under


Under = Callable[..., Awaitable[Seen]]


def test_every_switch_has_a_name_of_its_own_and_a_sentence() -> None:
    assert len({each.name for each in SWITCHES}) == len(SWITCHES) == len(VARIANTS) + len(FAULTS)
    assert all(each.says for each in SWITCHES)


async def test_a_switch_that_nobody_knows_is_refused(seen: Under) -> None:
    launch = await seen()
    assert (await launch.app.http.post("/switches", data={"switch": "no-such"})).status_code == 400


async def test_no_fhir_user(seen: Under) -> None:
    given = await (await seen("no-fhir-user")).id_token()
    launch = await seen("no-fhir-user")
    assert "fhirUser" not in await launch.app.identity(given)


async def test_no_refresh(seen: Under) -> None:
    launch = await seen("no-refresh")
    given = await launch.app.tokens(launch.patient)
    assert ("refresh_token" in given, "offline_access" in given["scope"].split()) == (False, False)


async def test_short_tokens(seen: Under) -> None:
    launch = await seen("short-tokens")
    assert (await launch.app.tokens(launch.patient))["expires_in"] == 2


async def test_fewer_scopes(seen: Under) -> None:
    launch = await seen("fewer-scopes")
    assert await launch.scopes() == {"openid", "fhirUser", "launch", "offline_access", "patient/Patient.rs"}
    given = await launch.app.tokens(launch.patient)
    refused = await launch.app.fhir(f"Condition?patient={launch.patient}", given["access_token"])
    assert refused.status_code == 403


async def test_identity_only(seen: Under) -> None:
    assert await (await seen("identity-only")).scopes() == {"openid", "fhirUser", "launch"}


async def test_scopes_of_version_1_only(seen: Under) -> None:
    launch = await seen("v1-scopes")
    said = await launch.app.discover()
    assert "permission-v2" not in said["capabilities"]
    assert {"patient/Task.read", "patient/DocumentReference.write"} <= set(said["scopes_supported"])
    assert not any("/" in scope for scope in await launch.scopes(scope=SCOPES))
    assert await launch.scopes(scope=V1) == set(V1.split())


async def test_no_well_known(seen: Under) -> None:
    launch = await seen("no-well-known")
    answer = await launch.app.http.get(f"{launch.app.base}/.well-known/smart-configuration")
    assert answer.status_code == 404
    assert (await launch.exchanged()).status_code == 200


async def test_endpoints_under_another_host_and_path(seen: Under) -> None:
    launch = await seen("other-host")
    assert (await launch.app.discover())["token_endpoint"] == "http://localhost:18090/elsewhere/auth/token"
    given = (await launch.exchanged()).json()
    assert (await launch.app.identity(given["id_token"]))["iss"] == "http://localhost:18090/elsewhere/auth"


@pytest.mark.parametrize(("name", "parts"), [("opaque-token", 1), ("jwt-token", 3)])
async def test_what_access_tokens_look_like(seen: Under, name: str, parts: int) -> None:
    launch = await seen(name)
    token = (await launch.app.tokens(launch.patient))["access_token"]
    assert len(token.split(".")) == parts
    assert (await launch.app.fhir(f"Patient/{launch.patient}", token)).status_code == 200


async def test_extra_members(seen: Under) -> None:
    launch = await seen("extra-members")
    assert {"__vendor.context", "username", "fhirContext"} <= set((await launch.exchanged()).json())


async def test_the_patient_as_a_number(seen: Under) -> None:
    launch = await seen("patient-number")
    assert (await launch.exchanged()).json()["patient"] == int(launch.patient)


async def test_id_tokens_signed_with_es384(seen: Under) -> None:
    launch = await seen("es384-id-token")
    assert (await launch.app.identity(await launch.id_token()))["alg"] == "ES384"


async def test_us_core_3_has_no_category_of_the_guide_and_absent_data(seen: Under) -> None:
    text = str(await (await seen("us-core-3")).conditions())
    assert "sdoh" not in text
    assert "data-absent-reason" in text
    assert "clinic.example/problems" in text


async def test_us_core_6_has_its_category_beside_local_codes(seen: Under) -> None:
    text = str(await (await seen("us-core-6")).conditions())
    assert "'sdoh'" in text
    assert "sdoh-clinicalcare" not in text
    assert "clinic.example/problems" in text


@pytest.mark.parametrize(
    ("name", "document", "task"),
    [("", "crs", "rs"), ("no-write", "rs", "rs"), ("task-write", "crs", "crus")],
)
async def test_what_may_be_written(seen: Under, name: str, document: str, task: str) -> None:
    launch = await seen(*filter(None, [name]))
    asked = "openid launch patient/DocumentReference.cruds patient/Task.cruds"
    assert {f"patient/DocumentReference.{document}", f"patient/Task.{task}"} <= await launch.scopes(scope=asked)


async def test_no_patient(seen: Under) -> None:
    launch = await seen("no-patient")
    given = await launch.app.tokens(launch.patient)
    assert "patient" not in given
    assert not any(scope.startswith("patient/") for scope in given["scope"].split())


@pytest.mark.parametrize("name", ["wrong-issuer", "wrong-aud", "wrong-alg", "wrong-signature", "wrong-nonce", "expired-id-token"])  # fmt: skip
async def test_an_app_that_checks_the_id_token_refuses_it(seen: Under, name: str) -> None:
    launch = await seen(name)
    given = await launch.id_token()
    with pytest.raises(JoseError):
        await launch.app.identity(given)


async def test_a_refused_authorization(seen: Under) -> None:
    launch = await seen("deny")
    back = launch.app.called_back(await launch.app.authorize(await launch.app.launched(launch.patient)))
    assert back["error"] == "access_denied"


@pytest.mark.parametrize(("name", "issuer"), [("no-iss", None), ("other-iss", "https://other-ehr.example/oauth")])
async def test_who_calls_back(seen: Under, name: str, issuer: str | None) -> None:
    launch = await seen(name)
    assert (await launch.app.decide(await launch.app.launched(launch.patient))).get("iss") == issuer


@pytest.mark.parametrize(
    ("name", "member", "value"),
    [
        ("no-access-token", "access_token", None),
        ("no-id-token", "id_token", None),
        ("token-type-mac", "token_type", "mac"),
        ("bad-expires", "expires_in", "soon"),
    ],
)
async def test_a_broken_member_of_the_token_answer(seen: Under, name: str, member: str, value: str | None) -> None:
    assert (await (await seen(name)).exchanged()).json().get(member) == value


async def test_several_patients_or_a_path(seen: Under) -> None:
    launch = await seen("patient-array")
    assert (await launch.exchanged()).json()["patient"] == [launch.patient, "2"]
    launch = await seen("patient-path")
    assert (await launch.exchanged()).json()["patient"] == f"../Patient/{launch.patient}"


async def test_a_broken_token_address(seen: Under) -> None:
    assert (await (await seen("token-500")).exchanged()).status_code == 500
    assert (await (await seen("token-html")).exchanged()).headers["Content-Type"].startswith("text/html")
    assert len((await (await seen("token-10mb")).exchanged()).content) > 10_000_000
    launch = await seen("token-hangs")
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(launch.exchanged(), 0.2)


@pytest.mark.parametrize(("name", "status"), [("token-refused", 401), ("chart-away", 503)])
async def test_a_chart_that_is_not_given(seen: Under, name: str, status: int) -> None:
    launch = await seen()
    given = await launch.app.tokens(launch.patient)
    await seen(name)
    assert (await launch.app.fhir(f"Patient/{launch.patient}", given["access_token"])).status_code == status


async def test_a_chart_that_is_a_web_page(seen: Under) -> None:
    launch = await seen()
    given = await launch.app.tokens(launch.patient)
    await seen("chart-html")
    answer = await launch.app.fhir(f"Patient/{launch.patient}", given["access_token"])
    assert answer.headers["Content-Type"].startswith("text/html")


async def test_a_chart_that_leads_elsewhere(seen: Under) -> None:
    launch = await seen("foreign-links")
    given = await launch.app.tokens(launch.patient)
    bundle = (await launch.app.fhir(f"Condition?patient={launch.patient}", given["access_token"])).json()
    [onward] = [link["url"] for link in bundle["link"] if link["relation"] == "next"]
    assert not onward.startswith(launch.app.base)


async def test_patients_who_prefer_spanish(seen: Under) -> None:
    launch = await seen("spanish")
    given = await launch.app.tokens(launch.patient)
    patient = (await launch.app.fhir(f"Patient/{launch.patient}", given["access_token"])).json()
    [spoken] = patient["communication"]
    assert (spoken["preferred"], spoken["language"]["coding"][0]["code"]) == (True, "es")
