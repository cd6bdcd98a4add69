"""The simulated EHR's web face: one page for its users, its public keys, a button that sends a referral."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from jinja2 import Environment, FileSystemLoader
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from app.simulate.ehr import Ehr
from app.simulate.keys import Key
from app.simulate.network import NetworkProblem
from app.simulate.smart.face import routes as smart_routes
from app.simulate.smart.server import Smart

SEE_OTHER, FORBIDDEN, UNAVAILABLE = 303, 403, 503
SHOWN = 200
POLICY = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'"
# A browser says where a form was sent from; a page elsewhere shall not make this EHR refer.
FROM_HERE = frozenset({None, "same-origin", "none"})


def page_app(ehr: Ehr, key: Key, smart: Smart | None = None) -> Starlette:
    """The application; the EHR works for as long as it is served. `smart`: apps can be launched from it."""
    template = Environment(loader=FileSystemLoader(Path(__file__).parent), autoescape=True).get_template("page.html")

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        work = asyncio.create_task(ehr.run())
        try:
            yield
        finally:
            work.cancel()
            with suppress(asyncio.CancelledError):
                await work

    async def page(_: Request) -> Response:
        shown = template.render(ehr=ehr, referrals=ehr.chart.newest_first[:SHOWN], smart=smart)
        return HTMLResponse(shown, headers={"Content-Security-Policy": POLICY, "Cache-Control": "no-store"})

    async def send(request: Request) -> Response:
        if request.headers.get("sec-fetch-site") not in FROM_HERE:
            return Response(status_code=FORBIDDEN)
        if ehr.network is None:
            return Response("this EHR has not met its network", UNAVAILABLE, media_type="text/plain")
        try:
            await ehr.refer(ehr.network)
            await ehr.poll(ehr.network)
        except NetworkProblem as problem:
            ehr.chart.problem = str(problem)
        return RedirectResponse("/", SEE_OTHER)

    async def keys(_: Request) -> Response:
        return JSONResponse({"keys": [key.public_jwk]})

    routes = [Route("/", page), Route("/referrals", send, methods=["POST"]), Route("/jwks.json", keys)]
    return Starlette(routes=[*routes, *(smart_routes(smart) if smart else ())], lifespan=lifespan)
