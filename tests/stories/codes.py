"""Which needs a story may be about: SDOH categories with codes of requests and of conditions.

*Source*: `../shared/fhir/additional-bindings.csv` and `valuesets`, where they are; else a few general codes.
"""

import csv
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.parts import SHARED

BINDINGS = SHARED / "fhir" / "additional-bindings.csv"
VALUE_SETS = SHARED / "fhir" / "valuesets"
SNOMED = "http://snomed.info/sct"
FEWEST_CATEGORIES = 15


@dataclass(frozen=True, slots=True)
class Code:
    system: str
    code: str
    display: str

    @property
    def coding(self) -> dict[str, str]:
        return {"system": self.system, "code": self.code, "display": self.display}


@dataclass(frozen=True, slots=True)
class Category:
    """One SDOH category and what may be asked for, and be the matter, in it."""

    code: str
    requests: tuple[Code, ...]
    conditions: tuple[Code, ...]


BUILT_IN = (
    Category(
        "food-insecurity",
        (Code(SNOMED, "467771000124109", "Assistance with application for food pantry program"),),
        (Code(SNOMED, "733423003", "Food insecurity"),),
    ),
    Category(
        "transportation-insecurity",
        (Code(SNOMED, "1268662008", "Coordination of resources to address social needs"),),
        (Code(SNOMED, "713458007", "Lack of access to transportation"),),
    ),
)


def origin() -> str:
    """Where `categories` has its codes from, for the line that a run begins with."""
    return "the value sets of ../shared" if BINDINGS.exists() else "a short list of our own, for ../shared is absent"


@cache
def categories() -> tuple[Category, ...]:
    """Those that have codes for requests and conditions; never an empty list."""
    if not BINDINGS.exists():
        return BUILT_IN
    with BINDINGS.open(newline="") as stream:
        bound = {row["sdoh_category"] for row in csv.DictReader(stream) if row["element"] == "ServiceRequest.code"}
    found = [Category(name, _codes(name, "ServiceRequest"), _codes(name, "Condition")) for name in sorted(bound)]
    usable = tuple(each for each in found if each.requests and each.conditions)
    assert len(usable) >= FEWEST_CATEGORIES, "the value sets of ../shared are not where they were"
    return usable


def _codes(category: str, profile: str) -> tuple[Code, ...]:
    file: Path = VALUE_SETS / f"{category}.{profile}.code.json"
    listed = json.loads(file.read_text())["codes"] if file.exists() else ()
    usable = (each for each in listed if each.get("inExpansion", True))
    return tuple(Code(each["system"], each["code"], each["display"]) for each in usable if each["system"] == SNOMED)
