"""The registry's files hold what the official definitions say: paths, kinds, compartments, nothing of US Core absent."""

from __future__ import annotations

import pytest

from app.fhir.json import parse
from app.fhir.registry import READABLE, Registry
from tests.fhir import reference
from tools.search_facts import paths_of, patient_compartment

REGISTRY = Registry.load()
SERVER = "CapabilityStatement-us-core-server.json"


@pytest.mark.parametrize("name", sorted(REGISTRY.types))
def test_every_path_is_what_the_official_expression_means(name: str) -> None:
    definitions = reference.search_parameters()
    for parameter in REGISTRY.types[name].parameters.values():
        if parameter.kind != "composite" and not parameter.code.startswith("_"):
            assert list(parameter.paths) == paths_of(definitions[parameter.url], name), parameter.code


def test_a_composite_has_the_components_of_its_definition() -> None:
    definitions = reference.search_parameters()
    composites = [
        each for served in REGISTRY.types.values() for each in served.parameters.values() if each.kind == "composite"
    ]
    assert {each.code for each in composites} >= {"code-value-concept", "characteristic-value", "context-type-value"}
    for parameter in composites:
        parts = [definitions[part["definition"]]["code"] for part in definitions[parameter.url]["component"]]
        assert list(parameter.components) == parts


@pytest.mark.parametrize("package", reference.US_CORE)
def test_us_core_finds_its_parameters_and_includes(package: str) -> None:
    bodies = dict(reference.resources(package, "CapabilityStatement-"))
    (server,) = parse(bodies[SERVER])["rest"]
    compared = 0
    for wanted in server["resource"]:
        served = REGISTRY.types.get(wanted["type"])
        for each in wanted.get("searchParam", ()) if served else ():
            assert each["name"] in (*served.parameters, "_id", "_lastUpdated"), (served.name, each["name"])
            compared += 1
        for each in wanted.get("searchInclude", ()) if served else ():
            assert each.split(":")[1] in served.includes
        assert set(wanted.get("searchRevInclude", ()) if served else ()) <= set(served.revincludes if served else ())
    assert compared > 30


def test_the_search_parameters_of_us_core_that_r4_lacks_are_served_under_its_definition() -> None:
    wanted = {("Patient", "race"), ("Patient", "ethnicity"), ("Patient", "gender-identity"),
              ("Condition", "asserted-date"), ("Goal", "description"), ("CareTeam", "role")}  # fmt: skip
    for name, code in wanted:
        assert "/us/core/" in REGISTRY.types[name].parameters[code].url


def test_the_compartment_is_the_official_one() -> None:
    reference.search_parameters()
    official = patient_compartment(reference.FOLDER / "packages")
    for name, served in REGISTRY.types.items():
        if name != "AuditEvent":  # it is computed, and about acts of systems
            assert served.compartment == official.get(name, ()), name


def test_every_kind_of_parameter_has_a_type_that_uses_it() -> None:
    used = {each.kind for served in REGISTRY.types.values() for each in served.parameters.values()}
    assert set(READABLE) - used <= {"number"}
