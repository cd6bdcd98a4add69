"""What the EHR's chart says about the one patient of a launch, read now; what could not be read is named.

Whatever a server answers, only what is about this patient is looked at.
*Source*: US Core 3.1.1 to 7.0.0, searches by patient and category; security sheet APP-09, APP-12.
"""

import asyncio
from collections.abc import Awaitable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, TypeVar

from app.domain.referral.chart_needs import ChartNeed, chart_need
from app.fhir import json
from app.fhir.errors import Value
from app.fhir.json import JsonObject
from app.fhir.references import Local, parse_reference
from app.gateways.ehr.trouble import EhrTrouble
from app.services.launch.context import behind_role
from app.services.launch.looking import looked
from app.services.launch.refusals import LaunchOver
from app.services.launch.session import Launched, chart_of
from app.services.network import Network
from app.services.steps.structure import is_in_shape
from app.store import origins, resources

Answer = TypeVar("Answer")

MOST = 200
SURVEY = "http://terminology.hl7.org/CodeSystem/observation-category|survey"
SOCIAL_HISTORY = "http://terminology.hl7.org/CodeSystem/observation-category|social-history"
SOCIAL = "http://hl7.org/fhir/us/core/CodeSystem/us-core-category|sdoh"
# a hospital writes a diagnosis at each encounter: what stands for longer is asked for besides, the newest first
LISTED = "problem-list-item,health-concern"
# what is searched for, in people's words; servers differ in which categories they know
SEARCHES: tuple[tuple[str, str, Mapping[str, str]], ...] = (
    ("needs and diagnoses", "Condition", {"category": LISTED, "_sort": "-recorded-date"}),
    ("needs and diagnoses", "Condition", {}),
    ("screening answers", "Observation", {"category": SURVEY}),
    ("screening answers", "Observation", {"category": SOCIAL_HISTORY}),
    ("screening answers", "Observation", {"category": SOCIAL}),
    ("consents", "Consent", {}),
)
CHART = "the chart"
PERSON = "the person's record"
PRACTITIONER = "your own name"
WHY = {
    "away": "The health record system does not answer.",
    "refused": "The health record system does not let Baton read it.",
    "ended": "Your sign-in at the health record system has ended. Open Baton again from the chart.",
    "not-fhir": "The health record system gave an answer that cannot be read.",
    "too-large": "The health record system gave an answer that is too large.",
    "not-offered": "The health record system does not offer it.",
}
# what a server does not know, it may know under another category
ANOTHER_WILL_DO = frozenset({"not-offered", "refused"})
SOMETHING_WRONG = "It could not be read."
TOO_MANY = "There are more of them than Baton reads."
WHOSE = "The health record system does not say clearly that they are about this person."


class Readable(Protocol):
    """A patient's chart in an EHR."""

    async def read(self, type_name: str, id: str) -> JsonObject | None:
        """The resource, or None where there is none."""
        ...

    async def search(self, type_name: str, params: Mapping[str, str], most: int = MOST) -> list[JsonObject]:
        """What is found, page by page."""
        ...


@dataclass(frozen=True, slots=True)
class Missing:
    """What could not be read, and why, in words."""

    what: str
    why: str


@dataclass(frozen=True, slots=True)
class Read:
    """`patient` and `practitioner` are None where they could not be read; trees are as the EHR wrote them.

    `kept`: the patient is the copy that we made earlier, not read now. `stray_consents` were in the answer about this
    patient, and do not say clearly whom they are about. `all_consents`: the EHR gave every Consent that it has.
    `shut_out`: the EHR lets us in no more.
    """

    patient: JsonObject | None
    practitioner: JsonObject | None
    needs: tuple[ChartNeed, ...]
    records: Mapping[str, JsonObject]
    consents: tuple[JsonObject, ...]
    missing: tuple[Missing, ...]
    kept: bool = False
    stray_consents: tuple[JsonObject, ...] = ()
    all_consents: bool = False
    shut_out: bool = False

    @property
    def trees(self) -> list[JsonObject]:
        """Everything that was read now."""
        own = [] if self.kept else [self.patient]
        return [tree for tree in (*own, self.practitioner, *self.records.values()) if tree is not None]


