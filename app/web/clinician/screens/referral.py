"""One referral of this person: what was asked, what happened, what came of it; and taking it back."""

from uuid import UUID

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from app.services.clinician.cancel import cancel
from app.services.clinician.chart import kept_person
from app.services.clinician.person import banner
from app.services.clinician.status import told
from app.services.launch.session import Launched
from app.web.clinician.pages import page
from app.web.clinician.session import SEE_OTHER, launched
from app.web.pages.asking import REFUSED, problems_with
from app.web.pages.forms import posted_form
from app.web.pages.templates import reader_clock

UNPROCESSABLE = 422


async def show(request: Request) -> Response:
    here = await launched(request)
    return await _page(request, here, "clinician/referral.html", done=request.query_params.get("done", ""))


async def ask(request: Request) -> Response:
    """Says first what cancelling does."""
    return await _page(request, await launched(request), "clinician/cancel.html", words="", wrong={})


async def send(request: Request) -> Response:
    here = await launched(request)
    form = await posted_form(request, here.csrf)
    key: UUID = request.path_params["referral"]
    request.state.typed = (form.text("words"),)
    wrong = problems_with(form, reader_clock(request, here).today, asks_day=False)
    if not wrong:
        try:
            await cancel(request.app.state.network, here, key, reason=form.text("words"))
            return RedirectResponse(f"/clinician/{here.id}/referrals/{key}?done=cancelled", SEE_OTHER)
        except REFUSED as refusal:
            wrong = {"words": refusal.issues[0].message}
    return await _page(request, here, "clinician/cancel.html", words=form.text("words"), wrong=wrong)


async def _page(request: Request, here: Launched, template: str, **view: object) -> Response:
    network = request.app.state.network
    found = await told(network, here, request.path_params["referral"])
    person = banner(here, await kept_person(network, here))
    status = UNPROCESSABLE if view.get("wrong") else 200
    return page(request, template, here, status=status, told=found, banner=person, **view)
