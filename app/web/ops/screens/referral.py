"""One referral as the operator sees it: why it waits, who was asked, and what she can do."""

from collections.abc import Mapping
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from app.services.directory.members import targets
from app.services.referrals.cards import WaitingDetail
from app.services.referrals.views import waiting_item
from app.web.pages import session
from app.web.pages.templates import render

UNPROCESSABLE = 422


async def show(request: Request) -> Response:
    visitor = await session.operator(request)
    return await page(request, visitor, done=request.query_params.get("done", ""))


async def page(
    request: Request,
    visitor: session.Visitor,
    *,
    typed: Mapping[str, str] | None = None,
    wrong: Mapping[str, str] | None = None,
    done: str = "",
) -> Response:
    """The referral as it stands now, with what was typed into its form and what is wrong with it."""
    network = request.app.state.network
    key: UUID = request.path_params["referral"]
    detail = await waiting_item(network, visitor.caller, key)
    organizations = [(str(member.id), member.name) for member in await targets(network)]
    view = {
        "detail": detail,
        "targets": organizations,
        "typed": typed or _suggested(detail),
        "wrong": wrong or {},
        "done": done,
    }
    status = UNPROCESSABLE if wrong else 200
    return render(request, "ops/referral.html", status=status, visitor=visitor, **view)


def _suggested(detail: WaitingDetail) -> dict[str, str]:
    """The organization that the sender named, chosen beforehand; the basis is always the operator's own choice."""
    first = next(iter(detail.candidates), None)
    return {"to": str(first) if first else "", "basis": "", "attestation": ""}
