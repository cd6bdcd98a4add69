"""The SMART server's web face: addresses and pages."""

from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from jinja2 import Environment, FileSystemLoader
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route

from app.simulate.fhir.capability import statement
from app.simulate.fhir.face import Face, Permit
from app.simulate.fhir.problems import text_of
from app.simulate.fhir.records import patient_of
from app.simulate.fhir.scopes import offered
from app.simulate.smart import authorize, discovery, token
from app.simulate.smart.faults import changed, instead
from app.simulate.smart.grants import LAUNCH_LIFE, Launch, keep
from app.simulate.smart.server import ELSEWHERE, OAUTH, Smart
from app.simulate.smart.switches import SWITCHES, known
from app.simulate.wire import form_of

SEE_OTHER, BAD, FORBIDDEN = 303, 400, 403
OPEN = {"Access-Control-Allow-Origin": "*"}
SECRET = {"Cache-Control": "no-store", "Pragma": "no-cache"}
FROM_HERE = frozenset({None, "same-origin", "none"})
WAYS = (("same", "Open in this window"), ("new", "Open in a new window"), ("frame", "Open in a frame"))

Handler = Callable[[Request], Awaitable[Response]]


def routes(smart: Smart) -> list[BaseRoute]:
    face = Face(
        smart.base,
        smart.records,
        smart.now,
        on=lambda: smart.on,
        permit=lambda bearer: _permit(smart, bearer),
        statement=lambda: statement(
            smart.base, offered(smart.on), discovery.endpoints(smart), smart.now().date().isoformat()
        ),
    )
    desk = Desk(smart)
    oauth = [
        Route("/authorize", desk.authorize, methods=["GET", "POST"]),
        Route("/decide/{request}", desk.ask, methods=["GET"]),
        Route("/decide/{request}", _from_here(desk.decide), methods=["POST"]),
        Route("/token", desk.token, methods=["POST"]),
        Route("/jwks.json", desk.jwks),
        Route("/.well-known/openid-configuration", desk.openid),
    ]
    own = [
        Route("/.well-known/smart-configuration", desk.configuration),
        Route("/.well-known/openid-configuration", desk.openid),
    ]
    return [
        Mount("/fhir", routes=[*own, *face.routes()]),
        Mount(OAUTH, routes=oauth),
        Mount(ELSEWHERE, routes=oauth),
        Route("/launch", desk.launch_page, methods=["GET"]),
        Route("/launch", _from_here(desk.launch), methods=["POST"]),
        Route("/switches", _from_here(desk.switch), methods=["POST"]),
        Route("/chart/{patient}", desk.chart),
    ]


