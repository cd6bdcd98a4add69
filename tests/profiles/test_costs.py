"""What rules of installed packages may cost: no expression holds the server up, and none is passed over in silence."""

import time

import pytest

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
    rule = f"rule ; . ; c-1 ; error ; {expression} ; Costly."
    issues = judged(MANY, table("Task", rule))
    assert [(each.rule, each.severity) for each in issues] == [("rule-unchecked", "information")]


def test_rules_about_many_parts_share_what_they_may_cost() -> None:
    rule = "rule ; output ; c-1 ; error ; %resource.output.type.text.distinct().count() = 1000 ; Costly."
    assert {each.rule for each in judged(MANY, table("Task", rule))} == {"rule-unchecked"}


MATCHED = [
    (r"^[A-Z]{2}\\d+$", "AB12", True),
    (r"^\\d{5}(-\\d{4})?$", "12345-67", False),
    (r"[^\\s]+", "x", True),
    ("^a.b$", "a\nb", True),
    # where an engine that tries one way after the other needs 2^n steps
    ("^(a+)+$", "a" * 5000 + "!", False),
    ("^(a|a)*$", "a" * 5000 + "!", False),
    ("a?" * 40 + "a" * 40, "a" * 40, True),
]


@pytest.mark.parametrize(("pattern", "text", "matches"), MATCHED, ids=range(len(MATCHED)))
def test_a_regular_expression_takes_time_in_proportion_to_the_text(pattern: str, text: str, matches: bool) -> None:
    rule = f"rule ; . ; c-1 ; error ; description.matches('{pattern}') ; Matched."
    issues = judged({"resourceType": "Task", "description": text}, table("Task", rule))
    assert [each.rule for each in issues] == ([] if matches else ["c-1"])


@pytest.mark.parametrize("pattern", ["(?=a)b", r"(a)\\1", "(", "a{5000}"])
def test_what_is_no_regular_expression_of_re2_is_told_at_once(pattern: str) -> None:
    with pytest.raises(NotFhirPath):
        fhirpath(f"description.matches('{pattern}')")


def test_many_references_to_many_contained_resources_take_time_in_proportion_to_them() -> None:
    """All to the last one, and each to its own; looked for one by one they took 10 s."""
    profile = table("ServiceRequest", *SLICED), table("Consent", "element ; policyRule ; 1..", name="two")
    names = [f"c{number}" for number in range(5000)]
    for ends in (names, [names[-1]] * len(names)):
        tree = {
            "resourceType": "ServiceRequest",
            "contained": [{"resourceType": "Consent", "id": name} for name in names],
            "supportingInfo": [{"reference": f"#{name}"} for name in ends],
        }
        start = time.process_time()
        assert [each.rule for each in judged(tree, *profile)] == ["profile-slice"]
        assert time.process_time() - start < 2


SLICED = (
    "slices ; supportingInfo ; open ; profile resolve()",
    "element ; supportingInfo:one ; 1.. ; Reference(urn:test:two)",
)
