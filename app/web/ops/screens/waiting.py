"""Referrals that wait for the operator, the longest wait first."""

from starlette.requests import Request
from starlette.responses import Response

from app.services.referrals.views import waiting
from app.web.pages import session
from app.web.pages.templates import render


async def show(request: Request) -> Response:
    visitor = await session.operator(request)
    items = await waiting(request.app.state.network, visitor.caller)
    return render(request, "ops/waiting.html", visitor=visitor, items=items, done=request.query_params.get("done", ""))
