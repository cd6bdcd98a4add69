"""The tree of a resource as XML: the same content in another dress, elements in the order of the specification.

A narrative goes out as the text it is. What R4 does not know of another system's copy comes last, by its looks, so that
nothing is lost.

*Source*: R4 xml.html, json.html#primitive.
"""

from __future__ import annotations

import html.entities
import re
from collections.abc import Iterator
from typing import Any

from app.fhir.json import JsonObject, Number, is_element_name
from app.fhir.shapes import Field, Form, Shape, shape_of
from app.fhir.tables import r4

_HEAD = '<?xml version="1.0" encoding="UTF-8"?>'
_NAMESPACE = ' xmlns="http://hl7.org/fhir"'
_SPECIAL = re.compile(r'[&<>"\t\n\r]')
_REFERENCES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\t": "&#9;", "\n": "&#10;", "\r": "&#13;"}
_NAMED = re.compile(r"&([A-Za-z][A-Za-z0-9]{1,31});", re.ASCII)
_OF_XML = frozenset(("amp", "lt", "gt", "quot", "apos"))


def dump(tree: JsonObject, *, pretty: bool = False) -> bytes:
    """UTF-8 XML of a resource that has a known resourceType, in one line or indented."""
    writer = _Writer(pretty)
    writer.resource(tree, _NAMESPACE)
    return (_HEAD + "".join(writer.parts)).encode("utf-8")


class _Writer:
    """The pieces of one document."""

    def __init__(self, pretty: bool) -> None:
        self.parts: list[str] = []
        self.pretty = pretty
        self.depth = 0

    def resource(self, tree: JsonObject, namespace: str = "") -> None:
        name = tree["resourceType"]
        self._begin(name, namespace)
        self._members(tree, shape_of(name) if name in r4().resource_types else {})
        self._end(name)

    def _members(self, tree: JsonObject, shape: Shape) -> None:
        known: dict[str, Field] = {}
        unknown: list[str] = []
        for key in tree:
            name = key.removeprefix("_")
            field = shape.get(name)
            if field is not None:
                known[name] = field
            elif key != "resourceType":
                unknown.append(key)
        for name, field in sorted(known.items(), key=_place):
            self._member(name, field, tree.get(name), tree.get(f"_{name}"))
        for name in unknown:
            if is_element_name(name) and not name.startswith("_"):
                self._by_looks(name, tree[name])

    def _member(self, name: str, field: Field, value: Any, beside: Any) -> None:
        if field.form is Form.ATTRIBUTE:
            return
        if not field.many:
            self._one(name, field, value, beside)
        elif field.form is Form.PRIMITIVE:
            for item, more in _pairs(value, beside):
                self._one(name, field, item, more)
        else:
            for item in value:
                self._one(name, field, item, None)

    def _one(self, name: str, field: Field, value: Any, beside: Any) -> None:
        if field.form is Form.PRIMITIVE:
            self._primitive(name, value, beside)
        elif field.form is Form.XHTML:
            self._line(_narrative(value))
        elif field.form is Form.RESOURCE:
            self._begin(name)
            self.resource(value)
            self._end(name)
        else:
            self._object(name, value, shape_of(field.path))

    def _primitive(self, name: str, value: Any, beside: JsonObject | None) -> None:
        text = "" if value is None else f' value="{_text(value)}"'
        if not beside:
            return self._line(f"<{name}{text}/>")
        id_ = f' id="{_text(beside["id"])}"' if "id" in beside else ""
        if len(beside) == bool(id_):
            return self._line(f"<{name}{id_}{text}/>")
        self._begin(name, id_ + text)
        self._members(beside, shape_of("Element"))
        self._end(name)

    def _object(self, name: str, tree: JsonObject, shape: Shape) -> None:
        attributes = "".join(
            f' {key}="{_text(tree[key])}"' for key in ("id", "url") if key in tree and _is_attribute(shape, key)
        )
        self._begin(name, attributes)
        self._members(tree, shape)
        self._end(name)

    def _by_looks(self, name: str, value: Any) -> None:
        if type(value) is list:
            for item in value:
                self._by_looks(name, item)
        elif type(value) is dict:
            self._object(name, value, {})
        elif value is not None:
            self._primitive(name, value, None)

    def _begin(self, name: str, attributes: str = "") -> None:
        self._line(f"<{name}{attributes}>")
        self.depth += 1

    def _end(self, name: str) -> None:
        self.depth -= 1
        self._line(f"</{name}>")

    def _line(self, text: str) -> None:
        if self.pretty:
            self.parts.append("\n" + "  " * self.depth)
        self.parts.append(text)


def _place(item: tuple[str, Field]) -> int:
    return item[1].place


def _is_attribute(shape: Shape, name: str) -> bool:
    field = shape.get(name)
    return field is not None and field.form is Form.ATTRIBUTE


def _pairs(values: list[Any] | None, beside: list[Any] | None) -> Iterator[tuple[Any, Any]]:
    """Each value of an array with what stands beside it."""
    values, beside = values or [], beside or []
    for i in range(max(len(values), len(beside))):
        yield values[i] if i < len(values) else None, beside[i] if i < len(beside) else None


def _text(value: Any) -> str:
    if type(value) is str:
        return _SPECIAL.sub(_reference, value) if _SPECIAL.search(value) else value
    if type(value) is bool:
        return "true" if value else "false"
    return value.text if type(value) is Number else str(value)


def _reference(found: re.Match[str]) -> str:
    return _REFERENCES[found[0]]


def _narrative(div: str) -> str:
    """The div as it was, but for HTML's named characters, which XML does not know; a CDATA section is left alone."""
    if "&" not in div:
        return div
    first, *others = div.split("<![CDATA[")
    pieces = [_NAMED.sub(_numbered, first)]
    for other in others:
        literal, end, rest = other.partition("]]>")
        pieces += ["<![CDATA[", literal, end, _NAMED.sub(_numbered, rest)]
    return "".join(pieces)


def _numbered(found: re.Match[str]) -> str:
    characters = "" if found[1] in _OF_XML else html.entities.html5.get(f"{found[1]};", "")
    return "".join(f"&#{ord(character)};" for character in characters) or found[0]
