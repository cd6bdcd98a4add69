"""POST /oauth/token as a client sees it (SM-37 to SM-42, SM-75 to SM-89; attacks D)."""

import asyncio
from typing import Any

import httpx
import pytest

from app.fhir.errors import Forbidden, NotFound
from app.services.identity.grant_token import development_token
from app.services.identity.register_client import Registration, disable_client, register_client
from app.services.identity.throttle import PER_MINUTE
from tests.identity.conftest import FOOD_BANK, MakeWorker, SetClock, Worker
from tests.identity.signing import claims, our_jwks, sign

pytestmark = pytest.mark.anyio

TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
FORM = {"content-type": "application/x-www-form-urlencoded"}


def form(assertion: str, **changed: str | None) -> dict[str, str]:
    good: dict[str, str | None] = {
        "grant_type": "client_credentials",
        "scope": "system/Task.rs",
        "client_assertion_type": TYPE,
        "client_assertion": assertion,
    }
    return {name: value for name, value in {**good, **changed}.items() if value is not None}


async def ask(worker: Worker, client: str, /, *, alg: str | None = "RS384", **changed: str | None) -> httpx.Response:
    """A good request with a fresh assertion, but for what is changed."""
    assertion = sign(claims(client, worker.network.clock.now()), alg=alg or "RS384")
    return await worker.http.post("/oauth/token", data=form(assertion, **changed))


def refused(response: httpx.Response, error: str, status: int = 400) -> bool:
    """An OAuth refusal: JSON with this code, not cached."""
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["pragma"] == "no-cache"
    assert response.headers["content-type"].startswith("application/json")
    assert (response.status_code, response.json()["error"]) == (status, error)
    return True


@pytest.mark.parametrize("alg", ["RS384", "ES384"])
async def test_a_client_receives_a_token_for_what_it_asked_and_is_registered_for(
    worker: Worker, client_id: str, alg: str
) -> None:
    response = await ask(worker, client_id, alg=alg, scope="system/Task.read system/Patient.cruds system/Device.rs")
    body = response.json()
    assert response.status_code == 200
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["pragma"] == "no-cache"
    assert body.pop("access_token")
    assert body == {"token_type": "Bearer", "expires_in": 300, "scope": "system/Task.read system/Patient.rs"}


async def test_every_token_is_another(worker: Worker, client_id: str) -> None:
    tokens = {(await ask(worker, client_id)).json()["access_token"] for _ in range(3)}
    assert len(tokens) == 3
    assert all(len(token) >= 43 for token in tokens)


async def test_the_database_holds_no_token(worker: Worker, client_id: str) -> None:
    token = (await ask(worker, client_id)).json()["access_token"]
    async with worker.network.store.unit(()) as unit:
        row = str(dict(await unit.conn.fetchrow("SELECT * FROM access_token") or {}))
    assert token not in row


@pytest.mark.parametrize(
    "scope", [None, "", "   ", "system/Patient.cud", "patient/Task.rs", "launch openid", "x " * 10_000]
)
async def test_when_no_scope_is_left_the_answer_is_invalid_scope(
    worker: Worker, client_id: str, scope: str | None
) -> None:
    assert refused(await ask(worker, client_id, scope=scope), "invalid_scope")


@pytest.mark.parametrize("grant_type", ["password", "authorization_code", "refresh_token", "CLIENT_CREDENTIALS"])
async def test_an_unknown_grant_type_with_a_good_assertion_is_unsupported(
    worker: Worker, client_id: str, grant_type: str
) -> None:
    assert refused(await ask(worker, client_id, grant_type=grant_type), "unsupported_grant_type")


async def test_a_missing_grant_type_is_an_invalid_request(worker: Worker, client_id: str) -> None:
    assert refused(await ask(worker, client_id, grant_type=None), "invalid_request")
    assert refused(await ask(worker, client_id, grant_type=""), "invalid_request")


@pytest.mark.parametrize(
    "changed",
    [
        {"client_assertion_type": None},
        {"client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:saml2-bearer"},
        {"client_assertion": None},
        {"client_assertion": "abc"},
        {"client_assertion": "a.b.c"},
        {"client_assertion": "A" * 60_000},
        {"client_id": "somebody-else"},
        {"client_assertion": None, "client_assertion_type": None},
        {"client_assertion": None, "client_assertion_type": None, "client_secret": "s"},
    ],
)
async def test_a_client_that_does_not_prove_itself_is_invalid(
    worker: Worker, client_id: str, changed: dict[str, str | None]
) -> None:
    assert refused(await ask(worker, client_id, **changed), "invalid_client")


async def test_the_clients_own_id_beside_the_assertion_and_unknown_parameters_are_accepted(
    worker: Worker, client_id: str
) -> None:
    response = await ask(worker, client_id, client_id=client_id, resource="https://fhir.example", state="x")
    assert response.status_code == 200


async def test_unknown_client_disabled_client_and_bad_signature_get_the_same_answer(
    worker: Worker, client_id: str
) -> None:
    now = worker.network.clock.now()
    unknown = await ask(worker, "01890000-0000-7000-8000-000000000000")
    bad = await worker.http.post("/oauth/token", data=form(sign(claims(client_id, now))[:-4] + "AAAA"))
    await disable_client(worker.network, client_id)
    disabled = await ask(worker, client_id)
    answers = {(each.status_code, each.content, str(sorted(each.headers.items()))) for each in (unknown, bad, disabled)}
    assert len(answers) == 1
    assert refused(unknown, "invalid_client")


async def test_failed_basic_is_challenged(worker: Worker, client_id: str) -> None:
    response = await worker.http.post(
        "/oauth/token", data={"grant_type": "client_credentials"}, auth=httpx.BasicAuth(client_id, "secret")
    )
    assert refused(response, "invalid_client", 401)
    assert response.headers["www-authenticate"].startswith("Basic")


