"""Which Conditions and Observations of a chart are social needs, and of which categories: one function over the tables.

Codes decide, never words. What was refuted, resolved or entered by mistake is no need; neither is a question that
nobody answered. Where a record is about social needs but its answer cannot be judged, a person has to read it.
*Source*: SDOH Clinical Care 3.0.0, SDOHCC-Condition and its Observations; US Core 3.1.1, 6.1.0 and 7.0.0.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from app.domain.referral import words
from app.domain.referral.chart_codes import (
    CATEGORIES,
    ICD10,
    LOINC,
    NOTHING_NEEDED,
    SNOMED,
)
from app.domain.referral.needs import PROTECTIVE, UNSPECIFIED

Tree = Mapping[str, Any]

SDOHCC_CODES = "http://hl7.org/fhir/us/sdoh-clinicalcare/CodeSystem/"
US_CORE = "http://hl7.org/fhir/us/core/CodeSystem/"
SNOMED_SYSTEM = "http://snomed.info/sct"
LOINC_SYSTEM = "http://loinc.org"
ICD10_SYSTEM = "http://hl7.org/fhir/sid/icd-10-cm"
STANDARD = frozenset({SNOMED_SYSTEM, LOINC_SYSTEM, ICD10_SYSTEM, "http://hl7.org/fhir/sid/icd-9-cm"})

OVER = frozenset({"inactive", "remission", "resolved"})
NOT_SO = frozenset({"refuted", "entered-in-error"})
NO_ANSWER_YET = frozenset({"registered", "cancelled", "entered-in-error"})
POSITIVE, NEGATIVE = frozenset({"POS", "A", "H"}), frozenset({"NEG", "N", "ND"})


@dataclass(frozen=True, slots=True)
class ChartNeed:
    """A record of the chart that tells of a social need. `reference` is Type/id there, `on` a date as written or "".

    `sure`: its code or answer says so; else it is about social needs, and a person has to read `words` and `answer`.
    """

    reference: str
    words: str
    answer: str
    categories: tuple[str, ...]
    sure: bool
    on: str


def chart_need(tree: Tree) -> ChartNeed | None:
    """What a Condition or an Observation tells of a social need; None when it tells of none."""
    kind = tree.get("resourceType")
    found = _condition(tree) if kind == "Condition" else _observation(tree) if kind == "Observation" else None
    if found is None or PROTECTIVE in found[0]:
        return None
    categories, sure = found
    return ChartNeed(
        reference=f"{kind}/{tree.get('id', '')}",
        words=words.concept(_said(tree.get("code", {}))),
        answer=_answer_words(tree),
        categories=categories or (UNSPECIFIED,),
        sure=sure,
        on=_day(tree),
    )


def categories_of(codings: Iterable[Tree]) -> tuple[str, ...]:
    """The categories of which codings tell by themselves, the likelier first; () for codes that are no social need."""
    found: list[str] = []
    for coding in codings:
        code, system = str(coding.get("code", "")), coding.get("system", "")
        if system == SNOMED_SYSTEM:
            found += [category for category, codes in SNOMED if code in codes.split()]
        elif system == ICD10_SYSTEM:
            found += _icd10(code)
    return tuple(dict.fromkeys(found))


def _icd10(code: str) -> list[str]:
    """With or without its point, in whatever case: Z5941 is Z59.41."""
    plain = code.replace(".", "").upper()
    matching = [(len(start), names) for start, names in ICD10 if plain.startswith(start.replace(".", ""))]
    return max(matching)[1].split() if matching else []


def _condition(tree: Tree) -> tuple[tuple[str, ...], bool] | None:
    if _codes(tree.get("clinicalStatus", {})) & OVER or _codes(tree.get("verificationStatus", {})) & NOT_SO:
        return None
    named, social = _by_category(tree)
    codings = list(_codings(_said(tree.get("code", {}))))
    categories = tuple(dict.fromkeys((*named, *categories_of(codings))))
    if categories:
        return categories, True
    if social:
        return (), False
    # a local code says nothing to us; where it stands as a health concern, a person may know
    concern = any("health-concern" in _codes(each) for each in tree.get("category", ()))
    local_only = bool(_said(tree.get("code", {}))) and not any(each.get("system") in STANDARD for each in codings)
    return ((), False) if concern and local_only else None


def _observation(tree: Tree) -> tuple[tuple[str, ...], bool] | None:
    interpreted = frozenset().union(*(_codes(each) for each in tree.get("interpretation", ())))
    answers, booleans = _answers(tree)
    answered = answers or booleans or any(name.startswith("value") for name in tree)
    if tree.get("status") in NO_ANSWER_YET or interpreted & NEGATIVE or not answered:
        return None
    named, social = _by_category(tree)
    questions = frozenset(_question_codes(tree))
    told = _told(questions, answers)
    found = categories_of(_codings(tree.get("code", {})))
    asked = tuple(category for category, codes, _ in LOINC if questions & set(codes.split()))
    if told:
        return tuple(dict.fromkeys((*told, *named))), True
    if (answers and answers <= NOTHING_NEEDED) or (booleans and not any(booleans)):
        return None
    categories = tuple(dict.fromkeys((*named, *found, *asked)))
    if not categories and not social:
        return None
    return categories, bool(interpreted & POSITIVE) or (bool(found) and any(booleans))


def _told(questions: frozenset[str], answers: frozenset[str]) -> tuple[str, ...]:
    """The categories whose telling answers are among those given."""
    return tuple(
        dict.fromkeys(
            category
            for category, codes, telling in LOINC
            if questions & set(codes.split()) and answers & set(telling.split())
        )
    )


def _by_category(tree: Tree) -> tuple[tuple[str, ...], bool]:
    """The SDOH categories that a record names, and whether it is marked as social at all."""
    named: list[str] = []
    social = False
    for coding in (coding for category in tree.get("category", ()) for coding in _codings(category)):
        system, code = str(coding.get("system", "")), coding.get("code")
        if system.startswith(SDOHCC_CODES) and code in CATEGORIES:
            named.append(str(code))
        social = social or (system.startswith(US_CORE) and code == "sdoh")
    return tuple(dict.fromkeys(each for each in named if each != UNSPECIFIED)), social or bool(named)


def _answers(tree: Tree) -> tuple[frozenset[str], tuple[bool, ...]]:
    """LOINC answers, of the Observation and of its components, and the truth values."""
    holders = [tree, *tree.get("component", ())]
    given = [holder["valueCodeableConcept"] for holder in holders if "valueCodeableConcept" in holder]
    codes = (coding for concept in given for coding in _codings(concept) if coding.get("system") == LOINC_SYSTEM)
    booleans = tuple(holder["valueBoolean"] for holder in holders if isinstance(holder.get("valueBoolean"), bool))
    return frozenset(str(coding.get("code", "")) for coding in codes), booleans


def _question_codes(tree: Tree) -> Iterator[str]:
    for holder in (tree, *tree.get("component", ())):
        for coding in _codings(holder.get("code", {})):
            if coding.get("system") == LOINC_SYSTEM:
                yield str(coding.get("code", ""))


def _answer_words(tree: Tree) -> str:
    """The answer, and of a question with parts each part with its question."""
    parts = ((words.concept(_said(each.get("code", {}))), _value_words(each)) for each in tree.get("component", ()))
    return "; ".join(filter(None, (_value_words(tree), *(": ".join(filter(None, part)) for part in parts))))


def _value_words(holder: Tree) -> str:
    if "valueCodeableConcept" in holder:
        return words.concept(_said(holder["valueCodeableConcept"]))
    if isinstance(holder.get("valueBoolean"), bool):
        return "Yes" if holder["valueBoolean"] else "No"
    if "valueQuantity" in holder:
        quantity = holder["valueQuantity"]
        return " ".join(str(quantity[name]) for name in ("value", "unit") if name in quantity)
    return str(next((holder[name] for name in ("valueString", "valueInteger", "valueDateTime") if name in holder), ""))


def _said(concept: Tree) -> Tree:
    """Without codings that only say why there is no code."""
    codings = [each for each in _codings(concept) if "data-absent-reason" not in str(each.get("system", ""))]
    said: dict[str, Any] = {"coding": codings} if codings else {}
    return said | ({"text": concept["text"]} if concept.get("text") else {})


def _day(tree: Tree) -> str:
    places = ("recordedDate", "onsetDateTime", "effectiveDateTime", "issued")
    written = next((tree[name] for name in places if isinstance(tree.get(name), str)), "")
    period = tree.get("onsetPeriod") or tree.get("effectivePeriod") or {}
    return str(written or period.get("start", ""))[:10]


def _codes(concept: Tree) -> frozenset[str]:
    return frozenset(str(coding.get("code", "")) for coding in _codings(concept))


def _codings(concept: Tree) -> list[Tree]:
    return [coding for coding in concept.get("coding", ()) if isinstance(coding, dict)]


def by_category(needs: Iterable[ChartNeed]) -> list[tuple[str, tuple[ChartNeed, ...]]]:
    """The needs under their first categories; within one the sure ones first, then the newest."""
    newest_first = sorted(sorted(needs, key=lambda need: need.reference), key=lambda need: need.on, reverse=True)
    ordered = sorted(newest_first, key=lambda need: (need.categories[0], not need.sure))
    return [(category, tuple(each)) for category, each in groupby(ordered, key=lambda need: need.categories[0])]
