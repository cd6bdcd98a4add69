"""The first password of an invited person. The link works once, and for three days."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from app.fhir.errors import Invalid, NotFound
from app.services.identity.staff import accept_invitation, invited
from app.web.pages import cookies
from app.web.pages.forms import posted_form
from app.web.pages.templates import render

SEE_OTHER, UNPROCESSABLE = 303, 422


async def show(request: Request) -> Response:
    return await _page(request, {})


async def send(request: Request) -> Response:
    form = await posted_form(request, cookies.read(request, cookies.FORM))
    password, again = form.raw("password"), form.raw("again")
    if password != again:
        return await _page(request, {"again": "different"})
    try:
        await accept_invitation(request.app.state.network, request.path_params["token"], password)
    except Invalid as refusal:
        return await _page(request, {"password": refusal.issues[0].message})
    return RedirectResponse("/sign-in?done=password-set", SEE_OTHER)


async def _page(request: Request, wrong: dict[str, str]) -> Response:
    """The form with the invited person's address; a link that is used up, or was never given, is a 404."""
    email = await invited(request.app.state.network, request.path_params["token"])
    if email is None:
        raise NotFound("invitation", "This invitation is not good any more; ask for a new one.")
    token = cookies.form_token(request)
    status = UNPROCESSABLE if wrong else 200
    page = render(request, "cbo/invitation.html", status=status, wrong=wrong, email=email, csrf=token)
    cookies.give(request, page, cookies.FORM, token)
    return page
