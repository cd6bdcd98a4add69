"""The tables are what the generator writes from HL7's package, and the library agrees with them."""

from __future__ import annotations

from pathlib import Path

from app.fhir.tables import PROFILES, r4
from tests.fhir import reference
from tools.r4_tables import main


def test_the_tables_are_what_the_generator_writes(tmp_path: Path) -> None:
    reference.examples()
    main(str(reference.FOLDER / "packages" / f"{reference.R4}.tgz"), str(tmp_path))
    for name in ("types.tsv", "elements.tsv", "codes.tsv"):
        assert (tmp_path / name).read_bytes() == (PROFILES / "r4" / name).read_bytes(), name


def test_the_children_of_a_type_come_base_first_in_order() -> None:
    names = [element.name for element in r4().children("Task")]
    assert names[:10] == [
        "id", "meta", "implicitRules", "language", "text", "contained", "extension", "modifierExtension", "identifier",
        "instantiatesCanonical",
    ]  # fmt: skip
    assert [element.name for element in r4().children("Task.output")] == [
        "id", "extension", "modifierExtension", "type", "value[x]",
    ]  # fmt: skip


def test_attributes_of_xml_are_marked() -> None:
    attributes = {path for path in ("Element.id", "Extension.url") if "a" in r4().element(path).flags}
    assert attributes == {"Element.id", "Extension.url"}


def test_required_codes_are_complete() -> None:
    assert len(r4().codes["task-status"]["http://hl7.org/fhir/task-status"]) == 12
    assert r4().codes["request-priority"]["http://hl7.org/fhir/request-priority"] == (
        "routine",
        "urgent",
        "asap",
        "stat",
    )


def test_every_type_that_a_reference_may_lead_to_exists() -> None:
    targets = {
        target
        for name in r4().types
        for element in r4().children(name)
        for kind in element.kinds
        for target in kind.targets
    }
    assert targets
    assert targets <= r4().resource_types