NOTHING = Read(None, None, (), {}, (), ())


async def read_now(network: Network, launched: Launched) -> Read:
    """The chart as it is now; where the EHR is away, the person as we know her from before. Never fails."""
    await looked(network, launched, "chart")
    try:
        read = await read_chart(await chart_of(network, launched), launched)
    except LaunchOver:
        read = replace(NOTHING, missing=(Missing(CHART, WHY["ended"]),), shut_out=True)
    except EhrTrouble as trouble:
        read = replace(NOTHING, missing=(Missing(CHART, WHY.get(trouble.kind, SOMETHING_WRONG)),))
    if read.patient is not None:
        return read
    kept = await kept_person(network, launched)
    return replace(read, patient=kept, kept=kept is not None)


async def read_to_send(network: Network, launched: Launched) -> Read:
    """As `read_now`, for what is about to be shared. Raises LaunchOver: who was shut out does not go on with copies.

    An EHR that is away has not said no.
    """
    read = await read_now(network, launched)
    if read.shut_out:
        raise LaunchOver
    return read


async def kept_person(network: Network, launched: Launched) -> JsonObject | None:
    """Our copy of the launch's patient, as it was read last."""
    async with network.store.unit(launched.caller.members) as unit:
        local = await origins.patient(unit, launched.connection.id, launched.patient)
        stored = (await resources.by_ids(unit, [local])).get(local) if local else None
    return json.parse(stored.body) if stored else None


async def read_chart(chart: Readable, launched: Launched) -> Read:
    """Everything that the pages and a referral need of the chart. Never fails: see `missing`."""
    if launched.patient is None:
        return NOTHING
    by_patient = {"patient": launched.patient}
    kind, id = _user(launched)
    answers: list[object] = await asyncio.gather(
        _tried(chart.read("Patient", launched.patient)),
        _tried(chart.read(kind, id) if kind else _nobody()),
        *(_tried(chart.search(name, {**by_patient, **more}, MOST)) for _, name, more in SEARCHES),
    )
    answers = [*map(_in_form, answers[:2]), *answers[2:]]
    shut_out = _is_over(answers[0])
    if not shut_out:
        answers = [EhrTrouble("refused") if _is_over(answer) else answer for answer in answers]
    patient, user = (answer if isinstance(answer, dict) else None for answer in answers[:2])
    user = await _person_of(chart, launched, user)
    found = [tree for tree in _trees(answers[2:]) if "id" in tree]
    records = {_name(tree): tree for tree in found if about(tree, launched)}
    strays = {_name(tree): tree for tree in found if _is_stray(tree, launched)}
    needs, unread = _needs(records.values())
    asked_for_consents = answers[-1]
    return Read(
        patient=patient if patient and patient.get("id") == launched.patient else None,
        practitioner=user,
        needs=needs,
        records=records,
        consents=_consents(records),
        missing=(*_missing(answers, bool(kind)), *unread, *_unclear(strays)),
        stray_consents=_consents(strays),
        all_consents=isinstance(asked_for_consents, list) and _is_whole(asked_for_consents),
        shut_out=shut_out,
    )


def _is_over(answer: object) -> bool:
    """Some answer 401 to a single search that they do not allow: it counts where the person is not shown either."""
    return isinstance(answer, EhrTrouble) and answer.kind == "ended"


def about(tree: JsonObject, launched: Launched) -> bool:
    """Whether a resource of this EHR is about the launch's patient."""
    return launched.patient is not None and _whose(tree, launched) == ("Patient", launched.patient)


def _is_stray(tree: JsonObject, launched: Launched) -> bool:
    """Whether it cannot be told whom a resource is about: it leads to no Patient of this EHR."""
    return _whose(tree, launched)[0] != "Patient"


def _whose(tree: JsonObject, launched: Launched) -> tuple[str, str]:
    return _leads_to(tree.get("subject") or tree.get("patient") or {}, launched)


