"""From definitions to facts: with a snapshot, and with a differential alone."""

import copy
import json
import re
import tarfile
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest

from app.fhir.json import parse
from app.fhir.profiles.facts import ProfileFacts, read, written
from app.fhir.profiles.guides import conformance
from app.fhir.profiles.library import Profiles
from app.fhir.profiles.package import read_package
from app.fhir.profiles.snapshot import NoFacts, facts_of
from tests.parts import SHARED
from tests.profiles.making import Told

PACKAGES = SHARED / "fhir" / "packages"
SDOH = "hl7.fhir.us.sdoh-clinicalcare#3.0.0"
CHOICE = re.compile(r'"(value|effective|occurrence|performed)[A-Z]\w*":')
REFERENCE = re.compile(r'"reference": "(\w+)/')
BASE = "http://hl7.org/fhir/us/sdoh-clinicalcare/StructureDefinition/"


@cache
def definitions() -> dict[str, Any]:
    """The guide's profiles, bases before what derives from them."""
    found = read_package((PACKAGES / f"{SDOH}.tgz").read_bytes()).structures
    own = [url for url in found if found[url]["baseDefinition"].partition("|")[0] not in found]
    return {url: found[url] for url in (*sorted(own), *sorted(set(found) - set(own)))}


def without_snapshots() -> dict[str, ProfileFacts]:
    """All of them by their differentials, on the shipped facts of US Core."""
    known = {url: facts for url, facts in conformance().profiles.facts.items() if not url.startswith(BASE)}
    for url, tree in definitions().items():
        known[url] = facts_of({name: part for name, part in tree.items() if name != "snapshot"}, known)
    return known


def examples() -> Iterator[tuple[str, Any]]:
    for path in sorted((SHARED / "fhir" / "examples").glob("*.json")):
        yield path.name, parse(path.read_bytes())


def broken(tree: Any) -> Iterator[Any]:
    """The resource without each of its elements in turn, with each of its codes changed, with each of its choices of
    another type, and with each of its references to another type."""
    for name in tree:
        if name not in ("resourceType", "id", "meta"):
            yield {key: value for key, value in tree.items() if key != name}
    text = json.dumps(json.loads(json.dumps(tree, default=str)))
    for code in ('"order"', '"fulfill"', '"sdoh"', '"survey"', '"final"', '"IDSCL"', '"make-contact"'):
        if code in text:
            yield parse(text.replace(code, '"something-else"').encode())
    for name in sorted(set(CHOICE.findall(text))):
        yield parse(re.sub(rf'"{name}[A-Z]\w*":', f'"{name}Markdown":', text).encode())
    for kind in sorted(set(REFERENCE.findall(text))):
        yield parse(text.replace(f'"reference": "{kind}/', '"reference": "MedicationKnowledge/').encode())


@pytest.mark.needs("shared")
def test_a_differential_says_what_its_snapshot_says() -> None:
    """The same verdict on every example and on every example without one of its elements."""
    shipped = conformance()
    told = Told({}, shipped.value_sets)
    by_differential = Profiles(without_snapshots(), shipped.value_sets)
    count = 0
    for name, tree in examples():
        profiles = [each.partition("|")[0] for each in tree.get("meta", {}).get("profile", ())]
        for each in (tree, *broken(copy.deepcopy(tree))):
            kind = tree["resourceType"]
            one, other = (
                {
                    (issue.rule, issue.at)
                    for issue in judges.check(kind, each, profiles, told)
                    if issue.severity == "error"
                }
                for judges in (shipped.profiles, by_differential)
            )
            assert one == other, name
            count += bool(one)
    assert count > 150


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"type": "Spaceship"}, "type of R4"),
        ({"baseDefinition": "urn:nobody", "snapshot": None}, "not known here"),
        ({"snapshot": {"element": [{"path": "Task", "min": 0, "type": 3}]}}, "misplaces"),
        ({"url": None}, "lacks or misplaces"),
    ],
)
def test_what_cannot_be_facts_says_why(change: dict[str, Any], why: str) -> None:
    tree = {
        "url": "urn:test:one",
        "type": "Task",
        "baseDefinition": "http://hl7.org/fhir/StructureDefinition/Task",
        "snapshot": {"element": []},
        "differential": {"element": []},
    }
    made = {name: value for name, value in {**tree, **change}.items() if value is not None}
    with pytest.raises(NoFacts, match=why):
        facts_of(made, {})


@pytest.mark.needs("shared")
def test_a_package_of_another_version_is_no_package_of_ours() -> None:
    with tarfile.open(PACKAGES / f"{SDOH}.tgz") as archive:
        manifest = json.load(archive.extractfile("package/package.json"))  # type: ignore[arg-type]
    assert manifest["name"] == SDOH.partition("#")[0]


def test_how_a_slice_is_sliced_is_kept() -> None:
    slicing = {"discriminator": [{"type": "pattern", "path": "$this"}], "rules": "closed"}
    elements = [
        {"id": "Observation", "path": "Observation"},
        {"id": "Observation.category", "path": "Observation.category", "slicing": slicing | {"rules": "open"}},
        {"id": "Observation.category:s", "path": "Observation.category", "sliceName": "s", "slicing": slicing},
        {"id": "Observation.category:s/a", "path": "Observation.category", "sliceName": "s/a", "min": 1},
    ]
    base = "http://hl7.org/fhir/StructureDefinition/Observation"
    definition = {"url": "urn:x", "type": "Observation", "baseDefinition": base, "differential": {"element": elements}}
    facts = facts_of(definition, {})
    assert [(each.path, each.rules) for each in facts.slicings] == [("category", "open"), ("category:s", "closed")]
    assert set(read(written(facts)).slicings) == set(facts.slicings)


