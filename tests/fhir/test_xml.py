"""XML in and out: the tree that JSON gives, nothing lost."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings

from app.fhir import json, xml
from app.fhir.json import JsonObject, Number
from app.fhir.structure import check
from app.fhir.tables import PROFILES, r4
from tests.fhir import reference, trees

FHIR = 'xmlns="http://hl7.org/fhir"'
XHTML = 'xmlns="http://www.w3.org/1999/xhtml"'
US_CORE = ("hl7.fhir.us.core#3.1.1", "hl7.fhir.us.core#6.1.0", "hl7.fhir.us.core#7.0.0")


def patient(inside: str) -> bytes:
    return f"<Patient {FHIR}>{inside}</Patient>".encode()


def by_others() -> Iterator[tuple[str, bytes]]:
    """Examples and definitions that others wrote: the guide's, US Core's, R4's own code systems and profiles."""
    yield from reference.examples().items()
    for package in US_CORE:
        yield from reference.package_examples(package)
    yield from reference.resources(reference.GUIDE)


def without_named_characters(tree: JsonObject) -> JsonObject:
    """HTML's &nbsp; is &#160; in XML: the same character, another spelling."""
    body = json.dump(tree).replace(b"&nbsp;", b"&#160;").replace(b"&copy;", b"&#169;")
    return json.reread(body)


def test_what_others_wrote_in_json_comes_back_from_xml_the_same() -> None:
    seen = set()
    for name, body in by_others():
        tree = json.parse(body)
        if tree.get("resourceType") in r4().resource_types:
            assert xml.parse(xml.dump(tree)) == without_named_characters(tree), name
            assert xml.parse(xml.dump(tree, pretty=True)) == without_named_characters(tree), name
            seen.add(tree["resourceType"])
    assert len(seen) > 30


@pytest.mark.parametrize(
    "path", sorted((Path(__file__).parent / "golden" / "xml").glob("*.xml")), ids=lambda path: path.stem
)
def test_hl7s_own_library_writes_the_same(path: Path) -> None:
    """The files are examples of the guide as `org.hl7.fhir.r4` 6.10.4 writes them."""
    theirs, tree = path.read_text(), json.parse(reference.examples()[f"{path.stem}.json"])
    assert xml.parse(theirs.encode()) == tree
    assert ElementTree.canonicalize(xml.dump(tree).decode()) == ElementTree.canonicalize(theirs)


@pytest.mark.parametrize("path", sorted((PROFILES / "examples").rglob("*.json")), ids=lambda path: path.parent.name)
def test_every_shipped_example_comes_back_the_same(path: Path) -> None:
    tree = json.parse(path.read_bytes())
    assert xml.parse(xml.dump(tree)) == tree
    assert xml.parse(xml.dump(tree, pretty=True)) == tree


@settings(max_examples=5_000 if os.environ.get("SOAK") else 80, deadline=None)
@given(trees.resources())
def test_any_resource_comes_back_the_same(tree: JsonObject) -> None:
    written = xml.dump(tree)
    ElementTree.fromstring(written)
    assert xml.parse(written) == tree
    assert xml.parse(xml.dump(tree, pretty=True)) == tree
    assert xml.dump(xml.parse(written)) == written


PAIRS = [
    ("a date", '<birthDate value="1970-03"/>', {"birthDate": "1970-03"}),
    ("booleans", '<active value="false"/>', {"active": False}),
    ("a whole number", '<multipleBirthInteger value="2"/>', {"multipleBirthInteger": 2}),
    (
        "a number as written",
        '<extension url="u"><valueDecimal value="1.10"/></extension>',
        {"extension": [{"url": "u", "valueDecimal": Number("1.10")}]},
    ),
    (
        "an exponent as written",
        '<extension url="u"><valueDecimal value="1e2"/></extension>',
        {"extension": [{"url": "u", "valueDecimal": Number("1e2")}]},
    ),
    (
        "the extension of a date",
        '<birthDate id="b" value="1970"><extension url="u"><valueCode value="c"/></extension></birthDate>',
        {"birthDate": "1970", "_birthDate": {"id": "b", "extension": [{"url": "u", "valueCode": "c"}]}},
    ),
    (
        "a date that is only its extension",
        '<birthDate><extension url="u"><valueCode value="c"/></extension></birthDate>',
        {"_birthDate": {"extension": [{"url": "u", "valueCode": "c"}]}},
    ),
    (
        "some values with something beside them",
        '<name><given value="a"/><given id="g"/><given value="c" id="h"/></name>',
        {"name": [{"given": ["a", None, "c"], "_given": [None, {"id": "g"}, {"id": "h"}]}]},
    ),
    (
        "contained resources",
        '<contained><Basic><id value="a"/></Basic></contained><contained><Basic><id value="b"/></Basic></contained>',
        {"contained": [{"resourceType": "Basic", "id": "a"}, {"resourceType": "Basic", "id": "b"}]},
    ),
    (
        "a narrative",
        f'<text><status value="generated"/><div {XHTML}>a<br/>b &lt; c</div></text>',
        {"text": {"status": "generated", "div": f"<div {XHTML}>a<br/>b &lt; c</div>"}},
    ),
    ("characters of XML", '<language value="&lt;&quot;&amp;&#9;&#10;"/>', {"language": '<"&\t\n'}),
    ("beyond ASCII", '<language value="é😀"/>', {"language": "é😀"}),
]


