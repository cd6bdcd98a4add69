"""XML in and out: the tree that JSON gives, nothing lost; what is no FHIR XML is refused with its place."""

from __future__ import annotations

import os
import re
import time
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings

from app.fhir import json, xml
from app.fhir.errors import Refusal
from app.fhir.json import MAX_CONTAINERS, MAX_DEPTH, MAX_ITEMS, JsonObject, Number
from app.fhir.structure import check
from app.fhir.tables import PROFILES, r4
from tests.fhir import reference, trees

CANARY = "Zyxwvut"
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


DOCTYPE = f'<!DOCTYPE Patient [<!ENTITY a "{CANARY}"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]>'
REFUSED = [
    ("A01 empty", b"", "structure", "xml-empty"),
    ("A02 truncated", b"<Patient xmlns='http://hl7.org/fhir'><name>", "structure", "xml-syntax"),
    ("A03 trailing garbage", patient("") + b"x", "structure", "xml-syntax"),
    ("two resources", patient("") * 2, "structure", "xml-syntax"),
    ("JSON", b'{"resourceType":"Patient"}', "structure", "xml-syntax"),
    ("A05 the same element twice", patient('<gender value="male"/><gender value="female"/>'), "structure", "xml-repeated"),
    ("A05 the same attribute twice", patient('<gender value="male" value="female"/>'), "structure", "xml-syntax"),
    ("A14 100,000 elements deep", patient('<extension url="u">' * 100_000), "structure", "xml-depth"),
    ("A24 UTF-16", patient("").decode().encode("utf-16"), "structure", "xml-encoding"),
    ("UTF-16 without mark", patient("").decode().encode("utf-16-be"), "structure", "xml-encoding"),
    ("another encoding", b"<?xml version='1.0' encoding='ISO-8859-1'?>" + patient(""), "structure", "xml-encoding"),
    ("Latin-1", patient('<language value="\xe9"/>').decode().encode("latin-1"), "structure", "xml-encoding"),
    ("A27 a surrogate", patient('<language value="&#xD800;"/>'), "structure", "xml-syntax"),
    ("A28 NUL", patient('<language value="&#0;"/>'), "structure", "xml-syntax"),
    ("a control character", patient('<language value="\x07"/>'), "structure", "xml-syntax"),
    ("a noncharacter", patient('<language value="\ufdd0"/>'), "value", "character"),
    ("a noncharacter by number", patient('<language value="&#xFDD0;"/>'), "value", "character"),
    ("A31 nothing in it", patient("<birthDate/>"), "structure", "xml-no-content"),
    ("A31 an object with nothing in it", patient("<name/>"), "structure", "xml-no-content"),
    ("A33 unknown element", patient('<colour value="red"/>'), "structure", "unknown-element"),
    ("A33 unknown attribute", patient('<birthDate value="1970" colour="red"/>'), "structure", "xml-attribute"),
    ("an attribute of the schema", b'<Patient xmlns="http://hl7.org/fhir" a="b"/>', "structure", "xml-attribute"),
    ("a value on an object", patient('<name value="a"/>'), "structure", "xml-attribute"),
    ("an id on a resource", b'<Patient xmlns="http://hl7.org/fhir" id="b"/>', "structure", "xml-attribute"),
    ("A36 a document type", DOCTYPE.encode() + patient(""), "structure", "xml-doctype"),
    ("A36 a file", b'<!DOCTYPE a SYSTEM "file:///etc/passwd">' + patient(""), "structure", "xml-doctype"),
    ("A37 billion laughs", DOCTYPE.encode() + patient('<language value="&b;"/>'), "structure", "xml-doctype"),
    ("an entity", patient('<language value="&nbsp;"/>'), "structure", "xml-entity"),
    ("a processing instruction", b"<?xml-stylesheet href='a'?>" + patient(""), "structure", "xml-instruction"),
    ("no namespace", b"<Patient/>", "structure", "xml-namespace"),
    ("another namespace", b'<Patient xmlns="http://hl7.org/v3"/>', "structure", "xml-namespace"),
    (
        "the namespace of schemas",
        b'<Patient xmlns="http://hl7.org/fhir" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"/>',
        "structure",
        "xml-namespace",
    ),
    ("an element of no namespace", patient('<active xmlns="" value="true"/>'), "structure", "xml-namespace"),
    ("an element of XHTML", patient(f'<active {XHTML} value="true"/>'), "structure", "xml-namespace"),
    ("a div of FHIR", patient('<text><status value="generated"/><div>a</div></text>'), "structure", "xml-namespace"),
    ("no resource", f'<HumanName {FHIR}><family value="a"/></HumanName>'.encode(), "structure", "resource-type"),
    ("a name that is none", f'<patient {FHIR}/>'.encode(), "structure", "resource-type"),
    ("text between elements", patient("a"), "structure", "xml-text"),
    ("text in a value", patient("<birthDate>1970</birthDate>"), "structure", "xml-text"),
    ("text by CDATA", patient("<![CDATA[a]]>"), "structure", "xml-text"),
    ("late", patient('<gender value="male"/><active value="true"/>'), "structure", "xml-order"),
    ("late id", patient('<active value="true"/><id value="a"/>'), "structure", "xml-order"),
    ("an array in two parts", patient('<name><text value="a"/></name><gender value="male"/><name><text value="b"/></name>'), "structure", "xml-order"),
    ("nothing contained", patient("<contained/>"), "structure", "xml-resource"),
    ("two in one contained", patient("<contained><Basic/><Basic/></contained>"), "structure", "xml-resource"),
    ("what is no resource contained", patient('<contained><name/></contained>'), "structure", "resource-type"),
    ("a value contained", patient('<contained value="a"><Basic/></contained>'), "structure", "xml-attribute"),
    ("TRUE", patient('<active value="TRUE"/>'), "value", "boolean-form"),
    ("1 for true", patient('<active value="1"/>'), "value", "boolean-form"),
    ("a plus", patient('<multipleBirthInteger value="+1"/>'), "value", "number-form"),
    ("a space", patient('<multipleBirthInteger value=" 1"/>'), "value", "number-form"),
    ("NaN", patient('<multipleBirthInteger value="NaN"/>'), "value", "number-form"),
    ("no ASCII digit", patient('<multipleBirthInteger value="１"/>'), "value", "number-form"),
    ("endless number", patient(f'<multipleBirthInteger value="{"1" * 65}"/>'), "value", "number-form"),
    ("B70 too many items", patient('<link id="a"/>' * (MAX_ITEMS + 1)), "too-costly", "xml-items"),
]  # fmt: skip


