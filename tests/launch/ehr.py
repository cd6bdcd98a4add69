"""A small EHR for tests: a real server on a port of its own, with sign-in and chart. Every answer can be made wrong.

It has nothing in common with the simulated EHR that ships with Baton, so that the two cannot share a mistake.
"""

import asyncio
import base64
import hashlib
import secrets
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from starlette.applications import Starlette
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from tests.identity.signing import jwk, rsa_key, sign
from tests.serving import free_socket, serving

Tree = dict[str, Any]
Change = Callable[[Tree], Tree | Response]
NAMES = {"p1": ("Ruiz", "Marisol"), "p2": ("Okafor", "Daniel")}


def unchanged(tree: Tree) -> Tree:
    return tree


@dataclass
class FakeEhr:
    """`requests` counts what came in. The functions change an answer before it leaves, or give another one."""

    address: str
    client_id: str = "baton"
    patient: str | None = "p1"
    user: str = "Practitioner/d1"
    subject: str = "user-1"
    scopes: str | None = None  # granted instead of what was asked
    requests: list[str] = field(default_factory=list)
    authorizations: list[dict[str, str]] = field(default_factory=list)
    exchanges: list[dict[str, str]] = field(default_factory=list)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    tokens: set[str] = field(default_factory=set)
    refreshes: dict[str, str] = field(default_factory=dict)
    discovery: Change = unchanged
    answer: Change = unchanged  # to the authorization request, as the parameters of the redirect
    token: Change = unchanged
    identity: Change = unchanged
    signing: Tree = field(default_factory=dict)
    chart: dict[str, Tree | int] = field(default_factory=dict)
    token_waits_s: float = 0
    over: asyncio.Event = field(default_factory=asyncio.Event)  # the test is, and nothing waits longer
    expires_in: int | None = 3600
    ignores_patient: bool = False

    @property
    def base(self) -> str:
        return f"{self.address}/fhir"

    async def configuration(self, _: Request) -> Response:
        return _sent(
            self.discovery(
                {
                    "issuer": self.address,
                    "authorization_endpoint": f"{self.address}/authorize",
                    "token_endpoint": f"{self.address}/token",
                    "jwks_uri": f"{self.address}/jwks",
                    "grant_types_supported": ["authorization_code"],
                    "code_challenge_methods_supported": ["S256"],
                    "capabilities": ["launch-ehr", "client-public", "sso-openid-connect", "permission-v2"],
                    "token_endpoint_auth_methods_supported": ["none", "private_key_jwt", "client_secret_basic"],
                }
            )
        )

    async def authorize(self, request: Request) -> Response:
        form = QueryParams((await request.body()).decode()) if request.method == "POST" else request.query_params
        asked = {name: str(value) for name, value in form.items()}
        self.authorizations.append(asked)
        code = secrets.token_urlsafe(16)
        self.codes[code] = asked
        answer = self.answer({"code": code, "state": asked["state"]})
        if isinstance(answer, Response):
            return answer
        return RedirectResponse(f"{asked['redirect_uri']}?{urlencode(answer)}", 302)

    async def exchange(self, request: Request) -> Response:
        sent = QueryParams((await request.body()).decode()).items()
        form = {
            name: str(value) for name, value in (*sent, ("authorization", request.headers.get("authorization", "")))
        }
        self.exchanges.append(form)
        with suppress(TimeoutError):
            await asyncio.wait_for(self.over.wait(), self.token_waits_s)
        if form.get("grant_type") == "refresh_token":
            scope = self.refreshes.pop(str(form["refresh_token"]), None)
            asked: dict[str, str] | None = {"scope": scope, "nonce": ""} if scope else None
        else:
            asked = self.codes.pop(str(form.get("code")), None)
            if asked and _challenge(str(form.get("code_verifier"))) != asked["code_challenge"]:
                asked = None
            if asked and form.get("redirect_uri") != asked["redirect_uri"]:
                asked = None
        if asked is None:
            return JSONResponse({"error": "invalid_grant", "error_description": "CANARY-description"}, 400)
        return _sent(self.token(self._granted(asked)))

    def _granted(self, asked: dict[str, str]) -> Tree:
        access, refresh = secrets.token_urlsafe(24), secrets.token_urlsafe(24)
        scope = self.scopes if self.scopes is not None else asked["scope"]
        self.tokens.add(access)
        self.refreshes[refresh] = scope
        granted: Tree = {"access_token": access, "token_type": "Bearer", "scope": scope, "refresh_token": refresh}
        if self.expires_in is not None:
            granted["expires_in"] = self.expires_in
        if self.patient is not None:
            granted["patient"] = self.patient
        claims = self.identity(
            {
                "iss": self.address,
                "aud": self.client_id,
                "sub": self.subject,
                "nonce": asked["nonce"],
                "exp": int(time.time()) + 300,
                "iat": int(time.time()),
                "fhirUser": f"{self.base}/{self.user}",
            }
        )
        if asked["nonce"]:
            granted["id_token"] = sign(claims, **{"alg": "RS256", "key": rsa_key(), "kid": "k", **self.signing})
        return granted

    async def keys(self, _: Request) -> Response:
        return JSONResponse({"keys": [jwk(rsa_key(), "k", alg="RS256", use="sig")]})

    async def read(self, request: Request) -> Response:
        if request.headers.get("authorization", "").removeprefix("Bearer ") not in self.tokens:
            return JSONResponse({"resourceType": "OperationOutcome"}, 401)
        kind, key = request.path_params["kind"], request.path_params.get("key")
        if key is None:
            return self._search(kind, request)
        found = self.chart.get(f"{kind}/{key}", self._standing(kind, key))
        if isinstance(found, int):
            return JSONResponse({"resourceType": "OperationOutcome"}, found)
        return JSONResponse(found, media_type="application/fhir+json")

    def _search(self, kind: str, request: Request) -> Response:
        if isinstance(self.chart.get(kind), int):
            return JSONResponse({"resourceType": "OperationOutcome"}, self.chart[kind])  # type: ignore[arg-type]
        if kind != "Patient":
            return self._bundle(
                kind, [each for each in self._kept(kind) if self.ignores_patient or _about(each, request)]
            )
        name = request.query_params.get("name", "").lower()
        people = [person(key) for key in NAMES if kind == "Patient"]
        found = [each for each in people if name in each["name"][0]["family"].lower()]
        return self._bundle("Patient", found)

    def _bundle(self, kind: str, found: list[Tree]) -> Response:
        entries = [{"fullUrl": f"{self.base}/{kind}/{each['id']}", "resource": each} for each in found]
        return JSONResponse({"resourceType": "Bundle", "type": "searchset", "entry": entries})

    def _kept(self, kind: str) -> list[Tree]:
        return [tree for name, tree in self.chart.items() if name.startswith(f"{kind}/") and isinstance(tree, dict)]

    def _standing(self, kind: str, key: str) -> Tree | int:
        if kind == "Patient" and key in NAMES:
            return person(key)
        if (kind, key) == ("Practitioner", "d1"):
            return {
                "resourceType": kind,
                "id": key,
                "name": [{"family": "Novak", "given": ["Ines"], "prefix": ["Dr."]}],
            }
        return 404

    def application(self) -> Any:
        routes = [
            Route("/fhir/.well-known/smart-configuration", self.configuration),
            Route("/authorize", self.authorize, methods=["GET", "POST"]),
            Route("/token", self.exchange, methods=["POST"]),
            Route("/jwks", self.keys),
            Route("/fhir/{kind}/{key}", self.read),
            Route("/fhir/{kind}", self.read),
        ]
        inner = Starlette(routes=routes)

        async def counted(scope: Any, receive: Any, send: Any) -> None:
            self.requests.append(f"{scope['method']} {scope['path']}")
            await inner(scope, receive, send)

        return counted


def person(key: str) -> Tree:
    family, given = NAMES[key]
    return {
        "resourceType": "Patient",
        "id": key,
        "name": [{"family": family, "given": [given]}],
        "birthDate": "1970-02-03",
        "gender": "female",
        "identifier": [{"system": "urn:mrn", "value": f"MRN-{key}"}],
    }


def _about(tree: Tree, request: Request) -> bool:
    """Whether a search by patient finds it."""
    reference = (tree.get("subject") or tree.get("patient") or {}).get("reference", "")
    return str(reference).split("/")[-1] == request.query_params.get("patient", "")


def _sent(tree: Tree | Response) -> Response:
    return tree if isinstance(tree, Response) else JSONResponse(tree, headers={"Cache-Control": "no-store"})


def _challenge(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")


@asynccontextmanager
async def fake_ehr(made: type[FakeEhr] = FakeEhr, **more: Any) -> AsyncIterator[FakeEhr]:
    """A running EHR of this test's own; `made` may be one that can do more."""
    bound = free_socket()
    ehr = made(f"http://127.0.0.1:{bound.getsockname()[1]}", **more)
    async with serving(ehr.application(), bound, lifespan="off"):
        try:
            yield ehr
        finally:
            ehr.over.set()
