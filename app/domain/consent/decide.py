"""The one decision about a disclosure: `decide(basis, ...) -> Permit | Deny` (architecture, decision 14).

Deny is the default: absence, an element that is not understood and an expired period all deny. The full engine grows
here.
*Source*: security sheet CON-01..CON-13.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from app.domain.consent.consent import ConsentView, Party

Kind = Literal["treatment", "agreement", "paper", "spoken"]
ATTESTED_KINDS: tuple[Kind, ...] = ("treatment", "agreement", "paper", "spoken")
FOREVER = datetime.max.replace(tzinfo=UTC)

Purpose = Literal["TREAT"]
TREATMENT_AND_PARENTS = frozenset({"TREAT", "PurposeOfUse"})
DISCLOSING_ACTIONS = frozenset({"disclose", "access"})


@dataclass(frozen=True, slots=True)
class Recipient:
    """Who would see it: every reference and identifier by which a consent may name this member or its parents."""

    references: frozenset[str]
    identifiers: frozenset[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Attested:
    """A basis that the operator records with her attestation. `recipient` is whom she recorded it for."""

    kind: Kind
    recipient: str
    valid_from: datetime
    valid_until: datetime
    withdrawn: bool


@dataclass(frozen=True, slots=True)
class Permit:
    """It may be shown, until then at the latest."""

    until: datetime


@dataclass(frozen=True, slots=True)
class Deny:
    """It may not; `because` is one of our rule words."""

    because: str


Decision = Permit | Deny


def decide(
    basis: ConsentView | Attested | None,
    *,
    discloser: str,
    recipient: Recipient,
    purpose: Purpose,
    classes: Collection[str],
    direction: Literal["out", "back"],
    now: datetime,
) -> Decision:
    """Whether `discloser` may show `classes` (resource types) to `recipient` for `purpose` at `now`."""
    if basis is None:
        return Deny("no-basis")
    if direction == "back" and recipient.references == frozenset({discloser}):
        return Permit(FOREVER)  # what a member has given away may come back to it
    if isinstance(basis, Attested):
        return _attested(basis, recipient, now)
    return _consented(basis, recipient, purpose, now)


def _attested(basis: Attested, recipient: Recipient, now: datetime) -> Decision:
    if basis.withdrawn:
        return Deny("basis-withdrawn")
    if basis.recipient not in recipient.references:
        return Deny("basis-names-another")
    if not basis.valid_from <= now < basis.valid_until:
        return Deny("basis-not-valid-now")
    return Permit(basis.valid_until)


def _consented(consent: ConsentView, recipient: Recipient, purpose: Purpose, now: datetime) -> Decision:
    checks: tuple[tuple[bool, str], ...] = (
        (consent.active, "consent-not-active"),
        (consent.privacy, "consent-not-about-privacy"),
        (_given(consent, now), "consent-not-given-yet"),
        (not consent.unweighed, "consent-not-understood"),
        (consent.rule != "deny", "consent-does-not-permit"),
        # a form that was scanned says neither whom nor what: whom it names is what somebody has to read in it
        (bool(consent.actors) or consent.rule == "permit", "consent-names-nobody"),
        (consent.rule == "permit", "consent-does-not-permit"),
        (consent.starts is None or consent.starts <= now, "consent-not-valid-now"),
        (consent.ends is None or now < consent.ends, "consent-not-valid-now"),
        (bool(consent.actors), "consent-names-nobody"),
        (any(_names(actor, recipient) for actor in consent.actors), "consent-names-another"),
        (not consent.purposes or bool(consent.purposes & TREATMENT_AND_PARENTS), "consent-for-another-purpose"),
        (not consent.actions or bool(consent.actions & DISCLOSING_ACTIONS), "consent-for-another-action"),
    )
    denied = next((because for holds, because in checks if not holds), None)
    return Deny(denied) if denied else Permit(consent.ends or FOREVER)


def _given(consent: ConsentView, now: datetime) -> bool:
    return consent.given_at is not None and consent.given_at <= now


def _names(actor: Party, recipient: Recipient) -> bool:
    """An actor in a permit that cannot be resolved is nobody."""
    by_identifier = actor.identifier != ("", "") and actor.identifier in recipient.identifiers
    return actor.reference in recipient.references or by_identifier
