"""Every refusal as a page in plain words with the request's number; never a stack, a value or a path.

The words stand in `templates/error.html`. Someone who is not signed in is led to the sign-in page and back.
"""

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.fhir import errors
from app.log import log
from app.web.pages.addresses import FIRST_PAGE, local_path
from app.web.pages.numbers import request_id
from app.web.pages.templates import render

SEE_OTHER = 303
STATUSES: tuple[tuple[type[errors.Refusal], int], ...] = (
    (errors.Forbidden, 403),
    (errors.NotFound, 404),
    (errors.ReferenceNotFound, 404),
    (errors.Deleted, 404),
    (errors.VersionConflict, 409),
    (errors.BusinessRule, 409),
    (errors.TooLong, 413),
    (errors.Throttled, 429),
    (errors.LockError, 503),
    (errors.Timeout, 503),
)
UNREADABLE = 400


async def refusal_page(request: Request, refusal: Exception) -> Response:
    """For `Refusal`: Login leads to the sign-in page, everything else is a page that says what is wrong."""
    assert isinstance(refusal, errors.Refusal)
    if isinstance(refusal, errors.Login):
        return to_sign_in(request)
    status = next((status for kind, status in STATUSES if isinstance(refusal, kind)), UNREADABLE)
    return error_page(request, status)


async def http_page(request: Request, error: Exception) -> Response:
    """For Starlette's own: no such page, wrong method."""
    assert isinstance(error, HTTPException)
    return error_page(request, error.status_code)


def error_page(request: Request, status: int) -> Response:
    return render(request, "error.html", status=status, code=status, request_id=request_id(request))


def to_sign_in(request: Request) -> Response:
    """To the sign-in page, and after that back to the page that was asked for (not to a form that was being sent)."""
    wanted = local_path(request.url.path) if request.method in ("GET", "HEAD") else FIRST_PAGE
    return RedirectResponse("/sign-in" if wanted == FIRST_PAGE else f"/sign-in?next={wanted}", SEE_OTHER)


class LastResort:
    """ASGI: numbers each request and turns an unforeseen exception into a page. The log gets class and place only."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        numbered_here = "request_id" not in scope.setdefault("state", {})
        if numbered_here:
            scope["state"]["request_id"] = str(scope["app"].state.network.ids.next())
        started = False

        async def send_numbered(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                if numbered_here:
                    number = scope["state"]["request_id"].encode()
                    message["headers"] = [*message.get("headers", ()), (b"x-request-id", number)]
            await send(message)

        try:
            await self.app(scope, receive, send_numbered)
        except Exception as error:
            log.error("page_failed", request_id=scope["state"]["request_id"], exc_info=error)
            if started:
                raise
            await error_page(Request(scope, receive), 500)(scope, receive, send_numbered)
