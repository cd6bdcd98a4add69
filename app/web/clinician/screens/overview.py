"""The first page: who it is about, how this person's referrals stand, and what the person may need help with."""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from app.domain.referral import words
from app.domain.referral.chart_needs import ChartNeed, by_category
from app.domain.referral.needs import OFFERED, Need
from app.services.clinician.chart import Read, read_now
from app.services.clinician.person import banner
from app.services.clinician.standing import bring_up_to_date
from app.services.clinician.status import followed
from app.services.launch.session import Launched
from app.web.clinician.pages import page
from app.web.clinician.session import launched
from app.web.pages.words import birth_day

UNPROCESSABLE = 422


@dataclass(frozen=True, slots=True)
class Choice:
    """A need to tick; `number` is its place among those offered, `because` what the chart says about it."""

    number: int
    need: Need
    because: tuple[str, ...]
    sure: bool


async def show(request: Request) -> Response:
    here = await launched(request)
    network = request.app.state.network
    read = await read_now(network, here)
    await bring_up_to_date(network, here, read)
    return await overview(request, here, read)


async def overview(request: Request, here: Launched, read: Read, wrong: Mapping[str, str] | None = None) -> Response:
    found = choices(read.needs)
    known = {choice.number for choice in found}
    view = {
        "banner": banner(here, read.patient),
        "read": read,
        "found": found,
        "marks": marks(here),
        "others": [Choice(n, need, (), True) for n, need in enumerate(OFFERED) if n not in known],
        "spanish": words.prefers_spanish(read.patient or {}),
        "followed": await followed(request.app.state.network, here),
        "done": request.query_params.get("done", ""),
        "wrong": wrong or {},
    }
    return page(request, "clinician/overview.html", here, status=UNPROCESSABLE if wrong else 200, **view)


async def status(request: Request) -> Response:
    """The part of the first page that changes by itself; nothing is asked of the EHR."""
    here = await launched(request)
    found = await followed(request.app.state.network, here, page_number(request.query_params.get("page", "")))
    return page(request, "clinician/status.html", here, followed=found)


def page_number(text: str) -> int:
    """Of the list of referrals; the first page for whatever is none."""
    return int(text) if text.isascii() and text.isdigit() and 0 < len(text) < 5 and int(text) else 1


def choices(needs: tuple[ChartNeed, ...]) -> list[Choice]:
    """One choice for each category that the chart tells of: what is certain first, in the order of the list."""
    found = []
    for category, each in by_category(needs):
        number = number_of(category)
        if number is not None:
            sure = any(need.sure for need in each)
            found.append(Choice(number, OFFERED[number], tuple(map(said, each)), sure))
    return sorted(found, key=lambda choice: (not choice.sure, choice.number))


def number_of(category: str) -> int | None:
    return next((n for n, need in enumerate(OFFERED) if need.category.code == category), None)


def marks(here: Launched) -> tuple[str, ...]:
    """What each need offered is called in an address: a word that means something in this launch only.

    *Source*: security sheet WEB-14 (nothing about a person in addresses: histories and proxies keep them).
    """
    codes = (need.category.code for need in OFFERED)
    return tuple(
        hmac.new(here.csrf.encode(), f"need/{code}".encode(), hashlib.sha256).hexdigest()[:16] for code in codes
    )


def number_in(here: Launched, mark: str) -> str:
    """The number of the need that an address names; empty for any other word."""
    known = marks(here)
    return str(known.index(mark)) if mark in known else ""


def offered(number: str) -> Need | None:
    """The need that a form names by its number."""
    known = number.isascii() and number.isdigit() and len(number) < 4 and int(number) < len(OFFERED)
    return OFFERED[int(number)] if known else None


def said(need: ChartNeed) -> str:
    """A record of the chart in one line."""
    text = ": ".join(part for part in (need.words or "Record without a name", need.answer) if part)
    return f"{text} ({birth_day(need.on)})" if need.on else text
