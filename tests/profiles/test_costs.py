"""What rules of installed packages may cost: no expression holds the server up, and none is passed over in silence."""

import resource
import time

import pytest

from app.fhir.fhirpath import NotFhirPath
from app.fhir.fhirpath import test_of as fhirpath
from app.fhir.profiles.guides import conformance
from app.services.knowledge import Known
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


GROWING = [
    "description" + ".select($this & $this)" * 25 + ".length() > 0",
    "description" + ".select($this + $this)" * 25 + ".length() > 0",
    "description" + ".replace('a','aaaaaaaaaaaaaaaa')" * 7 + ".length() > 0",
    "description" + ".replaceMatches('a','aaaaaaaaaaaaaaaa')" * 7 + ".length() > 0",
    "description" + ".replaceMatches('(.+)','$1$1$1$1$1$1$1$1$1$1')" * 9 + ".length() > 0",
    "description"
    + ".toChars().join(%resource.description.toChars().join(%resource.description))" * 3
    + ".length() > 0",
    "description.toChars().select(%resource.description" + ".upper()" * 9 + " & 'x')" + ".join('y').length() > 0",
    "2" + ".select($this * $this)" * 40 + " > 0",
    f"({'|'.join(map(str, range(40)))}).aggregate($total.combine($total), 1).count() > 0",
    "description.toChars().where(%resource.description.matches(%resource.description & $this)).exists()",
    "description.toChars().exclude(%resource.description.toChars()).exists()",
]


@pytest.mark.parametrize("expression", GROWING, ids=range(len(GROWING)))
def test_text_that_grows_without_an_end_is_not_made(expression: str) -> None:
    before, began = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
    rule = f"rule ; . ; c-1 ; error ; {expression} ; Costly."
    issues = judged({"resourceType": "Task", "description": "ab" * 3000}, table("Task", rule))
    assert [each.rule for each in issues] == ["rule-unchecked"]
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 150 * 1024
    assert time.process_time() - began < 5


TEXTS = [
    "description & ' ' & description = 'a-b a-b'",
    "'x' + description = 'xa-b'",
    "description.replace('-', '--') = 'a--b'",
    "description.replace('', '.') = '.a.-.b.'",
    r"description.replaceMatches('([a-z])', '<$1>') = '<a>-<b>'",
    r"description.replaceMatches('x*', '.') = '.a.-.b.'",
    "description.split('-').join('+') = 'a+b'",
    "description.toChars().count() = 3",
    "description.substring(1, 1) = '-' and description.substring(2) = 'b'",
    "description.upper() = 'A-B'",
    "(1 | 2).combine(2 | 3).count() = 4",
    "description.trace('told').exists()",
    "6 * 7 = 42",
]


@pytest.mark.parametrize("expression", TEXTS)
def test_what_is_weighed_says_what_it_said(expression: str, capsys: pytest.CaptureFixture[str]) -> None:
    rule = f"rule ; . ; c-1 ; error ; {expression} ; Holds."
    assert judged({"resourceType": "Task", "description": "a-b"}, table("Task", rule)) == []
    assert capsys.readouterr().out == ""


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


US_CORE = "http://hl7.org/fhir/us/core/StructureDefinition/"
ROLE = "http://hl7.org/fhir/us/sdoh-clinicalcare/StructureDefinition/SDOHCC-practitionerrole"
NPI = {"system": "http://hl7.org/fhir/sid/us-npi", "value": "1234567893"}


def rules_broken(known: Known, tree: Tree, *profiles: str) -> list[str]:
    shipped = conformance().profiles
    return [
        each.rule for each in shipped.check(tree["resourceType"], tree, profiles, known) if each.code == "invariant"
    ]


def test_rules_of_shipped_profiles_are_checked_however_much_one_write_brings() -> None:
    known = Known(conformance().value_sets, "https://example.org/fhir", {})
    for _ in range(60):
        practitioner = {"resourceType": "Practitioner", "identifier": [NPI], "name": [{"family": "A"}]}
        assert rules_broken(known, practitioner, US_CORE + "us-core-practitioner") == []
    known.work.left = 0
    role = {"resourceType": "PractitionerRole", "practitioner": {"reference": "Practitioner/1"}}
    assert rules_broken(known, role, ROLE) == ["pd-1"]


def test_the_last_of_many_numbers_is_checked_like_the_first() -> None:
    known = Known(conformance().value_sets, "https://example.org/fhir", {})
    numbers = [*[NPI] * 100, NPI | {"value": "1234567894"}]
    organization: Tree = {"resourceType": "Organization", "identifier": numbers, "name": "A", "active": True}
    assert rules_broken(known, organization, US_CORE + "us-core-organization") == ["us-core-17"]


def test_rules_of_shipped_profiles_end_somewhere_too() -> None:
    known = Known(conformance().value_sets, "https://example.org/fhir", {})
    known.work_shipped.left = 0
    role = {"resourceType": "PractitionerRole", "practitioner": {"reference": "Practitioner/1"}}
    found = conformance().profiles.check("PractitionerRole", role, [ROLE], known)
    assert {each.rule for each in found if each.severity == "information"} == {"rule-unchecked"}


def test_many_agents_of_one_provenance_take_no_rule_of_fhirpath() -> None:
    known = Known(conformance().value_sets, "https://example.org/fhir", {})
    known.work_shipped.left = 0
    tree = {"resourceType": "Provenance", "agent": [{"who": {"reference": f"Device/{n}"}} for n in range(100)]}
    assert rules_broken(known, tree, US_CORE + "us-core-provenance") == []
    assert not [each for each in conformance().profiles.check("Provenance", tree, [US_CORE + "us-core-provenance"], known) if each.rule == "rule-unchecked"]  # fmt: skip


def test_rules_of_installed_profiles_share_what_one_write_may_cost() -> None:
    rule = "rule ; . ; c-1 ; error ; description.length() > 100 ; Long."
    known, text = Known(conformance().value_sets, "https://example.org/fhir", {}), table("Task", rule)
    judges = conformance([text]).profiles
    tree = {"resourceType": "Task", "description": "short"}
    assert [each.rule for each in judges.check("Task", tree, ["urn:test:one"], known)] == ["c-1"]
    known.work.left = 0
    assert [each.rule for each in judges.check("Task", tree, ["urn:test:one"], known)] == ["rule-unchecked"]


def test_many_references_to_many_contained_resources_take_time_in_proportion_to_them() -> None:
    """All to the last one, and each to its own: of eight times as many, some eight times as much."""
    profile = table("ServiceRequest", *SLICED), table("Consent", "element ; policyRule ; 1..", name="two")

    def took(number: int, *, to_the_last: bool) -> float:
        names = [f"c{place}" for place in range(number)]
        tree = {
            "resourceType": "ServiceRequest",
            "contained": [{"resourceType": "Consent", "id": name} for name in names],
            "supportingInfo": [{"reference": f"#{names[-1] if to_the_last else name}"} for name in names],
        }
        start = time.process_time()
        assert [each.rule for each in judged(tree, *profile)] == ["profile-slice"]
        return time.process_time() - start

    for to_the_last in (False, True):
        small, large = took(1000, to_the_last=to_the_last), took(8000, to_the_last=to_the_last)
        assert large < 24 * small


SLICED = (
    "slices ; supportingInfo ; open ; profile resolve()",
    "element ; supportingInfo:one ; 1.. ; Reference(urn:test:two)",
)
