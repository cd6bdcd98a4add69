"""What rules of installed packages may cost: no expression holds the server up, and none is passed over in silence."""

import time

import pytest

from app.fhir import regexes
from app.fhir.fhirpath import NotFhirPath
from app.fhir.fhirpath import test_of as fhirpath
from tests.profiles.making import Tree, judged, table

MANY: Tree = {
    "resourceType": "Task",
    "description": "a" * 40 + "!",
    "output": [{"type": {"text": f"t{number}"}, "valueString": "x"} for number in range(1000)],
}
COSTLY = [
    "output.all(%resource.output.where(type.text = %resource.output.type.text.first()).exists())",
    "descendants().where(%resource.descendants().exists()).exists()",
    "description.matches(%resource.output[0].type.text.replaceMatches('t0', '(a+)+[$]'))",
    "description.matches('^(a+)+$')",
    "description.matches('^(a|a)*$')",
    "description.matches('" + "a?" * 40 + "')",
    "description.matches('a*" * 1 + "a*a*a*a*a*x')",
    "description.noSuchFunction()",
    "description.(",
    "description.exists()) or false",
    "description.exists() and",
    "description.exists(]",
    "(" * 1000 + "true" + ")" * 1000,
    " and ".join(["description.exists()"] * 1000),
]


@pytest.mark.parametrize("expression", COSTLY, ids=range(len(COSTLY)))
def test_a_rule_that_costs_too_much_is_named_and_not_checked(expression: str) -> None:
    began = time.process_time()
    rule = f"rule ; . ; c-1 ; error ; {expression} ; Costly."
    issues = judged(MANY, table("Task", rule))
    assert [(each.rule, each.severity) for each in issues] == [("rule-unchecked", "information")]
    assert time.process_time() - began < 10


def test_rules_about_many_parts_share_what_they_may_cost() -> None:
    began = time.process_time()
    rule = "rule ; output ; c-1 ; error ; %resource.output.type.text.distinct().count() = 1000 ; Costly."
    assert {each.rule for each in judged(MANY, table("Task", rule))} == {"rule-unchecked"}
    assert time.process_time() - began < 10


GOOD = [(r"^[A-Z]{2}\d+$", "AB12"), (r"^\d{5}(-\d{4})?$", "12345-6789"), ("(one|two)+x", ""), (r"[^\s]+", "x")]


@pytest.mark.parametrize(("pattern", "text"), GOOD[:2] + GOOD[3:])
def test_a_usual_regular_expression_is_asked(pattern: str, text: str) -> None:
    assert regexes.search(pattern, text)
    rule = fhirpath(f"description.matches('{pattern}')")
    assert rule is not None


def test_a_literal_that_may_take_too_long_is_told_at_once() -> None:
    with pytest.raises(NotFhirPath):
        fhirpath("description.matches('(a+)+')")
