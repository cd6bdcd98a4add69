"""One thing is wrong in each of these resources, and our validator says what and where; the official one says the same,
but for what a table explains."""

from __future__ import annotations

from collections import Counter
from functools import cache

import pytest

from tests.mutations.bases import BASES
from tests.mutations.cases import all_cases
from tests.mutations.definitions import profiles_of_the_guide
from tests.mutations.disagreements import disagreements
from tests.mutations.elements import elements, every
from tests.mutations.examples import of_the_guide, of_us_core
from tests.mutations.generate import Case, bases, mutations
from tests.mutations.ours import errors
from tests.mutations.places import is_near, is_right
from tests.mutations.recipes import NOT_ALONE
from tests.mutations.verdicts import verdicts
from tests.mutations.words import GUIDE

pytestmark = pytest.mark.needs("shared")

AT_LEAST = 15
# of a hundred cases, so many may be ours to blame
OURS_TO_BLAME = 2
# rules of R4 for every resource or element: each is broken somewhere, see recipes.EVERYWHERE
OF_ALL = {"dom-2", "dom-3", "dom-4", "dom-5", "ele-1", "ext-1"}


@cache
def by_profile() -> dict[str, list[Case]]:
    found: dict[str, list[Case]] = {profile: [] for profile in profiles_of_the_guide()}
    for case in mutations():
        found[case.profile].append(case)
    return found


@cache
def differing() -> dict[str, str]:
    """Case -> how: what the two say, or that ours names another place."""
    found = {}
    for name, case in all_cases().items():
        verdict, good = verdicts().get(name), not errors(case.body)
        if verdict is not None and verdict.good != good:
            found[name] = f"ours {'good' if good else 'bad'}, official {'good' if verdict.good else 'bad'}"
        elif case.kind and not is_told(case):
            found[name] = "ours tells another place"
    return found


def is_told(case: Case) -> bool:
    """At its place; of an invariant, by its key."""
    return any(is_right(issue.at, case) and case.rule in ("", issue.rule) for issue in errors(case.body))


def is_listed(case: Case) -> bool:
    return case.id in disagreements() and disagreements()[case.id].right != "ours"


@pytest.mark.parametrize("profile", sorted({base.profile for base in BASES}))
def test_every_defect_is_told_where_it_is(profile: str) -> None:
    cases = [case for case in by_profile()[profile] if not is_listed(case)]
    assert {case.id: errors(case.body) for case in cases if not is_told(case)} == {}


def test_nothing_good_is_refused() -> None:
    cases = [case for case in (*of_the_guide(), *of_us_core(), *bases()) if not is_listed(case)]
    assert {case.id: errors(case.body) for case in cases if errors(case.body)} == {}


def test_every_profile_is_broken_in_many_ways() -> None:
    few = {profile: len(cases) for profile, cases in by_profile().items() if len(cases) < AT_LEAST}
    # the abstract one is broken in those that are made from it
    assert few == {"SDOHCC-ObservationPersonalCharacteristic": 0}


def test_every_rule_of_every_profile_is_broken() -> None:
    unbroken = {}
    for profile, cases in by_profile().items():
        demanded = {key for element in every(elements(f"{GUIDE}{profile}")) for key in element.invariants}
        left = demanded - OF_ALL - {case.rule for case in cases} - NOT_ALONE.keys()
        if cases and left:
            unbroken[profile] = left
    assert unbroken == {}
    assert {case.rule for case in mutations()} >= OF_ALL


def test_every_case_has_a_name_of_its_own() -> None:
    names = Counter(case.id for case in (*of_the_guide(), *of_us_core(), *bases(), *mutations()))
    assert [name for name, times in names.items() if times > 1] == []


def test_the_official_verdicts_are_of_these_very_resources() -> None:
    digests = {name: case.digest for name, case in all_cases().items()}
    assert {name: verdict.digest for name, verdict in verdicts().items()} == digests, "python -m tools.verdicts"


def test_both_validators_say_the_same_but_for_what_is_listed() -> None:
    assert {name: how for name, how in differing().items() if name not in disagreements()} == {}


def test_what_is_listed_still_differs() -> None:
    assert [name for name in disagreements() if name not in differing()] == []


def test_hardly_any_difference_is_ours_to_blame() -> None:
    ours = [name for name, each in disagreements().items() if each.right == "official"]
    assert len(ours) * 100 <= OURS_TO_BLAME * len(all_cases())


def test_the_official_validator_finds_good_what_is_good() -> None:
    cases = [case for case in (*of_the_guide(), *bases()) if case.id not in disagreements()]
    assert [case.id for case in cases if not verdicts()[case.id].good] == []


def test_the_official_validator_finds_each_defect_at_the_same_place() -> None:
    elsewhere = {
        case.id: verdict.errors
        for case in mutations()
        for verdict in (verdicts()[case.id],)
        if not verdict.good and not any(is_near(place, case) for place, _ in verdict.errors)
    }
    assert elsewhere == {}
