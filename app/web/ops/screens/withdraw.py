"""Withdraw consent: says first what will happen, then does it."""

from uuid import UUID

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from app.services.consents.withdraw import withdraw
from app.services.referrals.views import waiting_item
from app.web.pages import session
from app.web.pages.asking import REFUSED
from app.web.pages.forms import posted_form
from app.web.pages.templates import render

SEE_OTHER = 303
UNPROCESSABLE = 422


async def show(request: Request) -> Response:
    return await _page(request, await session.operator(request))


async def send(request: Request) -> Response:
    visitor = await session.operator(request)
    await posted_form(request, visitor.csrf)
    key: UUID = request.path_params["referral"]
    try:
        await withdraw(request.app.state.network, visitor.caller, key)
    except REFUSED as refusal:
        return await _page(request, visitor, wrong={"": refusal.issues[0].message})
    return RedirectResponse(f"/ops/referrals/{key}?done=withdraw", SEE_OTHER)


async def _page(request: Request, visitor: session.Visitor, wrong: dict[str, str] | None = None) -> Response:
    key: UUID = request.path_params["referral"]
    found = await waiting_item(request.app.state.network, visitor.caller, key)
    view = {"person": found.story.person.name, "back": f"/ops/referrals/{key}", "wrong": wrong or {}}
    return render(request, "ops/withdraw.html", status=UNPROCESSABLE if wrong else 200, visitor=visitor, **view)
