"""What a profile says that its facts leave out: it is told at the install, so that nobody believes in a check that is
not there. *Source*: R4 elementdefinition.html; HL7's extension for the largest value set."""

from __future__ import annotations

from collections.abc import Iterator

from app.fhir.json import JsonObject
from app.fhir.tables import r4

_LARGEST = "http://hl7.org/fhir/StructureDefinition/elementdefinition-maxValueSet"
# R4 itself says it of every language
_LANGUAGES = "http://hl7.org/fhir/ValueSet/all-languages"
_ADDITIONAL = "http://hl7.org/fhir/tools/StructureDefinition/additional-binding"
_BOUNDS = ("minValue", "maxValue")


def unchecked(definition: JsonObject) -> list[str]:
    """`maxLength of description` and so on, of its snapshot, without one of its differential. Raises what a misplaced
    part makes it stumble over."""
    elements = (definition.get("snapshot") or definition.get("differential") or {}).get("element", ())
    found = (f"{word} of {_place(each)}" for each in elements if not _is_r4s(each) for word in _words(each))
    return list(dict.fromkeys(found))


def _place(element: JsonObject) -> str:
    path: str = element.get("id") or element["path"]
    return path.partition(".")[2] or path


def _is_r4s(element: JsonObject) -> bool:
    """Whether it is about the bare value of a primitive, of which R4 says the same."""
    of, _, name = element.get("base", {}).get("path", "").partition(".")
    return name == "value" and of in r4().types and r4().types[of].kind == "primitive"


def _words(element: JsonObject) -> Iterator[str]:
    if "maxLength" in element:
        yield "maxLength"
    yield from (word for word in _BOUNDS if any(name.startswith(word) for name in element))
    if any("aggregation" in each for each in element.get("type", ())):
        yield "aggregation"
    if any(_is_largest(each) for each in element.get("binding", {}).get("extension", ())):
        yield "the largest value set"


def _is_largest(extension: JsonObject) -> bool:
    if extension["url"] == _LARGEST:
        return not any(str(value).startswith(_LANGUAGES) for value in extension.values())
    parts: list[JsonObject] = extension.get("extension", []) if extension["url"] == _ADDITIONAL else []
    return any(each["url"] == "purpose" and each.get("valueCode") == "maximum" for each in parts)
