"""One referral: who, how to reach them, what they need, who sent it, what can be done now."""

from uuid import UUID

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from app.services.referrals.views import story
from app.web.cbo.actions import allowed_buttons
from app.web.pages import session
from app.web.pages.templates import render

SEE_OTHER = 303
CONFLICT = 409


async def show(request: Request) -> Response:
    visitor = await session.signed_in(request)
    key: UUID = request.path_params["referral"]
    if visitor.operator:
        return RedirectResponse(f"/ops/referrals/{key}", SEE_OTHER)
    return await page(request, visitor, key, done=request.query_params.get("done", ""))


async def page(
    request: Request, visitor: session.Visitor, key: UUID, *, done: str = "", changed: bool = False
) -> Response:
    """The referral as it stands now; `changed` says first that somebody else was faster (409)."""
    found = await story(request.app.state.network, visitor.caller, key)
    view = {"story": found, "buttons": allowed_buttons(found.actions), "done": done, "changed": changed}
    return render(request, "cbo/referral.html", status=CONFLICT if changed else 200, visitor=visitor, **view)