def observing(*elements: dict[str, Any]) -> ProfileFacts:
    base = "http://hl7.org/fhir/StructureDefinition/Observation"
    return facts_of({"url": "urn:x", "type": "Observation", "baseDefinition": base, "differential": {"element": list(elements)}}, {})  # fmt: skip


def test_a_choice_may_be_named_by_one_of_its_types() -> None:
    facts = observing({"path": "Observation.valueQuantity.unit", "min": 1})
    value_sets = conformance().value_sets
    tree: dict[str, Any] = {"resourceType": "Observation", "valueQuantity": {"value": 1}}
    profiles = Profiles({facts.url: read(written(facts))}, value_sets)
    issues = profiles.check("Observation", tree, [facts.url], Told({}, value_sets))
    assert [issue.at for issue in issues] == ["Observation.value.unit"]
    assert profiles.check("Observation", tree | {"valueQuantity": {"unit": "x"}}, [facts.url], Told({}, value_sets)) == []  # fmt: skip
    assert profiles.check("Observation", {"resourceType": "Observation", "valueString": "x"}, [facts.url], Told({}, value_sets)) == []  # fmt: skip


def test_an_element_that_R4_does_not_have_is_told() -> None:
    with pytest.raises(NoFacts, match="no element valueFoo"):
        observing({"path": "Observation.valueFoo", "min": 1})


def test_how_an_element_is_sliced_may_go_without_saying() -> None:
    facts = observing(
        {"id": "Observation.extension:a", "path": "Observation.extension", "sliceName": "a", "min": 1},
        {"id": "Observation.value[x]:valueString", "path": "Observation.value[x]", "sliceName": "valueString"},
    )
    assert [(each.path, each.discriminators) for each in facts.slicings] == [
        ("extension", (("value", "url"),)),
        ("value[x]", (("type", "$this"),)),
    ]
    assert [kind.code for each in facts.elements for kind in each.kinds] == ["string"]
    with pytest.raises(NoFacts, match="how category is sliced"):
        observing({"id": "Observation.category:a", "path": "Observation.category", "sliceName": "a", "min": 1})


def restricted(type_name: str, *elements: dict[str, Any], base: ProfileFacts | None = None) -> ProfileFacts:
    """By a differential, as it is read from its table."""
    parent = base.url if base else f"http://hl7.org/fhir/StructureDefinition/{type_name}"
    url = "urn:derived" if base else "urn:x"
    tree = {"url": url, "type": type_name, "baseDefinition": parent, "differential": {"element": list(elements)}}
    return read(written(facts_of(tree, {base.url: base} if base else {})))


def wrong_with(tree: dict[str, Any], facts: ProfileFacts) -> list[tuple[str, str]]:
    value_sets = conformance().value_sets
    profiles = Profiles({facts.url: facts}, value_sets)
    issues = profiles.check(facts.type, {"resourceType": facts.type, **tree}, [facts.url], Told({}, value_sets))
    return [(issue.rule, issue.at) for issue in issues]


PATIENT = "http://hl7.org/fhir/StructureDefinition/Patient"
FOR_A_PATIENT = {"path": "Task.for", "type": [{"code": "Reference", "targetProfile": [PATIENT]}]}
WORDS = {"path": "Task.input.value[x]", "type": [{"code": "string"}]}


def test_a_differential_restricts_types_and_targets() -> None:
    facts = restricted("Task", FOR_A_PATIENT, WORDS)
    assert wrong_with({"for": {"reference": "Patient/p"}, "input": [{"valueString": "x"}]}, facts) == []
    assert wrong_with({"for": {"reference": "Group/g"}, "input": [{"valueBoolean": True}]}, facts) == [
        ("profile-target", "Task.for"),
        ("profile-type", "Task.input[0].value"),
    ]


def test_a_derived_profile_restricts_further_and_erases_nothing() -> None:
    base = restricted("Task", FOR_A_PATIENT, WORDS)
    stricter = {"path": "Task.for", "type": [{"code": "Reference", "targetProfile": ["urn:us-core-patient"]}]}
    silent = {"path": "Task.input.value[x]", "min": 1}
    derived = restricted("Task", stricter, silent, base=base)
    assert {each.path: [(kind.code, kind.targets) for kind in each.kinds] for each in derived.elements} == {
        "for": [("Reference", ("urn:us-core-patient",))],
        "input.value[x]": [("string", ())],
    }
    as_in_r4 = {"path": "Task.for", "type": [{"code": "Reference", "targetProfile": [PATIENT[:40] + "Resource"]}]}
    assert restricted("Task", as_in_r4, base=base).elements == base.elements


def test_slices_by_the_type_of_a_value_are_told_apart_without_a_snapshot() -> None:
    slicing = {"discriminator": [{"type": "type", "path": "value"}], "rules": "closed"}
    facts = restricted(
        "Task",
        {"id": "Task.input", "path": "Task.input", "slicing": slicing},
        {"id": "Task.input:file", "path": "Task.input", "sliceName": "file", "min": 1},
        {"id": "Task.input:file.value[x]", "path": "Task.input.value[x]", "type": [{"code": "Attachment"}]},
    )
    assert wrong_with({"input": [{"valueAttachment": {"url": "urn:x"}}]}, facts) == []
    assert wrong_with({"input": [{"valueString": "x"}]}, facts) != []
