"""The first address leads everybody to where her work is."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from app.web.pages import session

SEE_OTHER = 303


async def show(request: Request) -> Response:
    visitor = await session.visitor(request)
    if visitor is None:
        return RedirectResponse("/sign-in", SEE_OTHER)
    return RedirectResponse("/ops" if visitor.operator else "/inbox", SEE_OTHER)
