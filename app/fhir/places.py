"""Where something stands, as FHIRPath says it: `Task.input[2].value` for JSON's `Task.input[2].valueReference`.

*Source*: R4 fhirpath.html (choices), operationoutcome.html (expression).
"""

from __future__ import annotations

from app.fhir.shapes import shape_of


def expression(place: str) -> str:
    """The place by FHIRPath's names; what no table knows stays as it is."""
    first, *parts = place.split(".")
    path, spoken = first, [first]
    for number, part in enumerate(parts):
        name, bracket, index = part.partition("[")
        try:
            field = shape_of(path).get(name.lstrip("_"))
        except KeyError:
            field = None
        if field is None:
            return ".".join((*spoken, *parts[number:]))
        spoken.append(field.element.removesuffix("[x]") + bracket + index)
        path = field.path
        if name.startswith("_"):
            path = "Element"
    return ".".join(spoken)
