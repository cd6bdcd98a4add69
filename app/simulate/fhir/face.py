"""The FHIR face of the charts: read, search by patient, create, update, each within what a token allows.

*Source*: R4 http.html; SMART App Launch 2.2, Scopes; RFC 6750.
"""

import json
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import UTC
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from app.simulate.fhir.flavours import FLAVOURS, Flavour
from app.simulate.fhir.problems import Problem, flaws
from app.simulate.fhir.records import PRACTITIONER, Records, has_identifier, has_token, patient_of
from app.simulate.fhir.scopes import allows, level, offered
from app.simulate.network import FHIR_JSON, Now
from app.simulate.parties import prefers
from app.simulate.vocabulary import Resource
from app.simulate.wire import read_json

PAGE, MOST = 4, 100
TOKENS = frozenset({"category", "code", "status", "type"})
MAX_BODY = 5_000_000
# What is foreign leads here: nobody listens there.
FOREIGN = "http://127.0.0.2:9/fhir"
SPANISH = ("es", "Spanish")
HEADERS = {"Cache-Control": "no-store"}


@dataclass(frozen=True, slots=True)
class Permit:
    """What a good token stands for; `patient` '' where the launch had none."""

    scopes: Collection[str]
    patient: str


@dataclass(frozen=True, slots=True)
class Face:
    """`on` the switches at this moment, `permit` what a token stands for (None: nothing), `statement` the metadata."""

    base: str
    records: Records
    now: Now
    on: Callable[[], Collection[str]]
    permit: Callable[[str], Permit | None]
    statement: Callable[[], Resource]

    def routes(self) -> list[Route]:
        return [
            Route("/metadata", self.metadata),
            Route("/{type}", self._answering(self.search), methods=["GET"]),
            Route("/{type}", self._answering(self.create), methods=["POST"]),
            Route("/{type}/{id}", self._answering(self.read), methods=["GET"]),
            Route("/{type}/{id}", self._answering(self.update), methods=["PUT"]),
        ]

    async def metadata(self, _: Request) -> Response:
        return _fhir(self.statement())

    async def read(self, request: Request) -> Response:
        place = f"{request.path_params['type']}/{request.path_params['id']}"
        permit = self._allowed(request, "r")
        found = self.records.read(place, self._flavour)
        if found is None or not self._within(found, permit):
            raise Problem(404, "not-found", "There is no such resource")
        return _fhir(self._as_switched(found), headers={"ETag": f'W/"{found["meta"]["versionId"]}"'})

    async def search(self, request: Request) -> Response:
        permit, type_name, asked = self._allowed(request, "s"), request.path_params["type"], request.query_params
        patient = asked.get("_id", "") if type_name == "Patient" else asked.get("patient", "").rpartition("/")[2]
        if not patient:
            raise Problem(400, "required", "Search for one patient")
        if level(permit.scopes, type_name, "s") == "patient" and patient != permit.patient:
            raise Problem(403, "forbidden", "This token is for another patient")
        found = self.records.of_patient(type_name, patient, self._flavour)
        for name in TOKENS & set(asked):
            found = [tree for tree in found if has_token(tree, name, asked[name].split(","))]
        if "identifier" in asked:
            found = [tree for tree in found if has_identifier(tree, asked["identifier"])]
        return _fhir(self._page(request, found))

    async def create(self, request: Request) -> Response:
        permit, type_name = self._allowed(request, "c"), request.path_params["type"]
        tree = await self._body(request, type_name, permit)
        stored = self.records.write(tree | {"id": self.records.next_id(type_name)}, self._instant)
        place = f"{self.base}/{type_name}/{stored['id']}/_history/1"
        return Response(status_code=201, headers={"Location": place, "ETag": 'W/"1"'})

    async def update(self, request: Request) -> Response:
        permit, type_name, key = self._allowed(request, "u"), request.path_params["type"], request.path_params["id"]
        before = self.records.written.get(f"{type_name}/{key}")
        if before is None or not self._within(before, permit):
            raise Problem(404, "not-found", "There is no such resource")
        tree = await self._body(request, type_name, permit)
        version = before["meta"]["versionId"]
        if tree.get("id") != key:
            raise Problem(400, "invariant", "The id in the body is another one")
        if request.headers.get("If-Match", f'W/"{version}"') != f'W/"{version}"':
            raise Problem(412, "conflict", "Somebody else was faster")
        return _fhir(self.records.write(tree, self._instant))

    @property
    def _flavour(self) -> Flavour:
        return next((each for each in FLAVOURS if each in self.on()), "sdohcc")

    @property
    def _instant(self) -> str:
        return self.now().astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def _allowed(self, request: Request, letter: str) -> Permit:
        type_name, (scheme, _, token) = (
            request.path_params["type"],
            request.headers.get("Authorization", "").partition(" "),
        )
        permit = self.permit(token) if scheme.lower() == "bearer" else None
        if permit is None:
            raise Problem(401, "login", "There is no good access token", 'Bearer error="invalid_token"')
        if letter not in offered(self.on()).get(type_name, ""):
            raise Problem(405, "not-supported", "This is not offered")
        own_user = (type_name, letter) == ("Practitioner", "r") and "fhirUser" in permit.scopes
        if not own_user and not allows(permit.scopes, type_name, letter):
            raise Problem(403, "forbidden", "The scopes do not reach that far", 'Bearer error="insufficient_scope"')
        return permit

    def _within(self, tree: Resource, permit: Permit) -> bool:
        if tree["resourceType"] == "Practitioner":
            return bool(tree["id"] == PRACTITIONER)
        return level(permit.scopes, tree["resourceType"], "r") == "user" or patient_of(tree) == permit.patient

    async def _body(self, request: Request, type_name: str, permit: Permit) -> Resource:
        body = await request.body()
        if len(body) > MAX_BODY:
            raise Problem(413, "too-long", "This is too much")
        if request.headers.get("Content-Type", "").partition(";")[0] not in {FHIR_JSON, "application/json"}:
            raise Problem(415, "not-supported", "Send application/fhir+json")
        try:
            tree = read_json(body)
        except ValueError:
            raise Problem(400, "structure", "This is no JSON") from None
        wrong = flaws(tree, type_name)
        if wrong:
            raise Problem(422, "required", wrong)
        if patient_of(tree) != permit.patient:
            raise Problem(403, "forbidden", "This token is for another patient")
        return dict(tree)

    def _page(self, request: Request, found: list[Resource]) -> Resource:
        asked = request.query_params
        size = min(int(asked["_count"]), MOST) if asked.get("_count", "").isdecimal() else PAGE
        # a page holds what this server likes to give, whatever was wished
        size, start = max(1, min(size, PAGE)), int(asked["_at"]) if asked.get("_at", "").isdecimal() else 0
        address = f"{self.base}/{request.path_params['type']}"
        links = [{"relation": "self", "url": str(request.url)}]
        if start + size < len(found):
            rest = urlencode({**asked, "_at": start + size})
            links.append({"relation": "next", "url": f"{self._links_lead_to(address)}?{rest}"})
        entries = [
            {
                "fullUrl": f"{address}/{tree['id']}",
                "resource": self._as_switched(tree),
                "search": {"mode": "match"},
            }
            for tree in found[start : start + size]
        ]
        return {
            "resourceType": "Bundle",
            "type": "searchset",
            "total": len(found),
            "link": links,
            **({"entry": entries} if entries else {}),
        }

    def _links_lead_to(self, address: str) -> str:
        return address.replace(self.base, FOREIGN) if "foreign-links" in self.on() else address

    def _as_switched(self, tree: Resource) -> Resource:
        if "foreign-links" in self.on() and tree["resourceType"] == "Condition":
            return tree | {"recorder": {"reference": f"{FOREIGN}/Practitioner/{PRACTITIONER}"}}
        if "spanish" in self.on() and tree["resourceType"] == "Patient":
            return tree | {"communication": [prefers(SPANISH)]}
        return tree

    def _answering(self, handler: Callable[[Request], Any]) -> Callable[[Request], Any]:
        async def answer(request: Request) -> Response:
            if "chart-away" in self.on():
                return _fhir(Problem(503, "transient", "The charts cannot be reached").outcome, 503)
            if "chart-html" in self.on():
                return HTMLResponse("<html><body>Maintenance</body></html>", headers=HEADERS)
            try:
                response: Response = await handler(request)
            except Problem as problem:
                headers = {"WWW-Authenticate": problem.challenge} if problem.challenge else {}
                return _fhir(problem.outcome, problem.status, headers)
            return response

        return answer


def _fhir(tree: Resource, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    body = json.dumps(tree)
    return Response(body, status, {"Access-Control-Allow-Origin": "*", **HEADERS, **(headers or {})}, FHIR_JSON)
