"""Answering a referral. Accept, Start and Resume are one tap; a no, a pause and a completion ask for words first."""

from dataclasses import replace
from datetime import date
from uuid import UUID

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from app.fhir.errors import NotFound, VersionConflict
from app.services.referrals.cards import Story
from app.services.referrals.respond import respond
from app.services.referrals.views import story
from app.web.cbo.actions import Button, by_slug
from app.web.cbo.screens import referral
from app.web.pages import session
from app.web.pages.asking import REFUSED, Asked, problems_with
from app.web.pages.forms import Form, posted_form
from app.web.pages.templates import reader_clock, render

SEE_OTHER = 303
UNPROCESSABLE = 422


async def show(request: Request) -> Response:
    """The question that goes with a button; NotFound for a button that asks nothing."""
    visitor = await session.staff(request)
    button = by_slug(request.path_params["slug"])
    if not button.asks:
        raise NotFound("page", "There is no such page.")
    key: UUID = request.path_params["referral"]
    found = await story(request.app.state.network, visitor.caller, key)
    if button.words not in found.actions:
        return await referral.page(request, visitor, key, changed=True)
    today = reader_clock(request, visitor).today
    return _ask(request, visitor, _asked(found, button, today))


async def send(request: Request) -> Response:
    """Does it and goes back to the referral with a confirmation; asks again when something is missing."""
    visitor = await session.staff(request)
    form = await posted_form(request, visitor.csrf)
    button = by_slug(request.path_params["slug"])
    key: UUID = request.path_params["referral"]
    today = reader_clock(request, visitor).today
    wrong = problems_with(form, today, asks_day=button.asks == "outcome") if button.asks else {}
    if not wrong:
        try:
            await _respond(request, visitor, key, button, form)
            return RedirectResponse(f"/referrals/{key}?done={button.slug}", SEE_OTHER)
        except VersionConflict:
            return await referral.page(request, visitor, key, changed=True)
        except REFUSED as refusal:
            wrong = {"words": refusal.issues[0].message}
    return await _again(request, visitor, key, button, form, wrong)


async def _respond(request: Request, visitor: session.Visitor, key: UUID, button: Button, form: Form) -> None:
    words = form.text("words")
    await respond(
        request.app.state.network,
        visitor.caller,
        key,
        button.words,
        reason=words if button.asks == "reason" else "",
        outcome=words if button.asks == "outcome" else "",
        performed=form.text("day") if button.asks == "outcome" else "",
        version=form.text("version"),
    )


async def _again(
    request: Request, visitor: session.Visitor, key: UUID, button: Button, form: Form, wrong: dict[str, str]
) -> Response:
    """The same question with what was typed. A referral that allows the button no more is shown as it stands now."""
    found = await story(request.app.state.network, visitor.caller, key)
    if button.words not in found.actions or not button.asks:
        return await referral.page(request, visitor, key, changed=True)
    asked = _asked(found, button, reader_clock(request, visitor).today)
    asked = replace(asked, words=form.text("words"), day=form.text("day"), version=form.text("version"), wrong=wrong)
    return _ask(request, visitor, asked, UNPROCESSABLE)


def _asked(found: Story, button: Button, today: date) -> Asked:
    return Asked(
        slug=button.slug,
        button=button.words,
        look=button.look,
        person=found.person.name,
        need=found.need,
        version=found.version,
        back=f"/referrals/{found.referral}",
        today=today.isoformat(),
        asks_day=button.asks == "outcome",
        day=today.isoformat(),
    )


def _ask(request: Request, visitor: session.Visitor, asked: Asked, status: int = 200) -> Response:
    return render(request, "cbo/ask.html", status=status, visitor=visitor, asked=asked)
