"""A SMART app that knows the specification only: what the simulated EHR does is judged by it, not by Baton.

*Source*: SMART App Launch 2.2; RFC 6749, 7636, 9207; OpenID Connect Core 1.0.
"""

import base64
import hashlib
import secrets
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
from joserfc import jwt
from joserfc.jwk import KeySet

SCOPES = (
    "openid fhirUser launch offline_access patient/Patient.rs patient/Condition.rs patient/Observation.rs "
    "patient/Consent.rs patient/DocumentReference.crs patient/Task.cru"
)
CALLBACK = "http://app.example/callback/one?kept=1"
LAUNCHED_AT = "http://app.example/launch"
CLIENT_ID = "plain-app"

Tree = dict[str, Any]


def query_of(address: str) -> dict[str, str]:
    """Each parameter once, or the address is wrong."""
    found = parse_qs(urlsplit(address).query, keep_blank_values=True, strict_parsing=True)
    assert all(len(values) == 1 for values in found.values())
    return {name: values[0] for name, values in found.items()}


@dataclass
class PlainApp:
    """One browser and one app in one: `http` follows no redirect by itself."""

    http: httpx.AsyncClient
    scopes: str = SCOPES
    client_id: str = CLIENT_ID
    callback: str = CALLBACK
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(48))
    state: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    nonce: str = field(default_factory=lambda: secrets.token_urlsafe(16))

    @property
    def base(self) -> str:
        return f"{self.http.base_url}".rstrip("/") + "/fhir"

    async def discover(self) -> Tree:
        answer = await self.http.get(f"{self.base}/.well-known/smart-configuration")
        assert answer.status_code == 200
        assert answer.headers["Content-Type"].startswith("application/json")
        found: Tree = answer.json()
        return found

    async def launched(self, patient: str = "") -> str:
        """The handle that the EHR sends with its launch."""
        answer = await self.http.post("/launch", data={"patient": patient, "where": "same"})
        assert answer.status_code == 303
        there = answer.headers["Location"]
        assert there.startswith(f"{LAUNCHED_AT}?")
        carried = query_of(there)
        assert carried["iss"] == self.base
        return carried["launch"]

    def asked(self, handle: str, **changed: str | None) -> dict[str, str]:
        challenge = base64.urlsafe_b64encode(hashlib.sha256(self.verifier.encode()).digest()).decode().rstrip("=")
        fields: dict[str, str | None] = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": self.callback,
            "scope": self.scopes,
            "state": self.state,
            "aud": self.base,
            "nonce": self.nonce,
            "launch": handle,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        return {name: value for name, value in (fields | changed).items() if value is not None}

    async def authorize(self, handle: str, **changed: str | None) -> httpx.Response:
        endpoint = (await self.endpoints())["authorization_endpoint"]
        return await self.http.get(endpoint, params=self.asked(handle, **changed))

    async def decide(self, handle: str, decision: str = "allow", patient: str = "", **changed: str | None) -> Tree:
        """What comes back to the app once the user has answered."""
        begun = await self.authorize(handle, **changed)
        assert begun.status_code == 303
        if begun.headers["Location"].startswith(self.callback):
            return self.called_back(begun)
        page = await self.http.get(begun.headers["Location"])
        assert page.status_code == 200
        form = {"decision": decision} | ({"patient": patient} if patient else {})
        return self.called_back(await self.http.post(begun.headers["Location"], data=form))

    def called_back(self, answer: httpx.Response) -> Tree:
        assert answer.status_code == 303
        there = answer.headers["Location"]
        assert there.startswith(f"{self.callback}&")
        carried = query_of(there)
        assert carried.pop("kept") == "1"
        return carried

    async def exchange(self, code: str, **changed: str | None) -> httpx.Response:
        fields: dict[str, str | None] = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.callback,
            "code_verifier": self.verifier,
            "client_id": self.client_id,
        }
        return await self.token({name: value for name, value in (fields | changed).items() if value is not None})

    async def refresh(self, token: str) -> httpx.Response:
        return await self.token({"grant_type": "refresh_token", "refresh_token": token, "client_id": self.client_id})

    async def token(self, form: dict[str, str], **how: Any) -> httpx.Response:
        return await self.http.post((await self.endpoints())["token_endpoint"], data=form, **how)

    async def tokens(self, patient: str, **changed: str | None) -> Tree:
        """The whole way."""
        back = await self.decide(await self.launched(patient), **changed)
        answer = await self.exchange(back["code"])
        assert answer.status_code == 200, answer.text
        assert (answer.headers["Cache-Control"], answer.headers["Pragma"]) == ("no-store", "no-cache")
        found: Tree = answer.json()
        return found

    async def endpoints(self) -> Tree:
        """From the SMART configuration, else from the CapabilityStatement and the OIDC document."""
        answer = await self.http.get(f"{self.base}/.well-known/smart-configuration")
        if answer.status_code == 200:
            found: Tree = answer.json()
            return found
        metadata = (await self.http.get(f"{self.base}/metadata")).json()
        [uris] = metadata["rest"][0]["security"]["extension"]
        by_name = {part["url"]: part["valueUri"] for part in uris["extension"]}
        document = (await self.http.get(f"{self.base}/.well-known/openid-configuration")).json()
        found = {"authorization_endpoint": by_name["authorize"], "token_endpoint": by_name["token"]}
        return document | found

    async def identity(self, id_token: str) -> Tree:
        """The claims, after everything that an app must check. Raises what joserfc raises, or AssertionError."""
        endpoints = await self.endpoints()
        keys = KeySet.import_key_set((await self.http.get(endpoints["jwks_uri"])).json())
        token = jwt.decode(id_token, keys, algorithms=["RS256", "ES384"])
        registry = jwt.JWTClaimsRegistry(
            iss={"essential": True, "value": endpoints["issuer"]},
            aud={"essential": True, "value": self.client_id},
            nonce={"essential": True, "value": self.nonce},
            exp={"essential": True},
        )
        registry.validate(token.claims)
        return dict(token.claims) | {"alg": token.header["alg"]}

    async def fhir(self, path: str, token: str) -> httpx.Response:
        address = path if path.startswith("http") else f"{self.base}/{path}"
        return await self.http.get(address, headers={"Authorization": f"Bearer {token}"})

    async def all_of(self, query: str, token: str) -> list[Tree]:
        """Every page."""
        found: list[Tree] = []
        address: str | None = query
        while address:
            answer = await self.fhir(address, token)
            assert answer.status_code == 200, answer.text
            bundle = answer.json()
            found += [entry["resource"] for entry in bundle.get("entry", ())]
            address = next((link["url"] for link in bundle["link"] if link["relation"] == "next"), None)
        return found
