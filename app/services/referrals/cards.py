"""What pages show of a referral: frozen views, already in people's words."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.domain.referral.words import Contact


@dataclass(frozen=True, slots=True)
class InboxItem:
    referral: UUID
    person: str
    need: str
    sender: str
    status: str
    status_words: str
    due: datetime | None
    overdue: bool
    received: datetime
    urgent: bool
    next_action: str


@dataclass(frozen=True, slots=True)
class Person:
    name: str
    birth_date: str
    contacts: tuple[Contact, ...]
    address: str
    language: str


@dataclass(frozen=True, slots=True)
class Sender:
    name: str
    organization: str
    phone: str
    email: str


@dataclass(frozen=True, slots=True)
class Moment:
    """One thing that happened; `by` is an organization."""

    at: datetime
    words: str
    by: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Agreed:
    """On what a disclosure stands, as far as its recipient should know; `until` None means no end was set."""

    kind: str
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Story:
    """One referral; `version` is that of the Task that the buttons change, `notes` what the sender says in words."""

    referral: UUID
    person: Person
    need: str
    need_codes: tuple[str, ...]
    reasons: tuple[str, ...]
    sender: Sender
    status: str
    status_words: str
    due: datetime | None
    overdue: bool
    timeline: tuple[Moment, ...]
    actions: tuple[str, ...]
    version: str
    outcome: str | None
    do_not_contact: bool
    agreed: Agreed | None
    notes: tuple[str, ...] = ()
    urgent: bool = False


@dataclass(frozen=True, slots=True)
class WaitingItem:
    """A referral in the operator's lists; `owner` is who has it, `why` why it waits with her."""

    referral: UUID
    person: str
    need: str
    sender: str
    status: str
    status_words: str
    why: str
    owner: str
    next_action: str
    due: datetime | None
    overdue: bool
    urgent: bool


@dataclass(frozen=True, slots=True)
class Child:
    name: str
    status: str
    reason: str


@dataclass(frozen=True, slots=True)
class WaitingDetail:
    """`candidates`: members that the sender names; `actions`: the operator's buttons that apply now."""

    story: Story
    why: str
    candidates: tuple[UUID, ...]
    consent_document: bool
    children: tuple[Child, ...]
    actions: tuple[str, ...]
