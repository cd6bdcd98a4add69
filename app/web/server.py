"""The whole server as one ASGI application: FHIR face, OAuth, pages, and what orchestrators ask."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from fastapi import FastAPI
from fastapi.responses import JSONResponse
from starlette.middleware import Middleware

from app.services.network import Network
from app.store.trouble import AWAY
from app.version import VERSION
from app.web.fhir_api.door import FhirDoor
from app.web.fhir_api.face import FhirFace
from app.web.front import Front
from app.web.numbered import Numbered
from app.web.oauth.routes import oauth_routes
from app.web.site import site

Opening = Callable[[], AbstractAsyncContextManager[Network]]
Started = Callable[[Network], AbstractAsyncContextManager[None]]


def create_app(opening: Opening, beside: Started) -> FastAPI:
    """`opening` gives the network for as long as the server runs; `beside` runs what runs beside it (the worker)."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with opening() as network:
            app.state.network = network
            app.router.routes.extend(oauth_routes(network))
            app.state.face = FhirFace(network)
            app.mount("/", site(network))
            async with beside(network):
                app.state.ready = True
                yield
                app.state.ready = False

    app = FastAPI(
        title="Baton",
        version=VERSION,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        middleware=[Middleware(Numbered), Middleware(FhirDoor), Middleware(Front)],
    )

    @app.get("/live", include_in_schema=False)
    async def live() -> JSONResponse:
        """The process answers."""
        return JSONResponse({"status": "live"})

    @app.get("/ready", include_in_schema=False)
    async def ready() -> JSONResponse:
        """The database takes writes and nobody has asked the server to stop; no EHR is asked."""
        if getattr(app.state, "ready", False) and await _writable(app.state.network):
            return JSONResponse({"status": "ready"})
        return JSONResponse({"status": "not ready"}, status_code=503)

    return app


async def _writable(network: Network) -> bool:
    try:
        return bool(await network.store.pool.fetchval("SELECT NOT pg_is_in_recovery()", timeout=2))
    except (*AWAY, TimeoutError):
        return False
