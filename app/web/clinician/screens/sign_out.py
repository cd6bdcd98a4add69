"""Sign out: the launch ends on the server at once; the EHR stays signed in."""

from starlette.requests import Request
from starlette.responses import Response

from app.services.launch.session import sign_out
from app.web.clinician.pages import page
from app.web.clinician.session import launched
from app.web.pages import cookies
from app.web.pages.forms import posted_form


async def send(request: Request) -> Response:
    found = await launched(request, needs_patient=False)
    await posted_form(request, found.csrf)
    await sign_out(request.app.state.network, found)
    answer = page(request, "launch/signed_out.html", None, ehr=found.connection.name)
    cookies.take(request, answer, cookies.LAUNCH)
    answer.headers["Clear-Site-Data"] = '"cache", "storage"'
    return answer