@pytest.mark.parametrize(("inside", "tree"), [case[1:] for case in PAIRS], ids=[case[0] for case in PAIRS])
def test_the_two_forms_of_one_content(inside: str, tree: JsonObject) -> None:
    whole = {"resourceType": "Patient", **tree}
    assert xml.parse(patient(inside)) == whole
    assert xml.parse(xml.dump(whole)) == whole


def test_elements_are_written_in_the_order_of_the_specification() -> None:
    tree = {"resourceType": "Patient", "gender": "other", "name": [{"given": ["a"], "family": "f"}], "id": "x"}
    assert xml.dump(tree).endswith(
        b'<Patient xmlns="http://hl7.org/fhir"><id value="x"/><name><family value="f"/><given value="a"/></name>'
        b'<gender value="other"/></Patient>'
    )


def test_pretty_indents_everything_but_the_narrative() -> None:
    div = f"<div {XHTML}>a <b>b</b></div>"
    tree = {"resourceType": "Patient", "text": {"status": "generated", "div": div}, "active": True}
    lines = xml.dump(tree, pretty=True).decode().splitlines()
    assert lines[1:] == [
        f"<Patient {FHIR}>", "  <text>", '    <status value="generated"/>', f"    {div}", "  </text>",
        '  <active value="true"/>', "</Patient>",
    ]  # fmt: skip


def test_named_characters_of_html_are_numbers_in_xml() -> None:
    div = f"<div {XHTML}>a&nbsp;b &amp; &lt;c <![CDATA[&nbsp;]]>&Auml;</div>"
    written = xml.dump({"resourceType": "Patient", "text": {"status": "generated", "div": div}})
    assert f"<div {XHTML}>a&#160;b &amp; &lt;c <![CDATA[&nbsp;]]>&#196;</div>".encode() in written


def test_what_a_copy_has_beyond_r4_is_written_by_its_looks() -> None:
    tree = {"resourceType": "Patient", "colour": ["red", {"code": True}], "active": True}
    written = xml.dump(tree)
    assert b'<active value="true"/><colour value="red"/><colour><code value="true"/></colour>' in written
    ElementTree.fromstring(written)


def test_a_name_that_cannot_be_one_is_not_written() -> None:
    written = xml.dump({"resourceType": "Patient", "a><b": 1, "_x": {"id": "1"}, "active": True})
    assert written.endswith(b'<active value="true"/></Patient>')


def test_prefixes_comments_declarations_and_a_mark_are_no_matter() -> None:
    body = (
        '\ufeff<?xml version="1.0" encoding="utf-8"?><!-- a --><f:Patient xmlns:f="http://hl7.org/fhir"><!-- b -->\n'
        '  <f:active value="true"/></f:Patient><!-- c -->\n'
    )
    assert xml.parse(body.encode()) == {"resourceType": "Patient", "active": True}


def test_every_narrative_that_is_kept_is_xml() -> None:
    """What the structure check lets pass can be written."""
    for div in trees.DIVS:
        tree = {"resourceType": "Patient", "text": {"status": "generated", "div": div}}
        assert check("Patient", tree) == []
        assert xml.parse(xml.dump(tree)) == tree


def test_a_type_of_r4_never_holds_a_name_that_xml_could_not_tell() -> None:
    """Attributes and narratives have nothing beside them, so that every good tree has its XML."""
    for tree in ({"resourceType": "Patient", "name": [{"id": "a", "_id": {"id": "b"}, "text": "x"}]},
                 {"resourceType": "Patient", "extension": [{"url": "urn:u", "_url": {"id": "b"}, "valueCode": "c"}]},
                 {"resourceType": "Patient", "text": {"status": "generated", "div": trees.DIVS[0], "_div": {"id": "b"}}}):  # fmt: skip
        assert [issue.rule for issue in check("Patient", tree)] == ["unknown-element"]


def test_the_spelling_of_an_empty_div_is_kept() -> None:
    for div in (f"<div {XHTML}/>", f"<div {XHTML}></div>", f"<div {XHTML}><br/></div>", f"<div {XHTML} />"):
        tree = xml.parse(patient(f'<text><status value="generated"/>{div}</text>'))
        assert tree["text"]["div"] == div


def test_the_declaration_says_utf_8() -> None:
    assert re.match(rb'<\?xml version="1\.0" encoding="UTF-8"\?>', xml.dump({"resourceType": "Basic"}))