@pytest.mark.parametrize(("body", "code", "rule"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED])
def test_what_is_no_fhir_xml_is_refused(body: bytes, code: str, rule: str) -> None:
    with pytest.raises(Refusal) as refusal:
        xml.parse(body)
    assert (refusal.value.issues[0].code, refusal.value.issues[0].rule) == (code, rule)
    assert CANARY not in repr(refusal.value.issues)


@pytest.mark.parametrize(
    ("inside", "at"),
    [
        ('<name><given value="a"/><given/></name>', "Patient.name[0].given[1]"),
        ('<contained><Basic><code value="a"/></Basic></contained>', "Patient.contained[0].code.value"),
        ('<active value="yes"/>', "Patient.active"),
        ('<name><colour value="a"/></name>', "Patient.name[0].colour"),
        ("<name><constructor-x/></name>", "Patient.name[0].?"),
        ('<active value="true"><extension url="u"><valueInteger value="x"/></extension></active>', "Patient.active.extension[0].valueInteger"),
        ("<name>a</name>", "Patient.name[0]"),
    ],
)  # fmt: skip
def test_a_refusal_says_where(inside: str, at: str) -> None:
    with pytest.raises(Refusal) as refusal:
        xml.parse(patient(inside))
    assert refusal.value.issues[0].at == at


def test_a_refusal_never_repeats_what_was_sent() -> None:
    for body in [patient(f'<birthDate value="1" {CANARY}-x="a"/>'), patient(f"<{CANARY}-x/>"), patient(CANARY),
                 f'<{CANARY} {FHIR}/>'.encode(), f'<Patient xmlns="{CANARY}"/>'.encode(), f"<?{CANARY} a?>".encode(),
                 patient(f'<language value="&{CANARY};"/>'), patient(f'<active value="{CANARY}"/>')]:  # fmt: skip
        with pytest.raises(Refusal) as refusal:
            xml.parse(body)
        assert CANARY not in repr(refusal.value.issues)


