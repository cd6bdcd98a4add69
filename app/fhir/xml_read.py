"""Strict, lossless XML: bytes that others send become the tree that the same resource has in JSON.

The standard library's expat reads. Refused are anything but UTF-8, document types (and with them all entities),
processing instructions, other namespaces, elements out of order, unknown attributes, text outside of a narrative.
Comments are passed over. A narrative's `<div>` stays, to the byte, the text that was sent.

*Source*: R4 xml.html, json.html#primitive; security sheet INP-07, A35 to A37 and its table of limits.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from xml.parsers import expat

from app.fhir import xml_refused
from app.fhir.characters import has_forbidden
from app.fhir.errors import Structure, TooCostly, Value
from app.fhir.json import MAX_CONTAINERS, MAX_DEPTH, MAX_ITEMS, JsonObject, is_element_name, number
from app.fhir.shapes import Field, Form, Shape, shape_of
from app.fhir.tables import r4
from app.fhir.xml_refused import NAMESPACE, XHTML

_BOM = b"\xef\xbb\xbf"
_NUMBERS = frozenset(("decimal", "integer", "unsignedInt", "positiveInt"))
_BOOLEANS = {"true": True, "false": False}
# 700,000 attributes in one tag take expat seconds; a resource has three at most, a narrative's tags some dozen
_LARGE = 65_536
_MANY_ATTRIBUTES = re.compile(rb"""<(?![!?])[^<>"']*+(?:(?:"[^"<]*+"|'[^'<]*+')[^<>"']*+){64}""")


def parse(body: bytes) -> JsonObject:
    """The tree of the one resource that a body holds. Raises Structure, Value or TooCostly with the place, not the
    content."""
    body = body.removeprefix(_BOM)
    xml_refused.check_encoding(body)
    reader = _Reader(body)
    parser = expat.ParserCreate("utf-8", " ")
    parser.buffer_text = True
    parser.ordered_attributes = True
    parser.XmlDeclHandler = xml_refused.declaration
    parser.StartDoctypeDeclHandler = xml_refused.doctype
    parser.ProcessingInstructionHandler = xml_refused.instruction
    parser.StartNamespaceDeclHandler = xml_refused.namespace
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    reader.position = lambda: parser.CurrentByteIndex
    if len(body) > _LARGE and _MANY_ATTRIBUTES.search(body):
        raise TooCostly("xml-attributes", "A tag may have at most 63 attributes.")
    try:
        parser.Parse(body, True)
    except expat.ExpatError as problem:
        raise xml_refused.malformed(problem) from None
    return reader.tree


class _Open:
    """An element that is not closed yet. `tree` is the object that its children go into: of a primitive its `id` and
    extensions, made when there are any. `last` is the place of the child before; `depth` counts as JSON does."""

    __slots__ = ("depth", "field", "form", "index", "last", "shape", "tree", "value")

    def __init__(self, form: Form, shape: Shape, depth: int, field: Field | None = None, index: int = 0) -> None:
        self.form = form
        self.shape = shape
        self.depth = depth
        self.field = field
        self.index = index
        self.tree: JsonObject | None = None
        self.value: Any = None
        self.last = -1


class _Reader:
    """One body's way through the parser: a stack of open elements, and the tree that grows."""

    def __init__(self, body: bytes) -> None:
        self.body = body
        self.tree: JsonObject = {}
        self.stack: list[_Open] = []
        self.containers = 0
        self.position: Callable[[], int] = int
        # in a narrative: how deep, where it begins in the body, whether anything has come but its first tag
        self.inside = 0
        self.begin = 0
        self.is_empty = True

    def start(self, name: str, attributes: list[str]) -> None:
        if self.inside:
            self.inside += 1
            self.is_empty = False
            return
        uri, _, local = name.rpartition(" ")
        parent = self.stack[-1] if self.stack else None
        if parent is None or parent.form is Form.RESOURCE:
            self._resource(parent, uri, local, attributes)
        else:
            self._child(parent, uri, local, attributes)

    def end(self, name: str) -> None:
        if self.inside:
            self.inside -= 1
            if self.inside:
                return
            self.stack[-1].value = self._narrative()
        closed = self.stack[-1]
        if closed.form is Form.PRIMITIVE or closed.form is Form.XHTML:
            if closed.value is None and closed.tree is None:
                raise Structure("xml-no-content", "An element has a value or children.", self._at())
            self._keep_value(self.stack[-2], closed)
        elif closed.tree is None:
            raise Structure("xml-resource", "This element holds one resource.", self._at())
        elif not closed.tree:
            raise Structure("xml-no-content", "An element has a value or children.", self._at())
        self.stack.pop()

    def text(self, text: str) -> None:
        if self.inside:
            self.is_empty = False
        elif not text.isspace():
            raise Structure("xml-text", "Text stands in attributes named value, or in a narrative.", self._at())

    def _resource(self, holder: _Open | None, uri: str, local: str, attributes: list[str]) -> None:
        """The root, or the one child of `contained` and its like."""
        if uri != NAMESPACE:
            raise Structure("xml-namespace", f"A resource is in the namespace {NAMESPACE}.", self._at())
        if local not in r4().resource_types:
            raise Structure("resource-type", "The element must be named after a resource type of R4.", self._at())
        if holder is not None and holder.tree is not None:
            raise Structure("xml-resource", "This element holds one resource.", self._at())
        opened = _Open(Form.OBJECT, shape_of(local), 1 if holder is None else holder.depth)
        opened.tree = {"resourceType": local}
        if holder is None:
            self.tree = opened.tree
        else:
            holder.tree = opened.tree
            self._keep_object(self.stack[-2], holder, opened.tree)
        self.stack.append(opened)
        if attributes:
            raise Structure("xml-attribute", "A resource has no attributes; its id is an element.", self._at())

    def _child(self, parent: _Open, uri: str, local: str, attributes: list[str]) -> None:
        field = parent.shape.get(local)
        if field is None or field.form is Form.ATTRIBUTE:
            at = f"{self._at()}.{local if is_element_name(local) else '?'}"
            raise Structure("unknown-element", "R4 has no such element here.", at)
        opened = self._open(parent, field)
        self.stack.append(opened)
        if uri != (XHTML if field.form is Form.XHTML else NAMESPACE):
            raise Structure("xml-namespace", f"Elements are in {NAMESPACE}, a narrative's div in {XHTML}.", self._at())
        if field.place < parent.last:
            raise Structure("xml-order", "Elements stand in the order of the specification; this is late.", self._at())
        parent.last = field.place
        if field.form is Form.XHTML:
            self.inside, self.begin, self.is_empty = 1, self.position(), True
            return
        if opened.depth - (field.form is Form.PRIMITIVE) > MAX_DEPTH:
            raise self._too_deep()
        if field.form is Form.OBJECT:
            opened.tree = {}
            self._keep_object(parent, opened, opened.tree)
        if attributes:
            self._attributes(opened, field, attributes)

    def _open(self, parent: _Open, field: Field) -> _Open:
        """The element with its number among those of its name. Raises when it may not be there once more."""
        name, tree = field.name, parent.tree or {}
        values = tree.get(name, tree.get(f"_{name}"))
        index = 0
        if values is not None:
            if not field.many:
                raise Structure("xml-repeated", "This element may be there once.", f"{self._at()}.{name}")
            index = len(values)
            if index >= MAX_ITEMS:
                raise TooCostly("xml-items", f"An element may repeat {MAX_ITEMS} times.", f"{self._at()}.{name}")
        shape = shape_of("Element" if field.form is Form.PRIMITIVE else field.path) if field.form in _PARENTS else {}
        return _Open(field.form, shape, parent.depth + 1 + field.many, field, index)

    def _attributes(self, opened: _Open, field: Field, attributes: list[str]) -> None:
        for i in range(0, len(attributes), 2):
            name, value = attributes[i], attributes[i + 1]
            if not value.isascii() and has_forbidden(value):
                raise Value("character", "Text may not hold noncharacters.", self._at())
            if name == "value" and field.form is Form.PRIMITIVE:
                opened.value = self._value(field.type, value)
            elif name in opened.shape and opened.shape[name].form is Form.ATTRIBUTE:
                self._object_of(opened)[name] = value
            else:
                raise Structure("xml-attribute", "R4 has no such attribute here.", self._at())

    def _value(self, type_code: str, text: str) -> Any:
        if type_code == "boolean":
            if text not in _BOOLEANS:
                raise Value("boolean-form", "This must be true or false.", self._at())
            return _BOOLEANS[text]
        if type_code in _NUMBERS:
            found = number(text)
            if found is None:
                raise Value("number-form", "This must be a number as JSON writes it: 0, -1, 1.50, 2e3.", self._at())
            return found
        return text

    def _narrative(self) -> str:
        """The div as it stands in the body. An empty tag ends where expat is, any other after its closing tag."""
        here = self.position()
        if not (self.is_empty and self.body[self.begin : here].endswith(b"/>")):
            here = self.body.index(b">", here) + 1
        text = self.body[self.begin : here].decode("utf-8")
        if has_forbidden(text):
            raise Value("character", "Text may not hold noncharacters.", self._at())
        return text

    def _object_of(self, opened: _Open) -> JsonObject:
        """Where an element's members go; a primitive gets its object when it has an id or extensions."""
        if opened.tree is None:
            if opened.depth > MAX_DEPTH:
                raise self._too_deep()
            opened.tree = {}
            self._count()
        return opened.tree

    def _keep_object(self, parent: _Open, opened: _Open, tree: JsonObject) -> None:
        self._count()
        members, name = self._object_of(parent), opened.field.name if opened.field else ""
        if opened.depth - parent.depth == 1:
            members[name] = tree
        elif opened.index:
            members[name].append(tree)
        else:
            self._count()
            members[name] = [tree]

    def _keep_value(self, parent: _Open, closed: _Open) -> None:
        """A primitive and what is beside it: `given` and `_given`, with null where one of the two has nothing."""
        members, name = self._object_of(parent), closed.field.name if closed.field else ""
        for key, found in ((name, closed.value), (f"_{name}", closed.tree)):
            if closed.depth - parent.depth == 1:
                if found is not None:
                    members[key] = found
            elif key in members:
                members[key].append(found)
            elif found is not None:
                self._count()
                members[key] = [None] * closed.index + [found]

    def _count(self) -> None:
        self.containers += 1
        if self.containers > MAX_CONTAINERS:
            raise TooCostly("xml-size", f"A body may have at most {MAX_CONTAINERS} elements with children.")

    def _too_deep(self) -> Structure:
        return Structure("xml-depth", f"The resource is nested deeper than JSON's {MAX_DEPTH} levels.")

    def _at(self) -> str:
        """Where the innermost open element stands, as `Task.input[1].type`."""
        names = [self.tree["resourceType"]] if self.tree else []
        for opened in self.stack:
            if opened.field is not None:
                names.append(f"{opened.field.name}[{opened.index}]" if opened.field.many else opened.field.name)
        return ".".join(names)


_PARENTS = (Form.OBJECT, Form.PRIMITIVE)
