"""What the clinician's screens give their templates, with names and words that try to be markup."""

from collections.abc import Iterator
from datetime import timedelta
from types import SimpleNamespace as View
from typing import Any, get_args
from uuid import UUID

from app.domain.consent.wording import Sharing
from app.domain.referral.needs import NEEDS, need_of
from app.services.clinician.chart import NOTHING, Missing
from app.services.clinician.options import Option, Programme
from app.services.clinician.person import Banner
from app.services.clinician.sharing import ChartConsent, ChartConsents, Fitness, Shared
from app.services.clinician.status import Followed, Listed, Told
from app.services.launch.patients import Found
from app.services.launch.refusals import RULES
from app.web.clinician.screens.overview import Choice
from app.web.clinician.screens.refer import Record, Typed
from tests.pages.samples import EVIL, KEY, MEMBER, NOW, story

LAUNCH = UUID(int=3)
PROBLEMS: tuple[dict[str, str], ...] = ({}, {"words": EVIL}, {"words": "missing"})


def launched() -> View:
    return View(
        id=LAUNCH, member_name=EVIL, clinician=EVIL, csrf="token", patient_name=EVIL, connection=View(name=EVIL)
    )


def read(*, known: bool = True) -> Any:
    missing = (Missing("the chart", EVIL),)
    person = {"resourceType": "Patient"} if known else None
    return View(patient=person, kept=known, missing=missing) if known else NOTHING


def followed(*, ended: bool = False) -> Followed:
    due = None if ended else NOW + timedelta(hours=-1)
    text = "" if ended else EVIL
    return Followed(KEY, EVIL, "completed", "Completed", text, text, text, due, not ended, NOW, not ended, text)


def option(*, silent: bool = False) -> Option:
    said = Programme(EVIL, True, "Has room", EVIL, 0, NOW, "Mon 9 am to 5 pm", EVIL, EVIL, EVIL)
    return Option(MEMBER, EVIL, () if silent else (said,))


def typed(records: tuple[str, ...] = ("Condition/1",)) -> Typed:
    return Typed(str(KEY), "0", str(MEMBER), records, EVIL, EVIL, True, True, "signed", EVIL, EVIL, EVIL)


def clinician_pages() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """(name, template, what it shows) of the clinician's pages and those of the launch, in their telling states."""
    nora = {"visitor": launched(), "banner": Banner(EVIL, "1958-04-17", EVIL)}
    unknown = {"visitor": launched(), "banner": Banner("", "", "")}
    found = [Choice(0, NEEDS[0], (EVIL, EVIL), True), Choice(1, NEEDS[1], (EVIL,), False)]
    others = [Choice(2, NEEDS[2], (), True)]
    rows = Listed([followed(), followed(ended=True)], 1, more=True)
    view = {"read": read(), "found": found, "others": others, "followed": rows, "done": "sent", "wrong": {}}
    view |= {"marks": ("a1", "b2", "c3"), "spanish": False}
    yield "overview", "clinician/overview.html", nora | view
    yield "overview in Spanish", "clinician/overview.html", nora | view | {"spanish": True}
    yield "overview wrong", "clinician/overview.html", nora | view | {"wrong": {"need": "need"}}
    nothing = {
        "read": read(known=False),
        "found": [],
        "followed": Listed([], 1, more=False),
        "done": "",
        "wrong": {"need": "need"},
    }
    yield "overview unknown", "clinician/overview.html", unknown | view | nothing
    yield "status", "clinician/status.html", nora | {"followed": rows}
    yield "status older", "clinician/status.html", nora | {"followed": Listed([], 2, more=False)}
    records = [Record(f"Condition/{n}", EVIL, True, fit) for n, fit in enumerate(get_args(Fitness))]
    chosen: dict[str, Any] = {"need": NEEDS[0], "typed": typed(), "read": read(), "spanish": False}
    offered = {"options": [option(), option(silent=True)], "records": records, "wrong": {"to": "to", "words": EVIL}}
    yield "refer", "clinician/refer.html", nora | chosen | offered
    unsafe = {"need": need_of("intimate-partner-violence"), "spanish": True}
    yield "refer in Spanish", "clinician/refer.html", nora | chosen | offered | unsafe
    alone = {"need": need_of("protective-factor"), "wrong": {}}
    yield "refer without a choice", "clinician/refer.html", nora | chosen | offered | alone
    yield "refer nobody", "clinician/refer.html", nora | chosen | {"options": [], "records": [], "wrong": {}}
    yield from _checks(nora | chosen)
    told = Told(story(), followed(), may_cancel=True)
    over = Told(story(known=False), followed(ended=True), may_cancel=False)
    for name, one in (("", told), (" over", over)):
        yield f"followed{name}", "clinician/referral.html", nora | {"told": one, "done": "cancelled"}
        for wrong in PROBLEMS:
            shown = {"told": one, "words": EVIL, "wrong": wrong}
            yield f"cancel{name} {len(wrong)} {wrong.get('words', '')[:4]}", "clinician/cancel.html", nora | shown
    yield from _launches()


def _checks(chosen: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    sharing = Sharing(EVIL, EVIL, EVIL, EVIL, (EVIL,), NOW.date())
    shared = Shared(sharing, (EVIL, EVIL), (EVIL,), (EVIL,), "seen")
    view = chosen | {"receiver": option(), "shared": shared, "longest_name": 200, "wrong": {}, "conflict": ""}
    permitted = ChartConsents((ChartConsent("Consent/1", NOW),), forbidden=False, unsure=False)
    yield "check", "clinician/check.html", view | {"chart": permitted}
    none: dict[str, Any]
    for forbidden, unsure in ((True, False), (False, True)):
        none = {"chart": ChartConsents((), forbidden, unsure)}
        yield f"check forbidden {forbidden}", "clinician/check.html", view | none
    yield "check looked", "clinician/check.html", view | none | {"wrong": {"looked": EVIL}}
    none = {"chart": ChartConsents((), forbidden=False, unsure=False), "conflict": "changed"}
    yield "check before", "clinician/check.html", view | none | {"conflict": "before"}
    for field in ("basis", "signed", "spoken", ""):
        yield f"check {field}", "clinician/check.html", view | none | {"wrong": {field: EVIL}}


def _launches() -> Iterator[tuple[str, str, dict[str, Any]]]:
    here, nobody = {"visitor": launched()}, {"visitor": None, "number": "1"}
    for rule in RULES:
        view = {"rule": rule, "ehr": EVIL, "detail": EVIL, "again": "/launch?iss=x", "typed": (EVIL,)}
        yield f"refused {rule}", "launch/refused.html", nobody | view
    onward = {"action": "https://ehr.example/authorize", "fields": [("state", EVIL)]}
    yield "onward", "launch/onward.html", nobody | onward
    yield "launch over", "launch/over.html", nobody | {"typed": (EVIL,)}
    yield "other launch", "launch/other.html", here | {"old": View(id=KEY, patient_name="Daniel"), "typed": (EVIL,)}
    yield "signed out", "launch/signed_out.html", nobody | {"ehr": EVIL}
    yield "no patient", "launch/no_patient.html", here
    asked = {"typed": {"name": EVIL, "birth_date": EVIL}, "most": 20}
    listed = [Found("p1", EVIL, "1958-04-17", EVIL, EVIL)]
    yield "which patient", "launch/patient.html", here | asked | {"patients": listed, "wrong": {"name": EVIL}}
    yield "no such patient", "launch/patient.html", here | asked | {"patients": [], "wrong": {}}
