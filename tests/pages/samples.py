"""What the screens give their templates, with one name that tries to be markup."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace as View
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from app.domain.referral.needs import OFFERED
from app.domain.referral.words import Contact
from app.fhir.registry import SearchParameter
from app.services.operations import OPERATIONS
from app.services.referrals.cards import (
    Agreed,
    Child,
    InboxItem,
    Moment,
    Person,
    Sender,
    Story,
    WaitingDetail,
    WaitingItem,
)
from app.web.api_docs.routes import TypeView
from app.web.cbo.actions import BUTTONS, allowed_buttons
from app.web.ops.phone_form import nothing_typed
from app.web.pages.asking import Asked
from app.web.pages.words import ReaderClock

NOW = datetime(2026, 11, 23, 17, 0, tzinfo=UTC)
KEY = UUID("01990000-0000-7000-8000-0000002f3a9c")
EVIL = '"><img src=x onerror=alert(1)>{{7*7}}'
MEMBER = UUID(int=7)
CLOCK = ReaderClock(NOW, ZoneInfo("America/New_York"))


def visitor(*, operator: bool = False) -> View:
    members = {MEMBER: "Food Bank", UUID(int=8): EVIL}
    return View(email="ana@foodbank.example", member_name="Food Bank", members=members, csrf="token", operator=operator)


def item(status: str = "requested", *, overdue: bool = False) -> InboxItem:
    due = NOW + timedelta(hours=-30 if overdue else 30)
    return InboxItem(KEY, EVIL, EVIL, EVIL, status, "New", due, overdue, NOW, overdue, EVIL)


def waiting_item(*, known: bool = True) -> WaitingItem:
    """`known` is false while the sender's system has not been read."""
    text = EVIL if known else ""
    return WaitingItem(KEY, text, text, text, "requested", "New", text, EVIL, EVIL, NOW, known, known)


def story(*, do_not_contact: bool = False, known: bool = True) -> Story:
    text = EVIL if known else ""
    contacts = (Contact("phone", "+1 555 010 4477", "home"), Contact("url", EVIL)) if known else ()
    return Story(
        referral=KEY,
        person=Person(text, "1958-04" if known else "", contacts, text, text),
        need=text,
        need_codes=(EVIL,) if known else (),
        reasons=(EVIL,) if known else (),
        sender=Sender(text, EVIL, "+1 555 010 2233", "dana@health.example"),
        status="requested",
        status_words="New",
        due=NOW if known else None,
        overdue=known,
        timeline=(Moment(NOW, EVIL, EVIL, EVIL), Moment(NOW, "Received")),
        actions=tuple(button.words for button in BUTTONS),
        version="3",
        outcome=EVIL if known else None,
        do_not_contact=do_not_contact,
        agreed=Agreed("consent", NOW if known else None),
        notes=(EVIL,) if known else (),
        urgent=known,
    )


def detail(*, known: bool) -> WaitingDetail:
    children = (Child(EVIL, "declined", EVIL),) if known else ()
    actions = ("Pass on", "End referral", "Withdraw consent") if known else ()
    return WaitingDetail(story(known=known), EVIL if known else "", (MEMBER,), known, children, actions)


def asked(slug: str, wrong: dict[str, str]) -> Asked:
    return Asked(
        slug, "Complete", "", EVIL, EVIL, "3", f"/referrals/{KEY}", "2026-11-23", slug == "complete", EVIL, "x", wrong
    )


