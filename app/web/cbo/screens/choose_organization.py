"""For whom a person who works for several organizations works now."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from app.web.pages import session
from app.web.pages.forms import posted_form
from app.web.pages.templates import render

SEE_OTHER = 303
UNPROCESSABLE = 422


async def show(request: Request) -> Response:
    return _page(request, await session.signed_in(request))


async def send(request: Request) -> Response:
    visitor = await session.signed_in(request)
    form = await posted_form(request, visitor.csrf)
    chosen = {str(member): member for member in visitor.members}.get(form.text("member"))
    if chosen is None:
        return _page(request, visitor, wrong=True)
    return await session.change_member(request, RedirectResponse("/", SEE_OTHER), chosen)


def _page(request: Request, visitor: session.Visitor, *, wrong: bool = False) -> Response:
    choices = [(str(member), name, "") for member, name in sorted(visitor.members.items(), key=lambda pair: pair[1])]
    view = {"choices": choices, "chosen": str(visitor.member), "wrong": wrong}
    status = UNPROCESSABLE if wrong else 200
    return render(request, "cbo/choose_organization.html", status=status, visitor=visitor, **view)
