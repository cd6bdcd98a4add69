"""What was said about a person on the phone becomes resources; what was not said stays away."""

from datetime import date

import pytest

from app.domain.referral.person import LANGUAGES, Helper, Said, birth_date, patient, related_person
from app.fhir.structure import check

TODAY = date(2026, 11, 22)
NUMBER = {"system": "https://baton.example/fhir/person", "value": "7"}
EVERYTHING = Said(
    given="Zoë",
    family="Nightingale",
    birth_date="1958-04",
    phone="555-0188",
    email="zoe@example.org",
    street="12 Mill Lane",
    city="Alder",
    state="IL",
    postal_code="62223",
    language="es",
)


@pytest.mark.parametrize(
    ("typed", "written"),
    [
        ("", ""),
        ("1958", "1958"),
        ("1958-04", "1958-04"),
        ("1958-4", "1958-04"),
        ("1958-04-17", "1958-04-17"),
        ("4/17/1958", "1958-04-17"),
        ("04/1958", "1958-04"),
        ("2/29/2024", "2024-02-29"),
        ("2026-11-22", "2026-11-22"),
        ("1880", "1880"),
    ],
)
def test_a_birth_date_is_read_whole_or_in_part(typed: str, written: str) -> None:
    assert birth_date(typed, TODAY) == written


@pytest.mark.parametrize(
    "typed",
    ["long ago", "58", "4/17/58", "17.4.1958", "1958-13", "1958-00", "0/1958", "1958-04-31", "2/29/2023", "4/0/1958",
     "1879", "2026-11-23", "2027", "1958-04-17T00:00", "1958 ", "١٩٥٨x"],
)  # fmt: skip
def test_what_is_no_birth_date_of_a_living_person_is_refused(typed: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        birth_date(typed, TODAY)


def test_all_that_was_said_stands_in_the_patient() -> None:
    tree = patient(EVERYTHING, NUMBER)
    assert check("Patient", tree) == []
    assert tree["identifier"] == [NUMBER]
    assert tree["name"] == [{"family": "Nightingale", "given": ["Zoë"]}]
    assert (tree["birthDate"], tree["gender"]) == ("1958-04", "unknown")
    assert [each["value"] for each in tree["telecom"]] == ["555-0188", "zoe@example.org"]
    (address,) = tree["address"]
    assert address == {
        "use": "home",
        "line": ["12 Mill Lane"],
        "city": "Alder",
        "state": "IL",
        "postalCode": "62223",
    }
    assert tree["communication"][0]["language"]["coding"][0]["display"] == "Spanish"


def test_what_was_not_said_is_not_there() -> None:
    tree = patient(Said(given="", family="Nightingale"), NUMBER)
    assert check("Patient", tree) == []
    assert tree.keys() == {"resourceType", "meta", "identifier", "active", "name", "gender"}
    assert tree["name"] == [{"family": "Nightingale"}]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_of_the_list_fits(language: str) -> None:
    tree = patient(Said(given="Zoë", family="", language=language), NUMBER)
    assert check("Patient", tree) == []
    assert tree["communication"][0]["language"]["coding"][0]["code"] == language


def test_who_calls_for_the_person_is_related_to_her() -> None:
    tree = related_person(Helper("Noor Haddad", "neighbor", ""), "Patient/1")
    assert check("RelatedPerson", tree) == []
    assert tree["patient"] == {"reference": "Patient/1"}
    assert tree["relationship"] == [{"text": "neighbor"}]
    assert "telecom" not in tree