def pages() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """(name, template, what it shows) of every page in its telling states."""
    ana, olga = {"visitor": visitor()}, {"visitor": visitor(operator=True)}
    nobody = {"visitor": None, "csrf": "token", "done": ""}
    typed = {"to": "a", "basis": "paper", "attestation": EVIL}
    groups = [View(word=word, entries=(item(overdue=word == "overdue"),)) for word in ("overdue", "new", "closed")]
    counts = {"count_new": 1, "count_overdue": 1, "count_today": 0, "count_open": 2}
    yield "inbox", "cbo/inbox.html", ana | {"inbox": View(groups=groups, **counts)}
    yield "empty inbox", "cbo/inbox.html", ana | {"inbox": View(groups=[], **counts)}
    unknown = {"story": story(known=False), "buttons": (), "done": "", "changed": False}
    yield "unknown referral", "cbo/referral.html", ana | unknown
    for contact in (False, True):
        view = {"story": story(do_not_contact=contact), "buttons": allowed_buttons(story().actions)}
        yield f"referral {contact}", "cbo/referral.html", ana | view | {"done": "accept", "changed": contact}
    for slug in ("decline", "hold", "fail", "complete", "end"):
        for wrong in ({}, {"words": "missing"}, {"words": EVIL}):
            yield f"{slug} {len(wrong)}", "cbo/ask.html", ana | {"asked": asked(slug, wrong)}
    yield "sign in", "cbo/sign_in.html", nobody | {"wrong": {}, "email": EVIL, "next": "/"}
    yield "sign in again", "cbo/sign_in.html", nobody | {"wrong": {"email": "refused"}, "email": EVIL, "next": "/"}
    yield "invitation", "cbo/invitation.html", nobody | {"wrong": {"password": EVIL}, "email": EVIL}
    choices = [("a", "Food Bank", ""), ("b", EVIL, "")]
    yield "choose", "cbo/choose_organization.html", ana | {"choices": choices, "chosen": "a", "wrong": True}
    items = [waiting_item(), waiting_item(known=False)]
    yield "waiting", "ops/waiting.html", olga | {"items": items, "done": "pass-on"}
    yield "nobody waits", "ops/waiting.html", olga | {"items": [], "done": ""}
    yield "open", "ops/open.html", olga | {"items": items, "wanted": ""}
    yield "found", "ops/open.html", olga | {"items": items, "wanted": EVIL}
    yield "nothing found", "ops/open.html", olga | {"items": [], "wanted": EVIL}
    form = {"key": str(KEY), "targets": [("a", EVIL)], "needs": OFFERED, "languages": [("en", "English")]}
    form |= {"anew": False, "before": None, "chosen": None, "wrong": {}}
    said = dict.fromkeys(nothing_typed(), EVIL)
    yield "by phone", "ops/phone.html", olga | form | {"typed": nothing_typed()}
    yield (
        "by phone again",
        "ops/phone.html",
        olga | form | {"typed": said, "wrong": {**{each: each for each in said}, "": EVIL}},
    )
    yield "by phone anew", "ops/phone.html", olga | form | {"typed": said, "anew": True, "chosen": OFFERED[0]}
    yield "by phone before", "ops/phone.html", olga | form | {"typed": said, "before": KEY}
    yield "by phone signed out", "ops/signed_out.html", nobody | {"key": EVIL, "typed": said}
    nothing = {"targets": [], "typed": {"to": "", "basis": "", "attestation": ""}, "wrong": {}, "done": ""}
    yield "ops unknown", "ops/referral.html", olga | nothing | {"detail": detail(known=False)}
    view = {"detail": detail(known=True), "targets": [("a", EVIL)], "done": ""}
    yield "ops referral", "ops/referral.html", olga | view | {"typed": typed, "wrong": {"attestation": "attestation"}}
    yield "withdraw", "ops/withdraw.html", olga | {"person": EVIL, "back": "/ops", "wrong": {"": EVIL}}
    for code in (400, 403, 404, 409, 413, 429, 500, 503):
        yield f"error {code}", "error.html", {"visitor": None, "code": code, "request_id": "1"}
    yield "the API", "api.html", {"visitor": None, "base": "https://network.example/fhir", "types": (api_type(),)}


def api_type() -> TypeView:
    parameter = SearchParameter("Task", "status", "token", ("status",), (), "http://hl7.org/fhir/SearchParameter/x")
    told = (("read", "The current version"),)
    return TypeView("Task", told, (parameter,), ("Task:focus",), ("Provenance:target",), OPERATIONS)
