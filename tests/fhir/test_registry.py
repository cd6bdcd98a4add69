"""The registry offers what the guide demands, under HL7's own names, and stops the start on a mistake."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.fhir.json import parse
from app.fhir.registry import Registry
from tests.fhir import reference

REGISTRY = Registry.load()
PLATFORM = "CapabilityStatement-SDOHCC-CoordinationPlatform.json"
# What the platform MAY support and does not yet.
LATER = {("Observation", "code-value-concept")}

TYPES = [
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


def test_sixteen_types_are_served_with_every_interaction() -> None:
    assert set(REGISTRY.types) == set(TYPES)
    for served in REGISTRY.types.values():
        assert served.interactions == ("create", "read", "vread", "update", "search-type")


def test_everything_that_the_platform_shall_or_should_search_by_is_there() -> None:
    bodies = dict(reference.resources(reference.GUIDE, "CapabilityStatement-"))
    server = next(rest for rest in parse(bodies[PLATFORM])["rest"] if rest["mode"] == "server")
    for resource in server["resource"]:
        if resource["type"] in REGISTRY.types:
            served = REGISTRY.types[resource["type"]]
            demanded = {p["name"]: p["definition"] for p in resource["searchParam"] if not p["name"].startswith("_")}
            for name, definition in demanded.items():
                if (served.name, name) not in LATER:
                    assert served.parameters[name].url == definition, (served.name, name)
            includes = {text.split(":")[1] for text in resource.get("searchInclude", [])}
            assert includes <= set(served.includes)


def test_every_parameter_is_the_one_that_its_definition_describes() -> None:
    definitions = reference.search_parameters()
    for served in REGISTRY.types.values():
        for parameter in served.parameters.values():
            definition = definitions[parameter.url]
            assert (parameter.code, parameter.kind) == (definition["code"], definition["type"])
            assert served.name in definition["base"]


def test_every_type_can_be_found_by_identifier_so_that_conditional_create_works() -> None:
    for served in REGISTRY.types.values():
        assert served.parameters["identifier"].kind == "token"


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
"""


def test_the_files_are_read_once() -> None:
    """What is compiled from a type is kept beside that very type."""
    assert Registry.load().types is Registry.load().types


def test_a_new_type_is_a_new_file(tmp_path: Path) -> None:
    (tmp_path / "Encounter.toml").write_text(GOOD)
    assert list(Registry.load(tmp_path).types["Encounter"].parameters) == ["status"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (('path = "status"', 'path = "stats"'), "no such element"),
        (('path = "status"', 'path = "subject:Nobody"'), "no such resource type"),
        (('kind = "token"', 'kind = "date"'), "cannot read"),
        (('kind = "token"', 'kind = "magic"'), "magic"),
        (('["read"]', '["destroy"]'), "unknown interaction"),
        (("includes = []", 'includes = ["status"]'), "not a reference"),
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
