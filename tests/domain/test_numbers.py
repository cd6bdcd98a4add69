"""Which of somebody's numbers is the chart's own, and which are the state's and are shown to nobody."""

from typing import Any

import pytest

from app.domain.referral.numbers import any_number, is_of_the_state, record_number

KIND = "http://terminology.hl7.org/CodeSystem/v2-0203"
SSN = {"system": "http://hl7.org/fhir/sid/us-ssn", "value": "078-05-1120"}
PLAIN = {"system": "urn:mrn", "value": "A7"}


def of_kind(code: object, value: object = "1") -> dict[str, Any]:
    return {"type": {"coding": [{"system": KIND, "code": code}]}, "value": value}


@pytest.mark.parametrize("code", ["SS", "DL", "PPN", "CZ", "PRC", "VS", "TAX"])
def test_a_number_of_the_state_is_known_by_its_kind(code: str) -> None:
    assert is_of_the_state(of_kind(code))


@pytest.mark.parametrize(
    ("system", "said"),
    [
        ("http://hl7.org/fhir/sid/us-ssn", True),
        ("urn:oid:2.16.840.1.113883.4.1", True),
        ("urn:oid:2.16.840.1.113883.4.3.36", True),
        ("http://hl7.org/fhir/sid/passport-USA", True),
        ("urn:oid:2.16.840.1.113883.4.177", False),
        ("http://hl7.org/fhir/sid/us-mbi", False),
        ("urn:mrn", False),
    ],
)
def test_a_number_of_the_state_is_known_by_its_system(system: str, said: bool) -> None:
    assert is_of_the_state({"system": system, "value": "1"}) is said


def test_the_chart_s_number_is_told_and_never_the_states() -> None:
    assert record_number([SSN, PLAIN, of_kind("MR", "M1")]) == "M1"
    assert record_number([SSN, PLAIN]) == ""
    assert any_number([SSN, PLAIN, of_kind("MR", "M1")]) == "M1"
    assert any_number([SSN, PLAIN]) == "A7"
    assert any_number([SSN, of_kind("DL")]) == ""


@pytest.mark.parametrize(
    "odd", [None, "x", 7, ["x", None, 7], [{"type": "MR"}], [{"type": {"coding": "MR"}}], [of_kind(["MR"], {}), of_kind("MR", 7)]]
)  # fmt: skip
def test_numbers_of_any_shape_are_no_trouble(odd: object) -> None:
    assert (record_number(odd), any_number(odd)) == ("", "")
    assert not is_of_the_state(odd)