class Desk:
    """What a user and an app meet."""

    def __init__(self, smart: Smart) -> None:
        self.smart = smart
        loader = FileSystemLoader(Path(__file__).parent / "templates")
        self._pages = Environment(loader=loader, autoescape=True)

    async def configuration(self, _: Request) -> Response:
        if "no-well-known" in self.smart.on:
            return Response("not found", 404, OPEN, "text/plain")
        return JSONResponse(discovery.configuration(self.smart), headers=OPEN)

    async def openid(self, _: Request) -> Response:
        return JSONResponse(discovery.openid(self.smart), headers=OPEN)

    async def jwks(self, _: Request) -> Response:
        return JSONResponse(self.smart.signer.jwks, headers=OPEN)

    async def authorize(self, request: Request) -> Response:
        asked = request.query_params if request.method == "GET" else await form_of(request)
        try:
            handle = authorize.begin(self.smart, asked)
        except authorize.Stranger as stranger:
            return self._refused(str(stranger))
        except authorize.Back as back:
            return RedirectResponse(back.address, SEE_OTHER, SECRET)
        return RedirectResponse(request.url.path.replace("/authorize", f"/decide/{handle}"), SEE_OTHER, SECRET)

    async def ask(self, request: Request) -> Response:
        smart = self.smart
        try:
            asked = authorize.standing(smart, request.path_params["request"])
        except authorize.Stranger as stranger:
            return self._refused(str(stranger))
        picks = authorize.wants_patient(smart, asked)
        return self._page(
            "authorize",
            client_id=smart.app.client_id if smart.app else "",
            doctor=smart.records.clinic.doctor,
            permissions=authorize.permissions(smart, asked),
            subject=self._subject(asked.launch.patient if asked.launch else ""),
            subjects=smart.records.subjects() if picks else (),
            framing=smart.origins,
        )

    async def decide(self, request: Request) -> Response:
        form = await form_of(request)
        allowed, patient = form.get("decision") == "allow", str(form.get("patient", ""))
        handle = request.path_params["request"]
        try:
            address = authorize.decide(self.smart, handle, allowed=allowed, patient=patient)
        except authorize.Stranger as stranger:
            return self._refused(str(stranger))
        return RedirectResponse(address, SEE_OTHER, SECRET | {"Referrer-Policy": "no-referrer"})

    async def token(self, request: Request) -> Response:
        broken = await instead(self.smart.on)
        if broken is not None:
            return broken
        kind = request.headers.get("Content-Type", "").partition(";")[0]
        form = await form_of(request) if kind == "application/x-www-form-urlencoded" else QueryParams()
        try:
            given = await token.answer(self.smart, form, request.headers.get("Authorization", ""))
        except token.Refused as refused:
            challenge = {"WWW-Authenticate": "Basic"} if refused.status == 401 else {}
            return JSONResponse({"error": refused.error}, refused.status, SECRET | challenge)
        return JSONResponse(changed(given, self.smart.on), headers=SECRET)

    async def launch_page(self, request: Request) -> Response:
        return self._page(
            "launch",
            app=self.smart.app,
            subject=self._subject(request.query_params.get("patient", "")),
            subjects=self.smart.records.subjects(),
            switches=SWITCHES,
            on=self.smart.on,
            ways=WAYS,
        )

    async def launch(self, request: Request) -> Response:
        """A fresh handle for this launch; the browser carries it to the app."""
        form, smart = await form_of(request), self.smart
        patient, framed = str(form.get("patient", "")), form.get("where") == "frame"
        if smart.app is None or (patient and self._subject(patient) is None):
            return self._refused("There is no such app, or no such patient.")
        known_to_app = "" if "no-patient" in smart.on else patient
        handle = keep(smart.grants.launches, Launch(known_to_app, framed, smart.now() + LAUNCH_LIFE), "launch")
        address = f"{smart.app.launch_url}?{urlencode({'iss': smart.base, 'launch': handle})}"
        if framed:
            return self._page("frame", address=address, subject=self._subject(patient))
        return RedirectResponse(address, SEE_OTHER, SECRET)

    async def switch(self, request: Request) -> Response:
        """These switches and no others are on from now on."""
        form = await form_of(request)
        names = [str(name) for name in form.getlist("switch")]
        if not all(known(name) for name in names):
            return self._refused("There is no such switch.")
        self.smart.turn_on(names)
        patient = str(form.get("patient", ""))
        there = f"/launch?{urlencode({'patient': patient})}" if self._subject(patient) else "/launch"
        return RedirectResponse(there, SEE_OTHER)

    async def chart(self, request: Request) -> Response:
        subject = self._subject(request.path_params["patient"])
        if subject is None:
            return self._refused("There is no such patient.")
        written = {
            name: [tree for tree in self._written(subject.id) if tree["resourceType"] == name]
            for name in ("DocumentReference", "Task")
        }
        return self._page(
            "chart", subject=subject, documents=written["DocumentReference"], tasks=written["Task"], text=text_of
        )

    def _written(self, patient: str) -> list[dict[str, Any]]:
        records = self.smart.records
        return [tree for tree in records.written.values() if patient_of(tree) == patient]

    def _subject(self, patient: str) -> Any:
        return next((each for each in self.smart.records.subjects() if each.id == patient), None)

    def _refused(self, words: str) -> Response:
        return self._page("refused", status=BAD, words=words, framing=self.smart.origins)

    def _page(self, name: str, status: int = 200, framing: str = "'none'", **shown: Any) -> Response:
        shown["clinic"] = self.smart.records.clinic.name
        body = self._pages.get_template(f"{name}.html").render(shown)
        return HTMLResponse(body, status, {"Content-Security-Policy": self._policy(framing), **SECRET})

    def _policy(self, framing: str) -> str:
        """A form's way leads through the app and back: every origin on it is named."""
        way = f"{self.smart.origins} {self.smart.app.origins if self.smart.app else ''}".strip()
        rules: Mapping[str, str] = {
            "default-src": "'none'",
            "style-src": "'unsafe-inline'",
            "form-action": way,
            "frame-src": way,
            "frame-ancestors": framing,
            "base-uri": "'none'",
        }
        return "; ".join(f"{name} {value}" for name, value in rules.items())


def _permit(smart: Smart, bearer: str) -> Permit | None:
    access = smart.access(bearer)
    return Permit(access.grant.scopes, access.grant.patient) if access else None


def _from_here(handler: Handler) -> Handler:
    """A browser says where a form was sent from; a page elsewhere shall decide nothing here."""

    async def checked(request: Request) -> Response:
        if request.headers.get("Sec-Fetch-Site") not in FROM_HERE:
            return Response(status_code=FORBIDDEN)
        return await handler(request)

    return checked
