"""`/launch` and its callback: the way in from the EHR.

*Source*: SMART App Launch 2.2, EHR launch; security sheet section E, APP-01, APP-05, APP-15, WEB-06 to WEB-08.
"""

from urllib.parse import parse_qsl, urlencode, urlsplit

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from app.services.launch import noting
from app.services.launch.begin import Onward, begin, launching_ehr
from app.services.launch.finish import Answer, finish
from app.services.launch.refusals import LaunchRefused
from app.store.connections import ConnectionRow
from app.web.clinician import frames
from app.web.clinician.pages import page, refused_page
from app.web.pages import cookies
from app.web.pages.numbers import request_id

FOUND, SEE_OTHER = 302, 303
TRIED = "tried"


async def show(request: Request) -> Response:
    """To the EHR's sign-in. A browser that keeps no cookie in this frame is told so before the launch is used up."""
    _refuse_other_methods(request)
    iss, launch = await _parameters(request, "iss", "launch")
    browser = cookies.read(request, cookies.LAUNCH_BROWSER)
    if not browser and launch and frames.in_a_frame(request):
        row = await launching_ehr(request.app.state.network, iss)
        if row is not None:
            return await _try_a_cookie(request, row, launch)
    given = browser or request.app.state.network.ids.secret().hex()
    address = request.client.host if request.client else ""
    there = await begin(
        request.app.state.network,
        iss=iss,
        launch=launch,
        browser=given,
        address=address,
        request_id=request_id(request),
    )
    response = _posted(request, there) if there.by_form else RedirectResponse(there.address, FOUND)
    if not browser:
        cookies.give(request, response, cookies.LAUNCH_BROWSER, given)
    return response


def _posted(request: Request, there: Onward) -> Response:
    """A form that carries what an address is too short for; a browser with script sends it at once."""
    parts = urlsplit(there.address)
    frames.allow(request, there.connection)
    frames.lead_to(request, there.connection)
    action, fields = parts._replace(query="").geturl(), parse_qsl(parts.query)
    return page(request, "launch/onward.html", None, action=action, fields=fields)


async def _try_a_cookie(request: Request, row: ConnectionRow, launch: str) -> Response:
    """Once more with a cookie; when it does not come back, a page that offers a window of its own, where it will."""
    frames.allow(request, row)
    again = "/launch?" + urlencode({"iss": row.fhir_base, "launch": launch})
    if TRIED in request.query_params:
        return refused_page(request, await _written_down(request, "launch-cookies", row), again=again)
    response = RedirectResponse(f"{again}&{TRIED}=1", SEE_OTHER)
    cookies.give(request, response, cookies.LAUNCH_BROWSER, request.app.state.network.ids.secret().hex())
    return response


async def callback(request: Request) -> Response:
    """From the EHR's sign-in to the patient's pages."""
    _refuse_other_methods(request)
    state, code, error, iss = await _parameters(request, "state", "code", "error", "iss")
    opened = await finish(
        request.app.state.network,
        Answer(request.path_params.get("connection"), state, code, error, iss),
        browser=cookies.read(request, cookies.LAUNCH_BROWSER),
        request_id=request_id(request),
    )
    response = RedirectResponse(f"/clinician/{opened.session}", SEE_OTHER)
    cookies.give(request, response, cookies.LAUNCH, opened.secret)
    frames.allow(request, opened.connection)
    return response


async def _parameters(request: Request, *names: str) -> list[str]:
    """Each comes at most once; empty when absent. Raises LaunchRefused, written down."""
    found = [request.query_params.getlist(name) for name in names]
    if any(len(each) > 1 for each in found):
        raise await _written_down(request, "launch-parameters")
    return ["".join(each) for each in found]


async def _written_down(request: Request, rule: str, row: ConnectionRow | None = None) -> LaunchRefused:
    refusal = LaunchRefused(rule, row)
    await noting.refused(request.app.state.network, refusal, request_id(request))
    return refusal


def _refuse_other_methods(request: Request) -> None:
    """HEAD, which the router lets through with GET, must not use a launch up."""
    if request.method != "GET":
        raise HTTPException(405)
