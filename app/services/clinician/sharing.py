"""What a referral will share, with whom, on what basis: told before it is sent, from the very records that are sent.

*Source*: product sheet G02, G06; security sheet CON-11 (what was shown is what was agreed to).
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal
from uuid import UUID

from app.domain.consent import consent as fhir_consent
from app.domain.consent.decide import Permit
from app.domain.consent.denial import counts, forbids
from app.domain.consent.wording import Sharing, sentences, written
from app.domain.referral import words
from app.domain.referral.chart_needs import ChartNeed
from app.domain.referral.needs import Need
from app.fhir.errors import Refusal
from app.fhir.json import JsonObject
from app.services.clinician.chart import Read
from app.services.clinician.copies import as_copy, said
from app.services.clinician.reduced import fingerprint, judged, reduced
from app.services.launch.session import Launched
from app.services.lookups.decision import weigh
from app.services.network import Network
from app.store import members
from app.store.pool import Unit

Basis = Literal["chart", "signed", "spoken"]
Fitness = Literal["whole", "flawed", "unfit"]
AGREED_FOR = timedelta(days=365)
# what a Patient may hold, in the words of the page; what is not named here is told as "other details"
OF_A_PERSON: tuple[tuple[frozenset[str], str], ...] = (
    (frozenset({"name"}), "name"),
    (frozenset({"birthDate"}), "birth date"),
    (frozenset({"telecom"}), "telephone and e-mail"),
    (frozenset({"address"}), "address"),
    (frozenset({"gender"}), "gender"),
    (frozenset({"communication"}), "language"),
    (frozenset({"identifier"}), "record numbers"),
    (frozenset({"contact"}), "contact persons"),
    (frozenset({"maritalStatus"}), "marital status"),
    (frozenset({"photo"}), "photograph"),
    (frozenset({"generalPractitioner", "managingOrganization"}), "who cares for the person"),
)
# what goes with each record besides its name, its answer and its day (the table is in reduced.py)
OF_RECORDS = ("the codes, status, dates and numbers of these records",)
UNTOLD = frozenset({"resourceType", "id", "meta", "text", "active", "language", "implicitRules"})


@dataclass(frozen=True, slots=True)
class ChartConsent:
    """A Consent of the chart, as seen for one recipient: `reference` is its name there, `until` None for no end."""

    reference: str
    until: datetime | None


@dataclass(frozen=True, slots=True)
class ChartConsents:
    """`permitting`: those that a referral may rest on, none where sharing is `forbidden` or where one is `unsure`."""

    permitting: tuple[ChartConsent, ...]
    forbidden: bool
    unsure: bool


@dataclass(frozen=True, slots=True)
class Shared:
    """`sharing` is what a consent would say; `seen` tells whether the same was shown when the form comes back."""

    sharing: Sharing
    sentences: tuple[str, ...]
    about_person: tuple[str, ...]
    records: tuple[str, ...]
    seen: str


def told(
    read: Read, launched: Launched, need: Need, records: Iterable[str], *, receiver: str, network: str, now: datetime
) -> Shared:
    """What goes to `receiver`, in words."""
    chosen = [each for each in read.needs if each.reference in set(records)]
    named = tuple(dict.fromkeys(filter(None, map(_named, chosen))))
    person = read.patient or {}
    held = of_person(reduced(person) if person else person)
    sharing = Sharing(
        person=words.person_name(person) or launched.patient_name,
        giver=launched.member_name,
        receiver=receiver,
        network=network,
        shared=(
            *held,
            f"the need: {need.words}",
            *([f"what is asked for: {need.chosen.en}"] if need.chosen else ()),
            *(f"from the chart: {each}" for each in named),
            *(OF_RECORDS if chosen else ()),
        ),
        until=(now + AGREED_FOR).date(),
    )
    agreed = sentences(sharing)
    return Shared(sharing, agreed, held, named, _seen(agreed, read, launched, [each.reference for each in chosen]))


def _seen(agreed: Iterable[str], read: Read, launched: Launched, records: Iterable[str]) -> str:
    """A hash of the sentences, and of every resource as it would be shared or is the ground for sharing."""
    base = launched.connection.fhir_base
    own = [tree for tree in (read.patient, read.practitioner) if tree is not None]
    consents = sorted(read.consents, key=lambda tree: str(tree["id"]))
    trees = [*own, *(read.records[name] for name in sorted(records)), *consents]
    parts = ["\n".join(agreed).encode(), *(fingerprint(said(as_copy(tree, base))) for tree in trees)]
    return hashlib.sha256(b"\n".join(parts)).hexdigest()


def _named(need: ChartNeed) -> str:
    """A record as it is told: what it is, the answer, the day."""
    text = ": ".join(filter(None, (need.words, need.answer)))
    try:
        day = written(date.fromisoformat(need.on))
    except ValueError:
        day = need.on
    return f"{text} ({day})" if text and day else text


def of_person(patient: JsonObject) -> tuple[str, ...]:
    """The kinds of information that a Patient holds."""
    held = frozenset(name.lstrip("_") for name in patient) - UNTOLD
    found = [said for names, said in OF_A_PERSON if names & held]
    rest = held - frozenset().union(*(names for names, _ in OF_A_PERSON))
    return (*found, *(["other details of the record"] if rest else []))


def fitness(read: Read, launched: Launched, record: str) -> Fitness:
    """Whether a record of the chart can go along: whole, with what is wrong with it, or not at all."""
    refused, flaws = judged(as_copy(read.records[record], launched.connection.fhir_base))
    return "unfit" if refused else "flawed" if flaws else "whole"


async def network_name(network: Network) -> str:
    """What the network calls itself."""
    async with network.store.unit(()) as unit:
        return (await members.get(unit, [network.coordinator]))[network.coordinator].name


async def chart_consents(network: Network, launched: Launched, read: Read, to: UUID) -> ChartConsents:
    """What the chart's Consents say to a referral to this member."""
    async with network.store.unit(launched.caller.members, write=True) as unit:
        found = await permitting(network, unit, launched, read, to)
    return ChartConsents(
        tuple(found), forbidden(read, network.clock.now()), unsure(read, launched, network.clock.now())
    )


def forbidden(read: Read, now: datetime) -> bool:
    """Whether a Consent of the chart forbids sharing; also one that Baton cannot weigh."""
    return any(forbids(tree, now) for tree in (*read.consents, *read.stray_consents))


def unsure(read: Read, launched: Launched, now: datetime) -> bool:
    """Whether there may be a denial that nobody could see: then no Consent of the chart is enough by itself."""
    seen = all(_view(tree, launched) is not None for tree in read.consents if counts(tree, now))
    return not (read.all_consents and seen) or any(counts(tree, now) for tree in read.stray_consents)


async def permitting(network: Network, unit: Unit, launched: Launched, read: Read, to: UUID) -> list[ChartConsent]:
    """The chart's Consents that admit this recipient; none when one denies as a whole, or may deny unseen."""
    if forbidden(read, unit.now) or unsure(read, launched, unit.now):
        return []
    found = []
    for tree in read.consents:
        decision = await weigh(network, unit, to, _view(tree, launched))
        if isinstance(decision, Permit):
            until = None if decision.until.year >= 9999 else decision.until
            found.append(ChartConsent(f"Consent/{tree['id']}", until))
    return found


def _view(tree: JsonObject, launched: Launched) -> fhir_consent.ConsentView | None:
    """As the decision would see its copy; None for one that cannot be kept whole."""
    absolute = as_copy(tree, launched.connection.fhir_base)
    try:
        return None if judged(absolute)[0] else fhir_consent.view(absolute)
    except Refusal:
        return None
