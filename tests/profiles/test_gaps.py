"""What a profile wants supported and a resource does not hold: named once, never refused; what must be there is an error
and not named here again."""

import pytest

from app.fhir.profiles.facts import read
from app.fhir.profiles.gaps import gaps
from tests.profiles.making import table
from tests.profiles.test_elements import OBSERVATION

LINES = (
    "element ; code ;  ;  ;  ;  ; must-support",
    "element ; method ;  ;  ;  ;  ; must-support",
    "element ; referenceRange.text ;  ;  ;  ;  ; must-support",
    "element ; effective[x] ;  ;  ;  ;  ; must-support",
    "element ; device ; 1.. ;  ;  ;  ; must-support",
    "element ; meta ;  ;  ;  ;  ; must-support",
    "element ; meta.lastUpdated ;  ;  ;  ;  ; must-support",
    "element ; component ",
)
FACTS = read(table("Observation", *LINES))


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({}, ["method", "effective[x]"]),
        ({"method": {"text": "x"}}, ["effective[x]"]),
        ({"effectiveDateTime": "2026"}, ["method"]),
        ({"_effectiveDateTime": {"extension": [{"url": "urn:x", "valueCode": "unknown"}]}}, ["method"]),
        ({"referenceRange": [{"low": {"value": 1}}]}, ["method", "referenceRange.text", "effective[x]"]),
        ({"referenceRange": [{"low": {"value": 1}}, {"text": "x"}]}, ["method", "effective[x]"]),
    ],
)
def test_it_is_named_where_what_holds_it_is_there(changes: dict[str, object], found: list[str]) -> None:
    without = {name: value for name, value in OBSERVATION.items() if not name.startswith("effective")}
    assert gaps(FACTS, without | changes) == found


def test_what_the_server_writes_is_nobodys_gap() -> None:
    assert not any(path.startswith("meta") for path in gaps(FACTS, {"resourceType": "Observation"}))
