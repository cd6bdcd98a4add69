"""The registry offers what the guide demands, under HL7's own names, and stops the start on a mistake."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.fhir.json import parse
from app.fhir.registry import Registry
from tests.fhir import reference

REGISTRY = Registry.load()
PLATFORM = "CapabilityStatement-SDOHCC-CoordinationPlatform.json"

# The types that a referral is made of.
REFERRAL_TYPES = [
    "ServiceRequest",
    "Task",
    "Consent",
    "Patient",
    "RelatedPerson",
    "Organization",
    "Practitioner",
    "PractitionerRole",
    "Condition",
    "Observation",
    "QuestionnaireResponse",
    "Goal",
    "Procedure",
    "Location",
    "HealthcareService",
    "DocumentReference",
]


def test_what_a_referral_is_made_of_is_served_with_the_interactions_of_the_loop() -> None:
    for name in REFERRAL_TYPES:
        assert {"create", "read", "vread", "update", "search-type"} <= set(REGISTRY.types[name].interactions)


def test_every_type_has_the_parameters_of_all_types() -> None:
    for served in REGISTRY.types.values():
        kinds = {code: parameter.kind for code, parameter in served.parameters.items() if code.startswith("_")}
        assert kinds == {"_profile": "uri", "_security": "token", "_source": "uri", "_tag": "token"}


def test_everything_that_the_platform_shall_or_should_search_by_is_there() -> None:
    bodies = dict(reference.resources(reference.GUIDE, "CapabilityStatement-"))
    server = next(rest for rest in parse(bodies[PLATFORM])["rest"] if rest["mode"] == "server")
    for resource in server["resource"]:
        if resource["type"] in REGISTRY.types:
            served = REGISTRY.types[resource["type"]]
            demanded = {p["name"]: p["definition"] for p in resource["searchParam"] if not p["name"].startswith("_")}
            for name, definition in demanded.items():
                assert served.parameters[name].url == definition, (served.name, name)
            includes = {text.split(":")[1] for text in resource.get("searchInclude", [])}
            assert includes <= set(served.includes)


def test_every_parameter_is_the_one_that_its_definition_describes() -> None:
    definitions = reference.search_parameters()
    for served in REGISTRY.types.values():
        for parameter in served.parameters.values():
            definition = definitions[parameter.url]
            assert (parameter.code, parameter.kind) == (definition["code"], definition["type"])
            assert {served.name, "Resource", "DomainResource"} & set(definition["base"])


def test_what_a_referral_is_made_of_can_be_found_by_identifier_so_that_conditional_create_works() -> None:
    for name in REFERRAL_TYPES:
        assert REGISTRY.types[name].parameters["identifier"].kind == "token"


def test_the_targets_of_a_reference_come_from_the_tables() -> None:
    task = REGISTRY.types["Task"].parameters
    assert task["patient"].targets == ("Patient",)
    assert "Organization" in task["owner"].targets
    assert task["focus"].targets == ()


GOOD = """
interactions = ["read"]
profiles = []
includes = []
[parameters]
status = { kind = "token", path = "status", url = "https://x.example" }
class = { kind = "token", path = "class", url = "https://y.example" }
length = { kind = "quantity", path = "length", url = "https://z.example" }
status-class = { kind = "composite", components = ["status", "class"], url = "https://w.example" }
"""


def test_the_files_are_read_once() -> None:
    """What is compiled from a type is kept beside that very type."""
    assert Registry.load().types is Registry.load().types


def test_a_new_type_is_a_new_file(tmp_path: Path) -> None:
    (tmp_path / "Encounter.toml").write_text(GOOD)
    encounter = Registry.load(tmp_path).types["Encounter"]
    own = {code: parameter.kind for code, parameter in encounter.parameters.items() if not code.startswith("_")}
    assert own == {"status": "token", "class": "token", "length": "quantity", "status-class": "composite"}
    assert encounter.parameters["status-class"].components == ("status", "class")


def test_a_type_says_what_comes_along_backwards_and_in_whose_compartment_it_lies(tmp_path: Path) -> None:
    (tmp_path / "Patient.toml").write_text(
        'interactions = ["read"]\nprofiles = []\nincludes = []\nrevincludes = ["Task:subject"]\n[parameters]\n'
    )
    (tmp_path / "Task.toml").write_text(
        'interactions = ["read", "patch", "delete", "history-instance", "history-type"]\nprofiles = []\nincludes = []\n'
        'compartment = ["subject"]\n[parameters]\nsubject = { kind = "reference", path = "for", url = "https://x.example" }\n'
    )
    types = Registry.load(tmp_path).types
    assert types["Patient"].revincludes == ("Task:subject",)
    assert types["Task"].compartment == ("subject",)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (('path = "status"', 'path = "stats"'), "no such element"),
        (('path = "status"', 'path = "subject:Nobody"'), "no such resource type"),
        (('"token", path = "status"', '"date", path = "status"'), "cannot read"),
        (('"token", path = "status"', '"number", path = "status"'), "cannot read"),
        (('"token", path = "status"', '"magic", path = "status"'), "magic"),
        (('["read"]', '["destroy"]'), "unknown interaction"),
        (("includes = []", 'includes = ["status"]'), "not a reference"),
        (("includes = []", 'includes = []\ncompartment = ["status"]'), "not a reference"),
        (("includes = []", 'includes = []\nrevincludes = ["Task:focus"]'), "not a reference parameter of a served"),
        (('["status", "class"]', '["status", "length"]'), "length is not a token"),
        (('["status", "class"]', '["status"]'), "two components"),
        (('components = ["status", "class"]', 'path = "status"'), "two components"),
        (("profiles = []", "profile = []"), "profile"),
        (('url = "https://x.example"', "uri = 1"), "kind, path and url"),
        (("interactions", "interactions = ["), "Encounter.toml"),
    ],
)
def test_a_mistake_in_a_file_stops_the_start_with_its_name(tmp_path: Path, change: tuple[str, str], words: str) -> None:
    (tmp_path / "Encounter.toml").write_text(GOOD.replace(*change))
    with pytest.raises(ValueError, match=words) as error:
        Registry.load(tmp_path)
    assert "Encounter.toml" in str(error.value)


def test_a_file_of_no_resource_type_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "Nobody.toml").write_text(GOOD)
    with pytest.raises(ValueError, match="no such resource type"):
        Registry.load(tmp_path)
