"""By phone: somebody calls, and the operator writes down who needs what."""

from collections.abc import Mapping
from uuid import UUID

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from app.domain.referral.needs import OFFERED
from app.domain.referral.person import LANGUAGES
from app.fhir.errors import Invalid
from app.services.directory.members import Member, targets
from app.services.referrals.phone import take
from app.web.ops.phone_form import call_of, nothing_typed, problems, typed_in
from app.web.pages import session
from app.web.pages.asking import REFUSED
from app.web.pages.forms import posted_form
from app.web.pages.templates import reader_clock, render

SEE_OTHER, UNPROCESSABLE = 303, 422


async def show(request: Request) -> Response:
    visitor = await session.operator(request)
    network = request.app.state.network
    return _page(request, visitor, await targets(network), key=network.ids.next(), typed=nothing_typed())


async def send(request: Request) -> Response:
    """To the referral's page, whose number the caller is told; or the form again with everything that was typed."""
    visitor = await session.operator(request)
    form = await posted_form(request, visitor.csrf)
    network = request.app.state.network
    key, typed, members = _key(form.text("key")), typed_in(form), await targets(network)
    known = {str(member.id): member.id for member in members}
    today = reader_clock(request, visitor).today
    wrong = problems(typed, known, today)
    if wrong:
        return _page(request, visitor, members, key=key, typed=typed, wrong=wrong)
    try:
        taken = await take(network, visitor.caller, call_of(typed, known, key, today))
    except REFUSED as refusal:
        # under a new key: the old one may be what was refused
        wrong = {"": refusal.issues[0].message}
        return _page(request, visitor, members, key=network.ids.next(), typed=typed, wrong=wrong)
    return RedirectResponse(f"/ops/referrals/{key}?done={'phone' if taken else 'phone-before'}", SEE_OTHER)


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
) -> Response:
    view = {
        "key": str(key),
        "typed": typed,
        "wrong": wrong or {},
        "needs": [(need.category.code, need.words) for need in OFFERED],
        "languages": list(LANGUAGES.items()),
        "targets": [(str(member.id), member.name) for member in members],
    }
    return render(request, "ops/phone.html", status=UNPROCESSABLE if wrong else 200, visitor=visitor, **view)
