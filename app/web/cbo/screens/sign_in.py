"""Sign in with e-mail and password. A wrong one, an unknown one and a closed account look the same."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from app.fhir.errors import Login, Throttled
from app.web.pages import cookies, session
from app.web.pages.addresses import local_path
from app.web.pages.forms import Form, posted_form
from app.web.pages.templates import render

SEE_OTHER = 303
UNAUTHORIZED, UNPROCESSABLE, TOO_MANY = 401, 422, 429


async def show(request: Request) -> Response:
    if await session.visitor(request) is not None:
        return RedirectResponse("/", SEE_OTHER)
    return _page(request, {}, "", request.query_params.get("next", ""))


async def send(request: Request) -> Response:
    form = await posted_form(request, cookies.read(request, cookies.FORM))
    email, password, wanted = form.text("email"), form.raw("password"), form.text("next")
    wrong = _missing(form)
    if wrong:
        return _page(request, wrong, email, wanted, UNPROCESSABLE)
    try:
        return await session.begin(request, RedirectResponse(local_path(wanted), SEE_OTHER), email, password)
    except Login:
        return _page(request, {"email": "refused"}, email, wanted, UNAUTHORIZED)
    except Throttled:
        return _page(request, {"email": "wait"}, email, wanted, TOO_MANY)


def _missing(form: Form) -> dict[str, str]:
    return {name: name for name in ("email", "password") if not form.raw(name).strip()}


def _page(request: Request, wrong: dict[str, str], email: str, wanted: str, status: int = 200) -> Response:
    """The form, tied to this browser by a cookie, so that no other site can sign somebody in as somebody else."""
    token = cookies.form_token(request)
    view = {"wrong": wrong, "email": email, "next": local_path(wanted), "csrf": token}
    page = render(request, "cbo/sign_in.html", status=status, done=request.query_params.get("done", ""), **view)
    cookies.give(request, page, cookies.FORM, token)
    return page
