"""Which launched clinician is at the other end of the browser, and at which patient the page was made for.

Every address of hers names its launch, `/clinician/{launch}/...`: a page of an earlier launch that is still open in
another tab shows and does nothing any more, since the browser's cookie names the new one.

*Source*: security sheet APP-14, WEB-06, G22.
"""

from contextlib import suppress
from uuid import UUID

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from app.fhir.errors import Login, NotFound, Refusal
from app.services.launch.session import Launched, authenticate_launch, earlier, ehr_behind
from app.web.clinician import frames
from app.web.clinician.pages import over_page, page, typed
from app.web.pages import cookies
from app.web.pages.forms import form_of_our_site
from app.web.pages.numbers import request_id

SEE_OTHER, CONFLICT = 303, 409
# the fields of her forms that hold free text
TYPED = ("words", "wish")


class PageInstead(Exception):
    """What was asked for is not done; this is the answer."""

    def __init__(self, response: Response) -> None:
        super().__init__()
        self.response = response


async def page_instead(_: Request, instead: Exception) -> Response:
    assert isinstance(instead, PageInstead)
    return instead.response


async def launched(request: Request, *, needs_patient: bool = True) -> Launched:
    """The clinician of this launch. Raises PageInstead: launch again, another launch is open here, choose a patient."""
    found = await current(request)
    wanted: UUID | None = request.path_params.get("launch")
    if wanted is not None and wanted != found.id:
        await _refuse_other(request, found, wanted)
    if needs_patient and found.patient is None:
        raise PageInstead(RedirectResponse(f"/clinician/{found.id}/patient", SEE_OTHER))
    return found


async def current(request: Request) -> Launched:
    """The launch that is open in this browser. Raises PageInstead when there is none, or none any more."""
    network = request.app.state.network
    secret = cookies.read(request, cookies.LAUNCH)
    try:
        if not secret:
            raise Login("launch-ended", "There is no launch in this browser.")
        found = await authenticate_launch(network, secret, request_id(request))
    except Login:
        frames.allow(request, await ehr_behind(network, secret) if secret else None)
        await _keep_words(request)
        raise PageInstead(over_page(request)) from None
    frames.allow(request, found.connection)
    return found


async def _refuse_other(request: Request, found: Launched, wanted: UUID) -> None:
    """Names both patients, so that nobody goes on at the wrong one; only of launches that this browser had."""
    old = await earlier(request.app.state.network, wanted, found.id)
    if old is None:
        raise NotFound("launch-unknown", "There is no such launch in this browser.")
    await _keep_words(request)
    view = {"old": old, "typed": typed(request)}
    raise PageInstead(page(request, "launch/other.html", found, status=CONFLICT, **view))


async def _keep_words(request: Request) -> None:
    """What she had typed is shown to her once more: it was not sent, and must not be lost."""
    if request.method == "POST":
        with suppress(Refusal):
            form = await form_of_our_site(request)
            request.state.typed = tuple(filter(None, (form.text(name) for name in TYPED)))
