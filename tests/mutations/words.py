"""The systems and extensions that bases and recipes speak of."""

from __future__ import annotations

from typing import Any

from tests.mutations.definitions import Tree

GUIDE = "http://hl7.org/fhir/us/sdoh-clinicalcare/StructureDefinition/"
US_CORE = "http://hl7.org/fhir/us/core/StructureDefinition/"
EXTENSIONS = "http://hl7.org/fhir/StructureDefinition/"
TEMPORARY = "http://hl7.org/fhir/us/sdoh-clinicalcare/CodeSystem/SDOHCC-CodeSystemTemporaryCodes"
SDC = "http://hl7.org/fhir/uv/sdc/CodeSystem/temp"
LOINC = "http://loinc.org"
SNOMED = "http://snomed.info/sct"
UCUM = "http://unitsofmeasure.org"
RACES = "urn:oid:2.16.840.1.113883.6.238"
US_CORE_CATEGORY = "http://hl7.org/fhir/us/core/CodeSystem/us-core-category"
HL7 = "http://terminology.hl7.org/CodeSystem/"


def concept(system: str, code: str) -> Tree:
    return {"coding": [{"system": system, "code": code}]}


def to(reference: str) -> Tree:
    return {"reference": reference}


def extension(url: str, **value: Any) -> Tree:
    """`extension(url, valueCode="masked")`."""
    return {"url": url, **value}


def typed(system: str, code: str, **value: Any) -> Tree:
    """An input or output of a Task."""
    return {"type": concept(system, code), **value}


def merged(tree: Any, patch: Any) -> Any:
    """A tree with a JSON Merge Patch: None takes away, arrays are replaced. *Source*: RFC 7386."""
    if not isinstance(patch, dict):
        return patch
    result = dict(tree) if isinstance(tree, dict) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = merged(result.get(name), value)
    return result
