"""Parts of a resource for those who ask for less: `_summary` and `_elements`.

What must be there and what changes the meaning of the rest stays, whatever is asked; so does `contained` while
something kept refers into it. The tag SUBSETTED says that the resource is not whole.

*Source*: R4 search.html#summary, #elements, resource.html#tag; who calls: read, vread, history, search.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

from app.fhir.errors import Value
from app.fhir.json import JsonObject, dump, reread
from app.fhir.shapes import Field, Form, Shape, shape_of
from app.fhir.tables import r4

SUMMARIES = ("true", "text", "data", "count", "false")
MAX_ELEMENTS = 100
SUBSETTED = {
    "system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue",
    "code": "SUBSETTED",
    "display": "subsetted",
}
_ALWAYS = frozenset(("resourceType", "id", "meta"))


@dataclass(frozen=True, slots=True)
class Subset:
    """Which part: a word of `_summary` ("true", "text", "data", "count"), or "" and the names of `_elements`."""

    summary: str
    elements: frozenset[str] = frozenset()


def asked(pairs: Iterable[tuple[str, str]]) -> Subset | None:
    """What a query asks to leave out; None for whole resources. Raises Value for anything R4 does not know."""
    summary, elements = "", ""
    for name, value in pairs:
        if name == "_summary" and value:
            if value not in SUMMARIES or summary not in ("", value):
                raise Value("summary-value", f"_summary is one of {', '.join(SUMMARIES)}, and is sent once", "_summary")
            summary = value
        elif name == "_elements":
            elements = f"{elements},{value}" if elements else value
    if not elements:
        return Subset(summary) if summary not in ("", "false") else None
    if summary not in ("", "false"):
        raise Value("summary-elements", "_summary and _elements are not for one query", "_elements")
    return Subset("", _names(elements))


def subset(body: bytes, part: Subset) -> bytes:
    """The part of a stored resource, tagged SUBSETTED. Raises Value for a count, which one resource has not."""
    if part.summary == "count":
        raise Value("summary-count", "_summary=count is for searches", "_summary")
    tree = reread(body)
    shape = shape_of(tree["resourceType"])
    if part.summary == "true":
        kept = _summary(tree, shape)
    else:
        kept = {name: value for name, value in tree.items() if _stays(name, shape, part)}
    if "contained" in tree and "contained" not in kept and _points_inside(kept):
        kept["contained"] = tree["contained"]
    return dump(_tagged(kept))


def _names(text: str) -> frozenset[str]:
    names = [name.strip() for name in text.split(",")]
    if len(names) > MAX_ELEMENTS or not all(name in _element_names() for name in names):
        message = f"_elements lists at most {MAX_ELEMENTS} names of elements at the top of a resource, parted by commas"
        raise Value("elements-value", message, "_elements")
    return frozenset(names)


@cache
def _element_names() -> frozenset[str]:
    """The elements at the top of all resource types; `value` is the name of `value[x]`, whatever its type. What is
    always there may be named too."""
    tables = r4()
    names = (each.name.removesuffix("[x]") for name in tables.resource_types for each in tables.children(name))
    return _ALWAYS.union(names)


def _base(field: Field) -> str:
    return field.element.removesuffix("[x]")


def _stays(name: str, shape: Shape, part: Subset) -> bool:
    """Whether a member at the top is wanted, with all that is in it, or may not be missing."""
    if part.summary == "data":
        return name != "text"
    field = shape.get(name.removeprefix("_"))
    if field is None:
        return name in _ALWAYS
    wanted = name == "text" if part.summary == "text" else _base(field) in part.elements
    return wanted or field.mandatory or field.modifier or name in _ALWAYS


def _summary(tree: JsonObject, shape: Shape) -> JsonObject:
    """The elements that the specification marks, and inside of them again."""
    kept: JsonObject = {}
    for name, value in tree.items():
        field = shape.get(name.removeprefix("_"))
        if name == "resourceType":
            kept[name] = value
        elif field is not None and (field.summary or field.mandatory or field.modifier):
            reduced = _reduced(value, field)
            if reduced is not None:
                kept[name] = reduced
    return kept


def _reduced(value: Any, field: Field) -> Any:
    """The summary of one member; None when nothing of it is part of one and it need not be there."""
    if field.form is not Form.OBJECT or field.modifier:
        return value
    shape = shape_of(field.path)
    if field.many:
        items = [_summary(item, shape) for item in value]
        return items if all(items) else (value if field.mandatory else [item for item in items if item] or None)
    return _summary(value, shape) or (value if field.mandatory else None)


def _points_inside(node: Any) -> bool:
    if type(node) is dict:
        reference = node.get("reference")
        return (type(reference) is str and reference.startswith("#")) or any(map(_points_inside, node.values()))
    return type(node) is list and any(map(_points_inside, node))


def _tagged(tree: JsonObject) -> JsonObject:
    meta = tree.get("meta", {})
    tags = [tag for tag in meta.get("tag", ()) if tag.get("code") != SUBSETTED["code"]]
    return {**tree, "meta": {**meta, "tag": [*tags, SUBSETTED]}}