async def test_two_methods_of_client_authentication_are_an_invalid_request(worker: Worker, client_id: str) -> None:
    assertion = sign(claims(client_id, worker.network.clock.now()))
    both = await worker.http.post("/oauth/token", data=form(assertion), auth=httpx.BasicAuth(client_id, "secret"))
    assert refused(both, "invalid_request")
    assert refused(await ask(worker, client_id, client_secret="s"), "invalid_request")


@pytest.mark.parametrize("name", ["scope", "grant_type", "client_assertion", "client_id", "unheard_of"])
async def test_a_parameter_given_twice_is_an_invalid_request(worker: Worker, client_id: str, name: str) -> None:
    pairs: list[tuple[str, Any]] = list(form(sign(claims(client_id, worker.network.clock.now()))).items())
    body = str(httpx.QueryParams([*pairs, (name, "system/Task.rs"), (name, "system/Task.rs")]))
    assert refused(await worker.http.post("/oauth/token", content=body, headers=FORM), "invalid_request")


async def test_only_a_form_is_read(worker: Worker, client_id: str) -> None:
    good = form(sign(claims(client_id, worker.network.clock.now())))
    assert refused(await worker.http.post("/oauth/token", json=good), "invalid_request")
    assert refused(await worker.http.post("/oauth/token", params=good), "invalid_request")
    for body in (b"\xff\xfe", b"grant_type=%ff", b"&".join([b"a=1"] * 60), b"scope=" + b"x" * 70_000):
        assert refused(await worker.http.post("/oauth/token", content=body, headers=FORM), "invalid_request")


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE"])
async def test_only_post_is_answered(worker: Worker, method: str) -> None:
    response = await worker.http.request(method, "/oauth/token", params={"grant_type": "client_credentials"})
    assert response.status_code == 405
    assert response.headers["allow"] == "POST"
    assert "access-control-allow-origin" not in response.headers


async def test_no_refusal_repeats_what_was_sent(worker: Worker, client_id: str) -> None:
    mark = "Zq9CanaryZq9"
    for changed in ({"scope": mark}, {"grant_type": mark}, {"client_assertion": mark}, {"client_assertion_type": mark}):
        response = await ask(worker, client_id, **changed)
        assert mark not in response.text + str(response.headers)


async def test_an_assertion_is_good_for_one_answer(worker: Worker, client_id: str) -> None:
    first = sign(claims(client_id, worker.network.clock.now()))
    assert (await worker.http.post("/oauth/token", data=form(first))).status_code == 200
    assert refused(await worker.http.post("/oauth/token", data=form(first)), "invalid_client")
    second = sign(claims(client_id, worker.network.clock.now()))
    assert refused(await worker.http.post("/oauth/token", data=form(second, scope="system/X.r")), "invalid_scope")
    assert refused(await worker.http.post("/oauth/token", data=form(second)), "invalid_client")


async def test_of_two_workers_given_one_assertion_at_once_exactly_one_answers_200(
    worker: Worker, make_worker: MakeWorker, client_id: str
) -> None:
    other = await make_worker()
    for _ in range(10):
        assertion = sign(claims(client_id, worker.network.clock.now()))
        answers = await asyncio.gather(
            *(each.http.post("/oauth/token", data=form(assertion)) for each in (worker, other) * 2)
        )
        assert sorted(answer.status_code for answer in answers) == [200, 400, 400, 400]


async def test_a_jti_may_come_back_after_it_expired_and_belongs_to_its_client(
    worker: Worker, client_id: str, clock: SetClock
) -> None:
    async def use(client: str) -> int:
        assertion = sign(claims(client, clock.now(), jti="the-same"))
        return (await worker.http.post("/oauth/token", data=form(assertion))).status_code

    other = await register_client(
        worker.network, Registration("Another EHR", (FOOD_BANK,), "system/Task.rs", jwks=our_jwks())
    )
    assert await use(client_id) == 200
    assert await use(other) == 200
    clock.go_on(seconds=240 + 29)
    assert await use(client_id) == 400
    clock.go_on(seconds=2)
    assert await use(client_id) == 200


async def test_too_many_requests_of_a_client_are_held_back_on_every_worker_and_others_are_not(
    worker: Worker, make_worker: MakeWorker, client_id: str, clock: SetClock
) -> None:
    other_worker = await make_worker()
    for number in range(PER_MINUTE):
        await ask((worker, other_worker)[number % 2], client_id, scope="")
    held = await ask(worker, client_id)
    assert refused(held, "temporarily_unavailable", 429)
    assert held.headers["retry-after"] == "40"
    another = await register_client(
        worker.network, Registration("Another EHR", (FOOD_BANK,), "system/Task.rs", jwks=our_jwks())
    )
    assert (await ask(worker, another)).status_code == 200
    clock.go_on(seconds=40)
    assert (await ask(worker, client_id)).status_code == 200


async def test_without_its_database_it_answers_in_json_that_the_client_may_try_again(
    worker: Worker, client_id: str
) -> None:
    await worker.network.store.close()
    response = await ask(worker, client_id)
    assert refused(response, "temporarily_unavailable", 503)
    assert response.headers["retry-after"] == "2"


async def test_a_token_by_command_is_for_development_only(
    worker: Worker, make_worker: MakeWorker, client_id: str
) -> None:
    granted = await development_token(worker.network, client_id)
    assert granted.scope == "system/Task.cruds system/Patient.rs"
    with pytest.raises(NotFound):
        await development_token(worker.network, "nobody")
    production = await make_worker(env="production", public_url="https://baton.example")
    with pytest.raises(Forbidden):
        await development_token(production.network, client_id)
