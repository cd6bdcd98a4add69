"""What the screens give their templates, with one name that tries to be markup."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace as View
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from app.web.cbo.actions import BUTTONS, allowed_buttons
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


def item(status: str = "requested", *, overdue: bool = False) -> View:
    return View(
        referral=KEY,
        person=EVIL,
        need=EVIL,
        sender=EVIL,
        owner=EVIL,
        why=EVIL,
        next_action=EVIL,
        status=status,
        status_words="New",
        due=NOW + timedelta(hours=-30 if overdue else 30),
        overdue=overdue,
        received=NOW,
        urgent=overdue,
    )


def story(status: str = "requested", *, do_not_contact: bool = False) -> View:
    contacts = (View(kind="phone", value="+1 555 010 4477", note=EVIL), View(kind="url", value=EVIL, note=""))
    return View(
        referral=KEY,
        person=View(name=EVIL, birth_date="1958-04", contacts=contacts, address=EVIL, language=EVIL),
        need=EVIL,
        need_codes=(EVIL,),
        reasons=(EVIL,),
        sender=View(name=EVIL, organization=EVIL, phone="+1 555 010 2233", email="dana@health.example"),
        status=status,
        status_words="New",
        due=NOW,
        overdue=False,
        timeline=(View(at=NOW, words=EVIL, by=EVIL, reason=EVIL),),
        actions=tuple(button.words for button in BUTTONS),
        version="3",
        outcome=EVIL,
        agreed=View(kind="consent", until=NOW),
        do_not_contact=do_not_contact,
    )


def asked(slug: str, wrong: dict[str, str]) -> Asked:
    return Asked(
        slug, "Complete", "", EVIL, EVIL, "3", f"/referrals/{KEY}", "2026-11-23", slug == "complete", EVIL, "x", wrong
    )


def pages() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """(name, template, what it shows) of every page in its telling states."""
    ana, olga = {"visitor": visitor()}, {"visitor": visitor(operator=True)}
    nobody = {"visitor": None, "csrf": "token", "done": ""}
    detail = View(
        story=story(),
        why=EVIL,
        children=(View(name=EVIL, status="declined", reason=EVIL),),
        consent_document=True,
        actions=("Pass on", "End referral", "Withdraw consent"),
    )
    typed = {"to": "a", "basis": "paper", "attestation": EVIL}
    groups = [View(word=word, entries=(item(overdue=word == "overdue"),)) for word in ("overdue", "new", "closed")]
    counts = {"count_new": 1, "count_overdue": 1, "count_today": 0, "count_open": 2}
    yield "inbox", "cbo/inbox.html", ana | {"inbox": View(groups=groups, **counts)}
    yield "empty inbox", "cbo/inbox.html", ana | {"inbox": View(groups=[], **counts)}
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
    yield "waiting", "ops/waiting.html", olga | {"items": [item(overdue=True)], "done": "pass-on"}
    yield "open", "ops/open.html", olga | {"items": [item()]}
    view = {"detail": detail, "targets": [("a", EVIL)], "done": "", "changed": True}
    yield "ops referral", "ops/referral.html", olga | view | {"typed": typed, "wrong": {"attestation": "attestation"}}
    yield "withdraw", "ops/withdraw.html", olga | {"person": EVIL, "back": "/ops", "wrong": {"": EVIL}}
    for code in (400, 403, 404, 409, 413, 429, 500, 503):
        yield f"error {code}", "error.html", {"visitor": None, "code": code, "request_id": "1"}
