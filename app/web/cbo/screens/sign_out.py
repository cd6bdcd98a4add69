"""Sign out: the session ends on the server at once."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from app.web.pages import session
from app.web.pages.forms import posted_form

SEE_OTHER = 303


async def send(request: Request) -> Response:
    visitor = await session.signed_in(request)
    await posted_form(request, visitor.csrf)
    return await session.end(request, RedirectResponse("/sign-in?done=signed-out", SEE_OTHER))
