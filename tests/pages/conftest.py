"""A bench for the shared skeleton of the pages: the real middleware, cookies, forms and templates, no services."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.testclient import TestClient

from app.clock import SystemIds
from app.fhir import errors
from app.settings import Settings
from app.web.pages import cookies
from app.web.pages.errors import LastResort, http_page, refusal_page
from app.web.pages.forms import posted_form
from app.web.pages.headers import SecurityHeaders
from app.web.pages.templates import STATIC, load_pages, render
from tests.conftest import Database
from tests.pages.town import Town, a_town

TOKEN = "the-token-of-this-session"
NOON = datetime(2026, 11, 23, 17, 0, tzinfo=UTC)  # noon in New York


class StandingClock:
    def now(self) -> datetime:
        return NOON


@dataclass(frozen=True)
class Bench:
    """As much of a network as the skeleton asks for."""

    settings: Settings
    clock: StandingClock
    ids: SystemIds


async def _page(request: Request) -> Response:
    return render(request, "error.html", code=404, request_id="1")


async def _form(request: Request) -> Response:
    form = await posted_form(request, TOKEN)
    return PlainTextResponse(form.text("words"))


async def _refuse(request: Request) -> Response:
    raise getattr(errors, request.path_params["kind"])("some-rule", "some message")


async def _break(request: Request) -> Response:
    raise RuntimeError("Maria Lopez could not be shown")


async def _cookie(request: Request) -> Response:
    answer = PlainTextResponse(cookies.read(request, cookies.SESSION))
    cookies.give(request, answer, cookies.SESSION, "new")
    return answer


ROUTES = [
    Mount("/static", StaticFiles(directory=STATIC)),
    Route("/page", _page),
    Route("/form", _form, methods=["POST"]),
    Route("/refuse/{kind}", _refuse),
    Route("/break", _break),
    Route("/cookie", _cookie),
]


@pytest.fixture
def browser(tmp_path: Path) -> Callable[[str], TestClient]:
    """A browser in front of the skeleton, as it is set up in "development" or in "production"."""

    def at(env: str) -> TestClient:
        production = env == "production"
        base = "https://baton.example" if production else "http://127.0.0.1:8000"
        settings = Settings(env=env, data_dir=tmp_path, public_url=base, secret_key=b"0123456789abcdefghijklmnopqrstuv")
        app = Starlette(
            routes=ROUTES,
            middleware=[Middleware(SecurityHeaders, https=production), Middleware(LastResort)],
            exception_handlers={errors.Refusal: refusal_page, HTTPException: http_page},
        )
        app.state.network = Bench(settings, StandingClock(), SystemIds())
        app.state.pages = load_pages()
        return TestClient(app, base_url=base, raise_server_exceptions=False, follow_redirects=False)

    return at


@pytest.fixture(scope="module")
async def calm_town(module_database: Database, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Town]:
    """Shared by the tests of a module that change nothing in it."""
    async with a_town(module_database.app_dsn, tmp_path_factory.mktemp("town")) as made:
        yield made


@pytest.fixture
async def town(database: Database, tmp_path: Path) -> AsyncIterator[Town]:
    async with a_town(database.app_dsn, tmp_path) as made:
        yield made
