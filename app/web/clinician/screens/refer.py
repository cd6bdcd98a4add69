"""Choose who shall help, then see what is shared, with whom, on what basis: two pages at one address.

The first asks for organization, records and words. The second shows what will be sent, and sends it. What was typed
goes along in the forms; nothing is kept before it is sent, and nothing of it stands in an address.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal, get_args
from uuid import UUID

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from app.domain.referral import words
from app.domain.referral.needs import Need
from app.services.clinician.chart import Read, read_now, read_to_send
from app.services.clinician.options import option, options
from app.services.clinician.person import banner
from app.services.clinician.send import MAX_NAME, MAX_RECORDS, Changed, Sending, send
from app.services.clinician.sharing import Basis, Fitness, chart_consents, fitness, network_name, told
from app.services.launch.session import Launched
from app.services.network import Network
from app.services.referrals.ask import SentOtherwise
from app.web.clinician.pages import page
from app.web.clinician.screens.overview import number_in, offered, overview, said
from app.web.clinician.session import SEE_OTHER, launched
from app.web.pages.asking import REFUSED
from app.web.pages.forms import MAX_WORDS, Form, posted_form

UNPROCESSABLE, CONFLICT = 422, 409
# why what was sent is shown once more: the chart has changed, or this form was sent before with other content
Conflict = Literal["", "changed", "before"]
BASES: tuple[Basis, ...] = get_args(Basis)
# which field of the form a refusal is about
FIELDS = {
    "consent-name": "name",
    "consent-not-in-chart": "basis",
    "consent-denied-in-chart": "",
    "consents-unseen": "looked",
    "record-unread": "",
    "record-unfit": "",
    "person-unread": "",
    "not-a-target": "",
}


@dataclass(frozen=True, slots=True)
class Typed:
    """What the forms carry: texts as typed; `service` is a code of the need's, or ""; `records` are names in the chart;
    `seen` is what was shown."""

    key: str
    need: str
    to: str = ""
    records: tuple[str, ...] = ()
    words: str = ""
    wish: str = ""
    urgent: bool = False
    do_not_contact: bool = False
    basis: str = ""
    signed: str = ""
    heard: str = ""
    seen: str = ""
    looked: bool = False
    service: str = ""

    @property
    def name(self) -> str:
        return self.heard if self.basis == "spoken" else self.signed


@dataclass(frozen=True, slots=True)
class Record:
    """A record of the chart that may go along."""

    reference: str
    words: str
    sure: bool
    fit: Fitness


async def show(request: Request) -> Response:
    """Who can help with the need that was chosen."""
    here = await launched(request)
    network: Network = request.app.state.network
    read = await read_now(network, here)
    number = number_in(here, request.query_params.get("need", ""))
    need = offered(number)
    if need is None:
        return await overview(request, here, read, {"need": "need"})
    sure = tuple(each.reference for each in _records(read, here, need) if each.sure and each.fit != "unfit")
    service = need.service.code if len(need.services) > 1 else ""
    typed = Typed(str(network.ids.next()), number, records=sure, heard=here.clinician, service=service)
    return await _choosing(request, here, read, need, typed)


async def choose(request: Request) -> Response:
    """From the first page to the second, and back by its button."""
    here = await launched(request)
    form = await posted_form(request, here.csrf)
    typed = read_form(form)
    need = _asked_for(typed)
    request.state.typed = tuple(filter(None, (typed.words, typed.wish)))
    read = await read_to_send(request.app.state.network, here)
    if need is None or not _key(typed):
        return await overview(request, here, read, {"need": "need"})
    wrong = await _problems(request.app.state.network, need, typed)
    if wrong or form.raw("back"):
        return await _choosing(request, here, read, need, typed, wrong={} if form.raw("back") else wrong)
    return await _checking(request, here, read, need, typed)


async def send_it(request: Request) -> Response:
    """Send referral."""
    here = await launched(request)
    form = await posted_form(request, here.csrf)
    network: Network = request.app.state.network
    typed = read_form(form)
    need = _asked_for(typed)
    key, to = _key(typed), _uuid(typed.to)
    request.state.typed = tuple(filter(None, (typed.words, typed.wish)))
    read = await read_to_send(network, here)
    if need is None or key is None or to is None:
        return await overview(request, here, read, {"need": "need"})
    basis = next((each for each in BASES if each == typed.basis), None)
    if basis is None:
        return await _checking(request, here, read, need, typed, wrong={"basis": "basis"})
    try:
        await send(network, here, read, _sending(key, need, to, basis, typed))
    except Changed:
        return await _checking(request, here, read, need, typed, conflict="changed")
    except SentOtherwise:
        typed = replace(typed, key=str(network.ids.next()))
        return await _checking(request, here, read, need, typed, conflict="before")
    except REFUSED as refusal:
        field = FIELDS.get(refusal.issues[0].rule, "")
        field = typed.basis if field == "name" else field
        wrong = {field: refusal.issues[0].message}
        return await _checking(request, here, read, need, typed, wrong=wrong)
    return RedirectResponse(f"/clinician/{here.id}?done=sent", SEE_OTHER)


def read_form(form: Form) -> Typed:
    """The fields of either page."""
    records = (form.text(f"record{n}") for n in range(1, MAX_RECORDS + 1))
    names = ("key", "need", "service", "to", "words", "wish", "basis", "signed", "heard", "seen")
    return Typed(
        records=tuple(filter(None, records)),
        urgent=bool(form.text("urgent")),
        do_not_contact=bool(form.text("do_not_contact")),
        looked=bool(form.text("looked")),
        **{name: form.text(name) for name in names},
    )


def _asked_for(typed: Typed) -> Need | None:
    """The need with the service that was chosen; None where either is not offered."""
    need = offered(typed.need)
    return need.asking(typed.service) if need else None


def _sending(key: UUID, need: Need, to: UUID, basis: Basis, typed: Typed) -> Sending:
    return Sending(
        key=key,
        need=need,
        to=to,
        basis=basis,
        records=typed.records,
        words=typed.words,
        wish=typed.wish,
        urgent=typed.urgent,
        do_not_contact=typed.do_not_contact,
        name=typed.name,
        seen=typed.seen,
        looked=typed.looked,
    )


async def _problems(network: Network, need: Need, typed: Typed) -> dict[str, str]:
    to = _uuid(typed.to)
    found = {
        "to": "" if to and await option(network, need, to) else "to",
        **{name: "too-long" if len(getattr(typed, name)) > MAX_WORDS else "" for name in ("words", "wish")},
    }
    return {name: word for name, word in found.items() if word}


async def _choosing(
    request: Request, here: Launched, read: Read, need: Need, typed: Typed, wrong: Mapping[str, str] | None = None
) -> Response:
    view = {
        "banner": banner(here, read.patient),
        "read": read,
        "need": need,
        "typed": typed,
        "options": await options(request.app.state.network, need),
        "records": _records(read, here, need),
        "spanish": words.prefers_spanish(read.patient or {}),
        "wrong": wrong or {},
    }
    return page(request, "clinician/refer.html", here, status=UNPROCESSABLE if wrong else 200, **view)


async def _checking(
    request: Request,
    here: Launched,
    read: Read,
    need: Need,
    typed: Typed,
    *,
    wrong: Mapping[str, str] | None = None,
    conflict: Conflict = "",
) -> Response:
    network: Network = request.app.state.network
    to = _uuid(typed.to)
    receiver = await option(network, need, to) if to else None
    if to is None or receiver is None:
        return await _choosing(request, here, read, need, typed, {"to": "to"})
    shared = told(
        read,
        here,
        need,
        typed.records,
        receiver=receiver.name,
        network=await network_name(network),
        now=network.clock.now(),
    )
    view = {
        "banner": banner(here, read.patient),
        "read": read,
        "need": need,
        "typed": typed,
        "receiver": receiver,
        "shared": shared,
        "chart": await chart_consents(network, here, read, to),
        "longest_name": MAX_NAME,
        "wrong": wrong or {},
        "conflict": conflict,
    }
    status = CONFLICT if conflict else UNPROCESSABLE if wrong else 200
    return page(request, "clinician/check.html", here, status=status, **view)


def _records(read: Read, here: Launched, need: Need) -> list[Record]:
    """Those that tell of this need, and then those that nobody has put in order yet."""
    code = need.category.code
    telling = [each for each in read.needs if code in each.categories]
    unsorted = [each for each in read.needs if not each.sure and each not in telling]
    shown = (*sorted(telling, key=lambda each: not each.sure), *unsorted)[:MAX_RECORDS]
    return [Record(each.reference, said(each), each.sure, fitness(read, here, each.reference)) for each in shown]


def _key(typed: Typed) -> UUID | None:
    return _uuid(typed.key)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
