"""Nothing good is refused: HL7's definitions and examples, our own examples, and what another library thinks of
them."""

from __future__ import annotations

import importlib

from app.fhir.json import dump, parse
from app.fhir.registry import Registry
from app.fhir.tables import PROFILES
from tests.fhir import reference
from tests.fhir.checking import errors

# HL7's own package breaks its own rules here: search parameters of extensions without base or with an id of 80
# characters, codes that end in a space, value sets whose identifier hides a zero-width space.
FLAWED = {"SearchParameter.base", "SearchParameter.id", "CodeSystem.concept.code", "ValueSet.identifier.value"}


def test_every_example_of_the_guide_is_accepted() -> None:
    for name, body in reference.examples().items():
        tree = parse(body)
        assert errors(tree) == [], name


def test_every_definition_of_r4_is_accepted_but_for_its_known_flaws() -> None:
    refused: dict[str, set[str]] = {}
    for name, body in reference.resources(reference.R4):
        tree = parse(body)
        places = {"".join(c for c in issue.at if c not in "[]0123456789") for issue in errors(tree)}
        if places - FLAWED:
            refused[name] = places
    assert refused == {}


def test_every_served_type_has_a_small_example_that_is_accepted() -> None:
    for name in Registry.load().types:
        tree = parse((PROFILES / "examples" / name / "minimal.json").read_bytes())
        assert tree["resourceType"] == name
        assert errors(tree) == []


def test_another_library_reads_our_examples_and_what_we_write_of_them() -> None:
    for name in Registry.load().types:
        body = dump(parse((PROFILES / "examples" / name / "minimal.json").read_bytes()))
        model = getattr(importlib.import_module(f"fhir.resources.R4B.{name.lower()}"), name)
        assert model.model_validate_json(body).get_resource_type() == name
