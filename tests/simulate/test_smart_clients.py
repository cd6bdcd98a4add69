"""How an app proves to the simulated EHR who it is: with its keys, with its secret, or not at all."""

import threading
from dataclasses import replace
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import httpx
import pytest

from app.simulate.smart.server import App, Smart
from tests.identity.signing import ec_key, jwk, jwks, rsa_key, sign
from tests.simulate.smart_app import CLIENT_ID, PlainApp
from tests.simulate.smart_ehr import APP, ORIGIN, Clock, plain_app, smart_server

TOKEN = f"{ORIGIN}/oauth/token"
TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
SECRET = "a secret of letters: and a colon"
KEYS = jwks(jwk(ec_key(), "e"), jwk(rsa_key(), "r")).decode()
ASYMMETRIC = replace(APP, kind="asymmetric", jwks=KEYS)
SYMMETRIC = replace(APP, kind="symmetric", secret=SECRET)


def assertion(alg: str = "ES384", kid: str = "e", **changed: Any) -> str:
    now_s = int(datetime.now(UTC).timestamp())
    said = {"iss": CLIENT_ID, "sub": CLIENT_ID, "aud": TOKEN, "jti": "one", "iat": now_s, "exp": now_s + 240}
    return sign({name: value for name, value in (said | changed).items() if value is not None}, alg=alg, kid=kid)


async def exchanged(app: PlainApp, smart: Smart, more: dict[str, str | None], **how: Any) -> httpx.Response:
    back = await app.decide(await app.launched(smart.records.subjects()[0].id))
    form = {"grant_type": "authorization_code", "code": back["code"], "redirect_uri": app.callback}
    form |= {"code_verifier": app.verifier} | {name: value for name, value in more.items() if value is not None}
    return await app.token(form, **how)


@pytest.fixture
def signed() -> Smart:
    return smart_server(Clock(), ASYMMETRIC)


@pytest.mark.parametrize(("alg", "kid"), [("ES384", "e"), ("RS384", "r")])
async def test_an_app_with_keys_signs_who_it_is(signed: Smart, alg: str, kid: str) -> None:
    async with plain_app(signed) as app:
        form = {"client_assertion_type": TYPE, "client_assertion": assertion(alg, kid)}
        assert (await exchanged(app, signed, form)).status_code == 200


@pytest.mark.parametrize(
    "changed",
    [
        {"aud": f"{ORIGIN}/fhir"},
        {"aud": [TOKEN, "https://other.example"]},
        {"iss": "somebody"},
        {"sub": "somebody"},
        {"exp": 1},
        {"exp": 4_000_000_000},
        {"exp": None},
        {"jti": None},
        {"jti": ""},
    ],
)
async def test_what_it_signs_must_be_right(signed: Smart, changed: dict[str, Any]) -> None:
    async with plain_app(signed) as app:
        form = {"client_assertion_type": TYPE, "client_assertion": assertion(**changed)}
        answer = await exchanged(app, signed, form)
        assert (answer.status_code, answer.json()) == (401, {"error": "invalid_client"})


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"client_id": CLIENT_ID},
        {"client_assertion_type": "other", "client_assertion": assertion()},
        {"client_assertion_type": TYPE, "client_assertion": "no.jwt"},
        {"client_assertion_type": TYPE, "client_assertion": assertion(kid="unknown")},
        {"client_assertion_type": TYPE, "client_assertion": assertion("RS384", kid="e")},
        {"client_assertion_type": TYPE, "client_assertion": assertion(), "client_id": "another"},
    ],
)
async def test_without_its_signature_it_is_nobody(signed: Smart, form: dict[str, str | None]) -> None:
    async with plain_app(signed) as app:
        assert (await exchanged(app, signed, form)).json() == {"error": "invalid_client"}


async def test_what_it_signed_serves_once(signed: Smart) -> None:
    async with plain_app(signed) as app:
        form: dict[str, str | None] = {"client_assertion_type": TYPE, "client_assertion": assertion()}
        assert (await exchanged(app, signed, form)).status_code == 200
        assert (await exchanged(app, signed, form)).json() == {"error": "invalid_client"}


class Keys(BaseHTTPRequestHandler):
    """Answers the app's public keys."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(KEYS.encode())

    def log_message(self, format: str, *args: object) -> None:
        """Tests are quiet."""


async def test_an_apps_keys_may_lie_at_an_address() -> None:
    server = HTTPServer(("127.0.0.1", 0), Keys)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}/"
    form: dict[str, str | None] = {"client_assertion_type": TYPE, "client_assertion": assertion()}
    try:
        found = smart_server(Clock(), replace(APP, kind="asymmetric", jwks_url=address))
        async with plain_app(found) as app:
            assert (await exchanged(app, found, form)).status_code == 200
    finally:
        server.shutdown()
        server.server_close()
    away = smart_server(Clock(), replace(APP, kind="asymmetric", jwks_url=address))
    async with plain_app(away) as app:
        assert (await exchanged(app, away, form)).json() == {"error": "invalid_client"}


async def test_an_app_with_a_secret_says_it_in_its_header() -> None:
    smart = smart_server(Clock(), SYMMETRIC)
    async with plain_app(smart) as app:
        assert (await exchanged(app, smart, {}, auth=(CLIENT_ID, SECRET))).status_code == 200
        wrong = await exchanged(app, smart, {}, auth=(CLIENT_ID, "guessed"))
        assert (wrong.status_code, wrong.headers["WWW-Authenticate"]) == (401, "Basic")
        in_form: dict[str, str | None] = {"client_id": CLIENT_ID, "client_secret": SECRET}
        assert (await exchanged(app, smart, in_form)).status_code == 401


@pytest.mark.parametrize("app", [APP, ASYMMETRIC, SYMMETRIC], ids=lambda app: app.kind)
async def test_other_grants_are_not_given(app: App) -> None:
    smart = smart_server(Clock(), app)
    async with plain_app(smart) as plain:
        form = {"grant_type": "password", "client_id": CLIENT_ID}
        how: dict[str, Any] = {"auth": (CLIENT_ID, SECRET)} if app.kind == "symmetric" else {}
        if app.kind == "asymmetric":
            form |= {"client_assertion_type": TYPE, "client_assertion": assertion()}
        assert (await plain.token(form, **how)).json() == {"error": "unsupported_grant_type"}
