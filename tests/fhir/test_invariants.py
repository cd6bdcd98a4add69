"""Every rule between elements holds for something good and fails for something bad, and R4's own FHIRPath agrees.

One rule a line in `cases/invariants.jsonl`; a rule without its line fails, so that none can stand here that never
fails.
"""

from __future__ import annotations

from typing import Any

import fhirpathpy
import pytest
from fhirpathpy.models import models

from app.fhir.invariants import INVARIANTS
from app.fhir.json import JsonObject, Number, dump, parse
from app.fhir.problems import Problems
from app.fhir.structure import Checkers
from tests.fhir import reference
from tests.fhir.builders import cases

UCUM = "http://unitsofmeasure.org"
CASES = cases("invariants")
# R4's expression for ppc-2 to ppc-5 names a code system "something", so that it never fails; fhirpathpy cannot compare
# the quantities of rng-2, resolves no reference (ctm-1), and sees no Boolean in a value that is alone (que-7).
OWN = {
    "hasValue": {"fn": lambda nodes: len(nodes) == 1, "arity": {0: []}},
    "trace": {"fn": lambda nodes, *_: nodes, "arity": {1: ["String"]}},
}
WORDS_ONLY = {"ppc-2", "ppc-3", "ppc-4", "ppc-5", "rng-2", "ctm-1", "que-7", "sqty-1"}


def rules(path: str, tree: dict[str, Any]) -> set[tuple[str, str]]:
    """(rule, place) of the problems that the compiled checker finds."""
    found = Problems()
    Checkers()[path](tree, found)
    return {(problem.flaw.rule, problem.at) for problem in found}


def test_every_rule_has_its_cases_here() -> None:
    written = {(case["path"], case["rule"], case["at"]) for case in CASES}
    assert {(rule.path, rule.key, rule.at) for rule in INVARIANTS} == written


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['path']} {case['rule']}")
def test_a_rule_holds_for_the_good_and_fails_for_the_bad(case: JsonObject) -> None:
    assert rules(case["path"], case["good"]) == set()
    assert (case["rule"], case["at"]) in rules(case["path"], case["bad"])


def test_the_official_expressions_agree() -> None:
    for case in CASES:
        path, key = case["path"], case["rule"]
        if key not in WORDS_ONLY:
            (expression,) = {c["expression"] for c in _constraints(path) if c["key"] == key}
            assert _holds(expression, path, case["good"]), key
            assert not _holds(expression, path, case["bad"]), key


def _constraints(path: str) -> list[dict[str, Any]]:
    places = (path, f"{path}.telecom", f"{path}.address")
    return [c for place in places for c in reference.elements().get(place, {}).get("constraint", [])]


def _holds(expression: str, path: str, tree: dict[str, Any]) -> bool:
    node = parse(dump(tree))
    plain = _plain(node)
    if expression.startswith("where(use"):
        items = [*plain.get("telecom", []), *plain.get("address", [])]
        return all(fhirpathpy.evaluate(item, expression) == [True] for item in items)
    model = models["r4"] if "resourceType" in plain else None
    for stem in ("value", "abatement", "detail"):
        typed = next((name for name in plain if name.startswith(stem) and name[len(stem) :][:1].isupper()), None)
        if typed and model is None:
            plain[stem] = plain[typed]
    context = {"resource": plain, "ucum": UCUM}
    return fhirpathpy.evaluate(plain, expression, context, model, {"userInvocationTable": OWN}) == [True]


def _plain(node: Any) -> Any:
    """The tree as fhirpathpy wants it, with numbers of its own kind."""
    if isinstance(node, dict):
        return {name: _plain(value) for name, value in node.items()}
    if isinstance(node, list):
        return [_plain(item) for item in node]
    return float(node.text) if isinstance(node, Number) else node


def test_a_rule_that_stumbles_over_a_reported_mistake_stays_silent() -> None:
    assert rules("Period", {"start": 1, "end": "2024"}) == {("json-type", "start")}
    assert rules("Organization", {"resourceType": "Organization", "name": "x", "telecom": 5}) == {
        ("json-type", "telecom")
    }
