"""The catalogue's codes are those of the Gravity value sets that the guide binds to each category, in their own words."""

import json
from functools import cache

import pytest

from app.domain.referral.words import SEMANTIC_TAG
from app.fhir.terminology.catalogue import SYSTEMS, Entry, catalogue
from app.fhir.terminology.facts import system_of
from tests.parts import SHARED

pytestmark = pytest.mark.needs("shared")

VALUE_SETS = SHARED / "fhir" / "valuesets"
ELEMENTS = {
    "services": ("ServiceRequest.code",),
    "findings": ("Condition.code",),
    "screening": ("Observation.code",),
    "goals": ("Goal.description",),
}
# what stands for a category to which the guide binds no value set of its own
OF_ALL = ELEMENTS | {"screening": ("ScreeningQuestions", "ScreeningInstruments")}
# no value set is bound, or it could not be had
UNBOUND = {
    ("digital-literacy", "screening"),
    ("incarceration-status", "screening"),
    *(("protective-factor", kind) for kind in ("services", "screening", "goals")),
    *(("sdoh-category-unspecified", kind) for kind in ELEMENTS),
}
Words = dict[tuple[str, str], str]
EACH_LIST = pytest.mark.parametrize(
    ("entry", "kind"),
    [(entry, kind) for entry in catalogue() for kind in ELEMENTS],
    ids=lambda value: value if isinstance(value, str) else value.category,
)


@cache
def value_set(name: str) -> Words:
    """(system, code) -> display, of full names of SNOMED CT without their kind; what is not offered for new data is
    left out. Of a set that could not be had, what the guide's own example uses."""
    tree = json.loads((VALUE_SETS / f"{name}.json").read_text(encoding="utf-8"))
    codes = [each for each in tree["codes"] if each.get("inExpansion", True)] or tree["igExampleCodes"]
    return {(system_of(each["system"]), each["code"]): SEMANTIC_TAG.sub("", each["display"]) for each in codes}


def bound(entry: Entry, kind: str) -> Words:
    """What the value sets of a category hold, or those of all categories where it has none."""
    elements = [entry.category, *ELEMENTS[kind]]
    own = VALUE_SETS / f"{'.'.join(elements)}.json"
    assert own.exists() is ((entry.category, kind) not in UNBOUND)
    names = [own.stem] if own.exists() else [f"all-categories.{element}" for element in OF_ALL[kind]]
    return {key: words for name in names for key, words in value_set(name).items()}


@EACH_LIST
def test_every_code_stands_in_the_value_set_of_its_category_under_that_name(entry: Entry, kind: str) -> None:
    known = bound(entry, kind)
    codes = entry.codes[kind]
    assert {each.code: known.get((each.system, each.code)) for each in codes} == {
        each.code: each.display for each in codes
    }


@EACH_LIST
def test_where_the_guide_has_codes_some_are_named(entry: Entry, kind: str) -> None:
    assert entry.codes[kind] or (entry.category, kind) in UNBOUND


def test_a_diagnosis_can_be_billed_for_it_has_nothing_below_it() -> None:
    known = {code for system, code in value_set("all-categories.Condition.code") if system == SYSTEMS["icd10"]}
    named = {each.code for entry in catalogue() for each in entry.findings if each.system == SYSTEMS["icd10"]}
    assert "Z59.41" in named
    assert {code: [each for each in known if each != code and each.startswith(code)] for code in named} == {
        code: [] for code in named
    }


@pytest.mark.parametrize("category", ["sdoh-category-unspecified", "protective-factor"])
def test_what_is_asked_for_where_nothing_is_bound_fits_every_category(category: str) -> None:
    entries = {entry.category: entry for entry in catalogue()}
    others = [each for each in entries.values() if (each.category, "services") not in UNBOUND]
    for service in entries[category].services:
        assert all((service.coded.system, service.coded.code) in bound(each, "services") for each in others)
