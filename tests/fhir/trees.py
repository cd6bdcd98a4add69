"""Resources made at random from the R4 tables, for tests that hold for all of them: right names, any values."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from app.fhir.json import JsonObject, Number, number
from app.fhir.shapes import Field, Form, shape_of
from app.fhir.tables import r4

TYPES = sorted(r4().resource_types)
DIVS = (
    '<div xmlns="http://www.w3.org/1999/xhtml">text</div>',
    "<div xmlns=\"http://www.w3.org/1999/xhtml\"><p class='a'>a &amp; b<br/>c<br /></p><!-- kept --></div>",
    '<div  xmlns="http://www.w3.org/1999/xhtml" xml:lang="de"><img src="#a" alt=""></img>&#160;ä</div >',
    '<div xmlns="http://www.w3.org/1999/xhtml"><![CDATA[<b> /> &nbsp; ]]></div>',
)
_texts = st.text(
    st.characters(exclude_categories=("Cs", "Cc", "Cn"), include_characters="\t\n\r<>&\"'"), min_size=1, max_size=12
)
_lexical = st.sampled_from(
    ["0", "-1", "1.10", "1e2", "-0", "-0.0", "2E+5", "12345678901234567890", "0.10000000000000001"]
)


def _number(text: str) -> int | Number:
    found = number(text)
    assert found is not None
    return found


_numbers = _lexical.map(_number) | st.integers(-(2**31), 2**31)


@st.composite
def resources(draw: st.DrawFn, depth: int = 3) -> JsonObject:
    """A resource of any type with some of its members; those that must be there may be missing."""
    name = draw(st.sampled_from(TYPES))
    return {"resourceType": name, **draw(members(name, depth))}


@st.composite
def members(draw: st.DrawFn, path: str, depth: int, least: int = 0) -> JsonObject:
    """Some members of a type or a part of one."""
    fields = [field for field in shape_of(path).values() if depth or field.form in (Form.ATTRIBUTE, Form.PRIMITIVE)]
    tree: JsonObject = {}
    for field in draw(st.lists(st.sampled_from(fields), min_size=least, max_size=5, unique_by=lambda each: each.name)):
        tree.update(draw(_member(field, depth)))
    return tree


@st.composite
def _member(draw: st.DrawFn, field: Field, depth: int) -> JsonObject:
    name = field.name
    if field.form is not Form.PRIMITIVE:
        item = _value(field, depth)
        return {name: draw(st.lists(item, min_size=1, max_size=2) if field.many else item)}
    pairs = draw(st.lists(_primitive(field, depth), min_size=1, max_size=3 if field.many else 1))
    both = [(key, [pair[i] for pair in pairs]) for i, key in enumerate((name, f"_{name}"))]
    return {key: items if field.many else items[0] for key, items in both if any(item is not None for item in items)}


@st.composite
def _primitive(draw: st.DrawFn, field: Field, depth: int) -> tuple[Any, JsonObject | None]:
    """A value and what stands beside it; one of the two at least."""
    value = draw(st.none() | _value(field, 0) if depth else _value(field, 0))
    beside = draw(members("Element", depth - 1, least=1)) if value is None or (depth and draw(st.booleans())) else None
    return value, beside


def _value(field: Field, depth: int) -> st.SearchStrategy[Any]:
    if field.form is Form.RESOURCE:
        return st.deferred(lambda: resources(max(depth - 1, 0)))
    if field.form is Form.OBJECT:
        return st.deferred(lambda: members(field.path, max(depth - 1, 0), least=1))
    if field.form is Form.XHTML:
        return st.sampled_from(DIVS)
    if field.type == "boolean":
        return st.booleans()
    return _numbers if field.type in ("decimal", "integer", "positiveInt", "unsignedInt") else _texts