def _user(launched: Launched) -> tuple[str, str]:
    """The type and id of who is signed in there, where it is one that has a name and works there."""
    kind, _, id = (launched.fhir_user or "").partition("/")
    return (kind, id) if kind in ("Practitioner", "PractitionerRole") else ("", "")


async def _person_of(chart: Readable, launched: Launched, user: JsonObject | None) -> JsonObject | None:
    """Behind a role stands a person."""
    if user is None or user.get("resourceType") != "PractitionerRole":
        return user
    kind, _, id = (behind_role(user, launched.connection.fhir_base) or "").partition("/")
    found = _in_form(await _tried(chart.read(kind, id))) if kind else None
    return found if isinstance(found, dict) else None


def _in_form(answer: object) -> object:
    """A resource as it is when its parts have the types that everybody reads; nobody's name is guessed from others."""
    if isinstance(answer, dict) and not is_in_shape(answer):
        return EhrTrouble("not-fhir")
    return answer


def _leads_to(reference: object, launched: Launched) -> tuple[str, str]:
    """(type, id) of a literal reference into this EHR, ("", "") for any other."""
    text = reference.get("reference", "") if isinstance(reference, dict) else ""
    try:
        target = parse_reference(text, launched.connection.fhir_base) if isinstance(text, str) else None
    except Value:
        return "", ""
    return (target.type, target.id) if isinstance(target, Local) else ("", "")


async def _tried(call: Awaitable[Answer]) -> Answer | EhrTrouble:
    try:
        return await call
    except EhrTrouble as trouble:
        return trouble


async def _nobody() -> None:
    return None


def _trees(answers: Iterable[object]) -> list[JsonObject]:
    return [tree for answer in answers if isinstance(answer, list) for tree in answer]


def _consents(records: Mapping[str, JsonObject]) -> tuple[JsonObject, ...]:
    return tuple(tree for tree in records.values() if tree["resourceType"] == "Consent")


def _is_whole(answer: object) -> bool:
    """Whether the server has no more of it than it gave."""
    return bool(getattr(answer, "complete", True))


def _unclear(strays: Mapping[str, JsonObject]) -> list[Missing]:
    """One word for each kind of which something does not say whom it is about."""
    kinds = {tree["resourceType"] for tree in strays.values()}
    return [Missing(what, WHOSE) for what in dict.fromkeys(what for what, kind, _ in SEARCHES if kind in kinds)]


def _needs(records: Iterable[JsonObject]) -> tuple[tuple[ChartNeed, ...], tuple[Missing, ...]]:
    """The needs, and a word on records whose shape nobody can read."""
    found, unread = [], 0
    for tree in records:
        try:
            need = chart_need(tree)
        except (AttributeError, TypeError, KeyError, IndexError):
            unread += 1
        else:
            found += [need] if need else []
    return tuple(found), (Missing("some records", "They are not in a form that Baton knows."),) if unread else ()


def _missing(answers: Sequence[object], user_known: bool) -> tuple[Missing, ...]:
    """One word for each kind of which nothing could be read, or not all that there is."""
    kinds = [PERSON, *([PRACTITIONER] if user_known else [""]), *(what for what, _, _ in SEARCHES)]
    pairs = list(zip(kinds, answers, strict=True))
    answered = {what for what, answer in pairs if isinstance(answer, list)}
    told: dict[str, Missing] = {}
    for what, answer in pairs:
        if isinstance(answer, EhrTrouble) and not (what in answered and answer.kind in ANOTHER_WILL_DO):
            told.setdefault(what, Missing(what, WHY.get(answer.kind, SOMETHING_WRONG)))
        elif isinstance(answer, list) and not _is_whole(answer):
            told.setdefault(what, Missing(what, TOO_MANY))
    if answers[0] is None:
        told[PERSON] = Missing(PERSON, "The health record system has no such person.")
    return tuple(each for what, each in told.items() if what)


def _name(tree: JsonObject) -> str:
    return f"{tree['resourceType']}/{tree['id']}"
