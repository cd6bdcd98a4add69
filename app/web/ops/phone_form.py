"""What the operator typed during a call, what is wrong with it, and the Call that it says."""

import re
from collections.abc import Mapping
from datetime import date
from typing import Final
from uuid import UUID

from app.domain.referral.needs import OFFERED, need_of
from app.domain.referral.person import LANGUAGES, Helper, Said, birth_date
from app.services.referrals.phone import Call
from app.web.pages.forms import MAX_WORDS, Form

HERSELF, HELPER = "self", "helper"
YES: Final = "yes"
ATTESTED: Final = ("spoken", "paper", "treatment", "agreement")
# how long an answer may be; every field of the form is here or in CHOICES or TICKS
LONGEST = {
    "helper_name": 100,
    "helper_relation": 100,
    "helper_phone": 40,
    "given": 100,
    "family": 100,
    "born": 20,
    "phone": 40,
    "email": 200,
    "street": 200,
    "city": 100,
    "state": 40,
    "postal_code": 20,
    "words": MAX_WORDS,
    "wish": MAX_WORDS,
    "attestation": MAX_WORDS,
}
CHOICES = ("who", "category", "language", "to", "basis")
TICKS = ("do_not_contact", "urgent")
FIELDS = (*LONGEST, *CHOICES, *TICKS)
OFFERED_CODES = frozenset(need.category.code for need in OFFERED)
PHONE = re.compile(r"(?=(?:.*\d){3})[0-9A-Za-z ().,+#*/\-]+")
EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


def nothing_typed() -> dict[str, str]:
    return dict.fromkeys(FIELDS, "")


def typed_in(form: Form) -> dict[str, str]:
    """Everything as it was typed, to be shown again when something is wrong."""
    return {name: form.text(name) for name in FIELDS}


def problems(typed: Mapping[str, str], known: Mapping[str, UUID], today: date) -> dict[str, str]:
    """Field -> problem word, in the order of the page; empty when the call can be taken. `known`: the organizations."""
    found = {name: "too-long" for name, most in LONGEST.items() if len(typed[name]) > most}
    for name, wrong in (*_about_people(typed, today), *_about_help(typed, known)):
        if wrong:
            found.setdefault(name, name)
    order = [name for name in ORDER if name in found]
    return {name: found[name] for name in order}


ORDER = (
    *("who", "helper_name", "helper_relation", "helper_phone"),
    *("given", "family", "born", "phone", "email", "do_not_contact", "street", "city", "state", "postal_code"),
    *("language", "category", "words", "wish", "urgent", "to", "basis", "attestation"),
)


def _about_people(typed: Mapping[str, str], today: date) -> tuple[tuple[str, bool], ...]:
    """(field, whether it is wrong)."""
    helper = typed["who"] == HELPER
    return (
        ("who", typed["who"] not in (HERSELF, HELPER)),
        ("helper_name", helper and not typed["helper_name"]),
        ("helper_relation", helper and not typed["helper_relation"]),
        ("helper_phone", bool(typed["helper_phone"]) and not PHONE.fullmatch(typed["helper_phone"])),
        ("given", not typed["given"] and not typed["family"]),
        ("born", not _is_birth_date(typed["born"], today)),
        ("phone", bool(typed["phone"]) and not PHONE.fullmatch(typed["phone"])),
        ("email", bool(typed["email"]) and not EMAIL.fullmatch(typed["email"])),
        ("language", bool(typed["language"]) and typed["language"] not in LANGUAGES),
    )


def _about_help(typed: Mapping[str, str], known: Mapping[str, UUID]) -> tuple[tuple[str, bool], ...]:
    basis = typed["basis"]
    return (
        ("category", typed["category"] not in OFFERED_CODES),
        ("words", not typed["words"]),
        ("to", typed["to"] not in known if typed["to"] else bool(basis)),
        ("basis", bool(basis) and basis not in ATTESTED),
        # what was heard without a basis that it is for would be lost
        ("basis", bool(typed["attestation"]) and not basis),
        ("attestation", bool(basis) and not typed["attestation"]),
    )


def _is_birth_date(text: str, today: date) -> bool:
    try:
        birth_date(text, today)
    except ValueError:
        return False
    return True


def call_of(typed: Mapping[str, str], known: Mapping[str, UUID], key: UUID, today: date) -> Call:
    """The call; what was typed has no problems."""
    need = need_of(typed["category"])
    assert need is not None
    helper = Helper(typed["helper_name"], typed["helper_relation"], typed["helper_phone"])
    person = Said(
        birth_date=birth_date(typed["born"], today),
        **{
            name: typed[name]
            for name in ("given", "family", "phone", "email", "street", "city", "state", "postal_code", "language")
        },
    )
    return Call(
        key=key,
        helper=helper if typed["who"] == HELPER else None,
        person=person,
        need=need,
        words=typed["words"],
        wish=typed["wish"],
        urgent=typed["urgent"] == YES,
        do_not_contact=typed["do_not_contact"] == YES,
        to=known.get(typed["to"]),
        basis_kind=typed["basis"],
        attestation=typed["attestation"],
    )
