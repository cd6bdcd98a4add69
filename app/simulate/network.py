"""The referral network as this EHR sees it: a FHIR base with a token endpoint, read from the network itself."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from random import Random
from typing import Any
from urllib.parse import urljoin
from uuid import UUID

import httpx

from app.simulate.keys import Key
from app.simulate.vocabulary import Resource

FHIR_JSON = "application/fhir+json"
TIMEOUT_S = 20.0
EARLIER_S = 15
SCOPES = (
    "system/Organization.crs system/Practitioner.crs system/PractitionerRole.crs system/Patient.crs "
    "system/Condition.crs system/Observation.crs system/Consent.crus system/ServiceRequest.crus system/Task.crus "
    "system/Procedure.rs"
)
MAX_PAGES = 50

Now = Callable[[], datetime]


class NetworkProblem(Exception):
    """The network did not do what was asked; the text holds its own words where it gave any."""


@dataclass(frozen=True, slots=True)
class Identity:
    """How this EHR signs in."""

    client_id: str
    key: Key


@dataclass(slots=True)
class ReferralNetwork:
    """`owner` is the Organization that coordinates; both addresses come from the network."""

    http: httpx.AsyncClient
    base: str
    identity: Identity
    now: Now
    chance: Random
    owner: str
    token_url: str
    token: str = ""
    token_until_s: float = 0

    async def send(self, bundle: Resource) -> list[str]:
        """Posts a transaction; `Type/id` of what it made or found, in the order of its entries."""
        answer = await self._ask("POST", self.base, json=bundle)
        return [_place(entry["response"]["location"]) for entry in answer["entry"]]

    async def search(self, query: str) -> list[Resource]:
        """The resources of all pages of a search."""
        found: list[Resource] = []
        address: str | None = f"{self.base}/{query}"
        for _ in range(MAX_PAGES):
            if address is None:
                break
            page = await self._ask("GET", address)
            found += [entry["resource"] for entry in page.get("entry", ())]
            address = next((link["url"] for link in page.get("link", ()) if link["relation"] == "next"), None)
        return found

    async def _ask(self, method: str, address: str, *, json: Resource | None = None) -> Any:
        headers = {"Authorization": f"Bearer {await self._token()}", "Accept": FHIR_JSON}
        if json is not None:
            headers["Content-Type"] = FHIR_JSON
        return _read(await self.http.request(method, address, json=json, headers=headers))

    async def _token(self) -> str:
        now_s = self.now().timestamp()
        if now_s >= self.token_until_s:
            jti = str(UUID(int=self.chance.getrandbits(128), version=4))
            assertion = self.identity.key.assertion(
                client_id=self.identity.client_id, token_url=self.token_url, now_s=int(now_s), jti=jti
            )
            form = {
                "grant_type": "client_credentials",
                "scope": SCOPES,
                "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
                "client_assertion": assertion,
            }
            granted = _read(await self.http.post(self.token_url, data=form))
            self.token, self.token_until_s = granted["access_token"], now_s + granted["expires_in"] - EARLIER_S
        return self.token


@asynccontextmanager
async def meet(
    base: str, identity: Identity, *, now: Now, chance: Random, app: Any = None
) -> AsyncIterator[ReferralNetwork]:
    """Reads who coordinates and where tokens are given out. `app`: an ASGI application to ask in place of the wire.

    Raises NetworkProblem when it is no such network, or does not answer.
    """
    transport = httpx.ASGITransport(app) if app is not None else None
    async with httpx.AsyncClient(timeout=TIMEOUT_S, transport=transport) as http:
        try:
            metadata = _read(await http.get(f"{base}/metadata", headers={"Accept": FHIR_JSON}))
            smart = _read(await http.get(f"{base}/.well-known/smart-configuration"))
            owner = metadata["implementation"]["custodian"]["reference"]
            token_url = urljoin(f"{base}/", smart["token_endpoint"])
        except KeyError as missing:
            raise NetworkProblem(f"This network does not say {missing} about itself") from None
        except httpx.HTTPError as problem:
            raise NetworkProblem(f"The network does not answer ({type(problem).__name__})") from None
        yield ReferralNetwork(http, base, identity, now, chance, owner, token_url)


def _place(location: str) -> str:
    """`Type/id` of a location, which may be absolute and name a version."""
    return "/".join(location.partition("/_history")[0].split("/")[-2:])


def _read(response: httpx.Response) -> Any:
    """The JSON of a good answer; NetworkProblem with what an OperationOutcome or an OAuth error says otherwise."""
    try:
        tree = response.json()
    except ValueError:
        raise NetworkProblem(f"The network answered {response.status_code} without JSON") from None
    if response.is_success:
        return tree
    said = [f"{issue.get('diagnostics', '')} {issue.get('expression', '')}" for issue in tree.get("issue", ())]
    said += [str(tree[name]) for name in ("error", "error_description") if name in tree]
    raise NetworkProblem(f"The network answered {response.status_code}: {'; '.join(said)}")
