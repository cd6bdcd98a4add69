"""Every referral that is not finished, with who has it and what comes next: nothing dies silently."""

from starlette.requests import Request
from starlette.responses import Response

from app.services.referrals.views import open_referrals
from app.web.pages import session
from app.web.pages.templates import render


async def show(request: Request) -> Response:
    visitor = await session.operator(request)
    items = await open_referrals(request.app.state.network, visitor.caller)
    return render(request, "ops/open.html", visitor=visitor, items=items)
