"""Paths that keep a part of what stands there: a telecom's system, an extension's address."""

import pytest

from app.fhir.index_values import extract
from app.fhir.paths import leaves
from app.fhir.registry import Registry

RACE = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-race"
ETHNICITY = RACE.replace("race", "ethnicity")


def test_only_what_has_the_value_is_kept() -> None:
    coding = {"url": "ombCategory", "valueCoding": {"system": "s", "code": "race"}}
    other = {"url": "ombCategory", "valueCoding": {"system": "s", "code": "ethnicity"}}
    tree = {
        "resourceType": "Patient",
        "telecom": [{"system": "phone", "value": "1"}, {"system": "email", "value": "a@b"}, {"value": "2"}, "odd"],
        "extension": [{"url": RACE, "extension": [coding]}, {"url": ETHNICITY, "extension": [other]}],
    }
    found = extract(Registry.load().types["Patient"], tree, "https://network.example/fhir").tokens
    kept = {code: [token.value for token in found if token.param == code] for code in ("phone", "email", "telecom")}
    assert kept == {"phone": ["1"], "email": ["a@b"], "telecom": ["1", "a@b", "2"]}
    assert [token.value for token in found if token.param == "race"] == ["race"]
    assert [token.value for token in found if token.param == "ethnicity"] == ["ethnicity"]


@pytest.mark.parametrize(
    "path", ["telecom[sys=phone]", "telecom[system=phone", "name..family", "", "name.", "name:Nope"]
)
def test_a_path_that_leads_nowhere_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match="Patient"):
        leaves("Patient", path)
