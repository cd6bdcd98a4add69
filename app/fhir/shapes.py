"""What may stand in a resource, by JSON name: order, form and flags of each member, compiled from the R4 tables.

Who asks: the XML reader and writer (order, form), `subset.py` (what is part of a summary).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cache

from app.fhir.tables import Element, Kind, r4


class Form(Enum):
    """How a member is written: an attribute in XML, a primitive, XHTML, an object, or a whole resource."""

    ATTRIBUTE = "attribute"
    PRIMITIVE = "primitive"
    XHTML = "xhtml"
    OBJECT = "object"
    RESOURCE = "resource"


@dataclass(frozen=True, slots=True)
class Field:
    """One JSON name. `place` counts in the order of the specification (the types of a choice share one); `path` is
    where the shape of an object's own members is found, `element` the name in the specification (`value[x]`)."""

    name: str
    element: str
    place: int
    form: Form
    type: str
    path: str
    many: bool
    mandatory: bool
    modifier: bool
    summary: bool


Shape = Mapping[str, Field]


@cache
def shape_of(path: str) -> Shape:
    """The members of a type (`Task`, `HumanName`) or of a part of one (`Task.input`)."""
    return {
        name: _field(place, name, element, kind)
        for place, element in enumerate(r4().children(path))
        for name, kind in element.json_names().items()
    }


def _field(place: int, name: str, element: Element, kind: Kind) -> Field:
    own = kind.code in ("BackboneElement", "Element")
    return Field(
        name=name,
        element=element.name,
        place=place,
        form=_form(element, kind),
        type=kind.code,
        path=element.children_of or (element.path if own else kind.code),
        many=element.maximum != 1,
        mandatory=element.minimum > 0,
        modifier="!" in element.flags,
        summary="s" in element.flags,
    )


def _form(element: Element, kind: Kind) -> Form:
    if "a" in element.flags:
        return Form.ATTRIBUTE
    if kind.code == "Resource":
        return Form.RESOURCE
    if kind.code == "xhtml":
        return Form.XHTML
    known = r4().types.get(kind.code)
    return Form.PRIMITIVE if known is not None and known.kind == "primitive" else Form.OBJECT
