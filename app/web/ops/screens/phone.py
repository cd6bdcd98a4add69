"""By phone: somebody calls, and the operator writes down who needs what."""

from collections.abc import Mapping
from uuid import UUID

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from app.domain.referral.needs import OFFERED, need_of
from app.domain.referral.person import LANGUAGES
from app.fhir.errors import Forbidden, Invalid, Login
from app.services.directory.members import Member, targets
from app.services.referrals.ask import SentOtherwise
from app.services.referrals.phone import take
from app.web.ops.phone_form import call_of, nothing_typed, problems, typed_in
from app.web.pages import session
from app.web.pages.asking import REFUSED
from app.web.pages.csrf import refuse_wrong_token
from app.web.pages.forms import Form, form_of_our_site
from app.web.pages.templates import reader_clock, render

SEE_OTHER, UNAUTHORIZED, FORBIDDEN, CONFLICT, UNPROCESSABLE = 303, 401, 403, 409, 422


async def show(request: Request) -> Response:
    visitor = await session.operator(request)
    network = request.app.state.network
    return _page(request, visitor, await targets(network), key=network.ids.next(), typed=nothing_typed())


async def send(request: Request) -> Response:
    """To the referral's page, whose number the caller is told; or the form again with everything that was typed."""
    form = await form_of_our_site(request)
    typed = typed_in(form)
    try:
        visitor = await session.operator(request)
    except Login:
        return _signed_out(request, form, typed)
    network = request.app.state.network
    key, members = _key(form.text("key")), await targets(network)
    try:
        refuse_wrong_token(visitor.csrf, form.raw("csrf"))
    except Forbidden:
        return _page(request, visitor, members, key=key, typed=typed, anew=True)
    known = {str(member.id): member.id for member in members}
    today = reader_clock(request, visitor).today
    wrong = problems(typed, known, today)
    if wrong:
        return _page(request, visitor, members, key=key, typed=typed, wrong=wrong)
    try:
        taken = await take(network, visitor.caller, call_of(typed, known, key, today))
    except SentOtherwise:
        return _page(request, visitor, members, key=network.ids.next(), typed=typed, before=key)
    except REFUSED as refusal:
        # under a new key: the old one may be what was refused
        wrong = {"": refusal.issues[0].message}
        return _page(request, visitor, members, key=network.ids.next(), typed=typed, wrong=wrong)
    return RedirectResponse(f"/ops/referrals/{key}?done={'phone' if taken else 'phone-before'}", SEE_OTHER)


def _signed_out(request: Request, form: Form, typed: Mapping[str, str]) -> Response:
    """Nothing is done, and what was typed waits in this page. The token is that of the session which has ended."""
    view = {"csrf": form.raw("csrf"), "key": form.text("key"), "typed": typed}
    return render(request, "ops/signed_out.html", status=UNAUTHORIZED, **view)


def _key(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise Invalid("form-key", "The form is not as it was shown.") from None


def _page(
    request: Request,
    visitor: session.Visitor,
    members: list[Member],
    *,
    key: UUID,
    typed: Mapping[str, str],
    wrong: Mapping[str, str] | None = None,
    anew: bool = False,
    before: UUID | None = None,
) -> Response:
    """`anew`: she has signed in since the form was made. `before`: the referral that this form made already."""
    view = {
        "key": str(key),
        "typed": typed,
        "wrong": wrong or {},
        "anew": anew,
        "before": before,
        "needs": OFFERED,
        "chosen": need_of(typed["category"]),
        "languages": list(LANGUAGES.items()),
        "targets": [(str(member.id), member.name) for member in members],
    }
    status = UNPROCESSABLE if wrong else FORBIDDEN if anew else CONFLICT if before else 200
    return render(request, "ops/phone.html", status=status, visitor=visitor, **view)
