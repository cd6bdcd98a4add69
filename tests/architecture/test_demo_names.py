"""The program knows no demo world and no example: what it does for them it does for everybody."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.rules import APP, name
from tests.parts import SHARED

DEMO_NAMES = ("Riverbend", "Shelter First", "Wheels Together", "@foodbank.example", "@shelter.example",
              "@wheels.example", "@network.example", "riverbend-demo")  # fmt: skip
# The guide's profiles and code systems are named SDOHCC-..., too; its examples nearly all end in Example.
EXAMPLE_ID = re.compile(
    r"\bSDOHCC-\w*Example\b|\bpat-53234\b"
    r"|\bSDOHCC-(?:ConditionProtectiveFactor|QuestionnaireHungerVitalSign|HealthcareServiceSocialCareProgram)\b"
)


def names_in(text: str) -> list[str]:
    return [word for word in DEMO_NAMES if word.lower() in text.lower()] + EXAMPLE_ID.findall(text)


def program_files() -> Iterator[tuple[str, str]]:
    """Each text file of the program outside the demo world."""
    for path in sorted(APP.rglob("*")):
        if path.is_file() and not {"__pycache__", "demo"} & set(path.relative_to(APP).parts):
            yield name(path), _text(path)


def test_no_demo_name_and_no_example_id_stands_in_the_program() -> None:
    found = {file: names for file, text in program_files() if (names := names_in(text))}
    assert found == {}


@pytest.mark.needs("shared")
def test_no_id_of_any_published_example_stands_in_the_program() -> None:
    ids = {json.loads(path.read_text()).get("id", "") for path in (SHARED / "fhir" / "examples").rglob("*.json")}
    # A short or common word is no sign: it must look like an id that somebody gave.
    telling = [each for each in ids if len(each) > 8 and re.search(r"[\d-]", each)]
    assert telling
    found = {(file, each) for file, text in program_files() for each in telling if each in text}
    assert found == set()


@pytest.mark.parametrize(
    "breach", ["Riverbend Health", "ana@foodbank.example", "Task/SDOHCC-TaskSomeExample", "pat-53234"]
)
def test_such_a_name_is_caught(breach: str) -> None:
    assert names_in(f'owner = "{breach}"') != []


def test_a_canonical_address_of_the_guide_is_not_caught() -> None:
    url = "http://hl7.org/fhir/us/sdoh-clinicalcare/StructureDefinition/SDOHCC-TaskForReferralManagement"
    assert names_in(f'profile = "{url}"') == []


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:  # a font, a picture
        return ""