def test_the_deepest_body_that_xml_takes_is_the_deepest_that_json_takes() -> None:
    """An extension in an extension is an object in an array: two levels of JSON."""
    most = (MAX_DEPTH - 1) // 2

    def nested(levels: int) -> bytes:
        return patient('<extension url="u">' * levels + '<valueCode value="a"/>' + "</extension>" * levels)

    tree = xml.parse(nested(most))
    assert json.parse(json.dump(tree)) == tree
    with pytest.raises(Refusal) as refusal:
        xml.parse(nested(most + 1))
    assert refusal.value.issues[0].rule == "xml-depth"


def test_a_body_has_so_many_objects_as_json_may_have() -> None:
    inside = '<extension url="u"><valueCode value="a"/></extension>' * (MAX_ITEMS - 1)
    one = f"<contact>{inside}</contact>"
    with pytest.raises(Refusal) as refusal:
        xml.parse(patient(one * (MAX_CONTAINERS // MAX_ITEMS + 1)))
    assert refusal.value.issues[0].rule == "xml-size"


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"<a>" * 3_000_000, id="deep"),
        pytest.param(b'<Patient xmlns="http://hl7.org/fhir">' + b'<name id="a"/>' * 700_000, id="wide"),
        pytest.param(b'<Patient xmlns="http://hl7.org/fhir" xmlns:a="' + b"b" * 5_000_000 + b'">' + b"<a:c/>" * 800_000, id="a long namespace"),
        pytest.param(b"<!DOCTYPE a [" + b'<!ENTITY a "b">' * 600_000, id="entities"),
        pytest.param(b"<Patient" + b"".join(b' a%d="b"' % i for i in range(700_000)) + b"/>", id="attributes"),
        pytest.param(b'<Patient xmlns="http://hl7.org/fhir"><!--' + b"-" * 9_000_000, id="a comment"),
    ],
)  # fmt: skip
def test_a_hostile_body_of_ten_megabytes_takes_little_time_and_memory(body: bytes) -> None:
    tracemalloc.start()
    started = time.perf_counter()
    try:
        with pytest.raises(Refusal):
            xml.parse(body)
        assert tracemalloc.get_traced_memory()[1] < 60 * 1024 * 1024
    finally:
        tracemalloc.stop()
    assert time.perf_counter() - started < 5


def test_every_narrative_that_is_kept_is_xml() -> None:
    """What the structure check lets pass can be written."""
    for div in trees.DIVS:
        tree = {"resourceType": "Patient", "text": {"status": "generated", "div": div}}
        assert check("Patient", tree) == []
        assert xml.parse(xml.dump(tree)) == tree


def test_a_type_of_r4_never_holds_a_name_that_xml_could_not_tell() -> None:
    """Attributes and narratives have nothing beside them, so that every good tree has its XML."""
    for tree in ({"resourceType": "Patient", "name": [{"id": "a", "_id": {"id": "b"}, "text": "x"}]},
                 {"resourceType": "Patient", "extension": [{"url": "u", "_url": {"id": "b"}, "valueCode": "c"}]},
                 {"resourceType": "Patient", "text": {"status": "generated", "div": trees.DIVS[0], "_div": {"id": "b"}}}):  # fmt: skip
        assert [issue.rule for issue in check("Patient", tree)] == ["unknown-element"]


def test_the_spelling_of_an_empty_div_is_kept() -> None:
    for div in (f"<div {XHTML}/>", f"<div {XHTML}></div>", f"<div {XHTML}><br/></div>", f"<div {XHTML} />"):
        tree = xml.parse(patient(f'<text><status value="generated"/>{div}</text>'))
        assert tree["text"]["div"] == div


def test_the_declaration_says_utf_8() -> None:
    assert re.match(rb'<\?xml version="1\.0" encoding="UTF-8"\?>', xml.dump({"resourceType": "Basic"}))
