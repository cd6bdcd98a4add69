"""End referral: nobody will work on it any more, and the sender reads why."""

from dataclasses import replace
from uuid import UUID

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from app.services.referrals.end import end
from app.services.referrals.views import waiting_item
from app.web.pages import session
from app.web.pages.asking import REFUSED, Asked, problems_with
from app.web.pages.forms import posted_form
from app.web.pages.templates import reader_clock, render

SEE_OTHER = 303
UNPROCESSABLE = 422


async def show(request: Request) -> Response:
    visitor = await session.operator(request)
    return render(request, "cbo/ask.html", visitor=visitor, asked=await _asked(request, visitor))


async def send(request: Request) -> Response:
    visitor = await session.operator(request)
    form = await posted_form(request, visitor.csrf)
    wrong = problems_with(form, reader_clock(request, visitor).today, asks_day=False)
    if not wrong:
        try:
            key: UUID = request.path_params["referral"]
            await end(request.app.state.network, visitor.caller, key, reason=form.text("words"))
            return RedirectResponse("/ops?done=end", SEE_OTHER)
        except REFUSED as refusal:
            wrong = {"words": refusal.issues[0].message}
    asked = replace(await _asked(request, visitor), words=form.text("words"), wrong=wrong)
    return render(request, "cbo/ask.html", status=UNPROCESSABLE, visitor=visitor, asked=asked)


async def _asked(request: Request, visitor: session.Visitor) -> Asked:
    key: UUID = request.path_params["referral"]
    found = (await waiting_item(request.app.state.network, visitor.caller, key)).story
    return Asked(
        slug="end",
        button="End referral",
        look="stop",
        person=found.person.name,
        need=found.need,
        version=found.version,
        back=f"/ops/referrals/{key}",
        today=reader_clock(request, visitor).today.isoformat(),
    )
