"""What is no FHIR XML is refused with its place, at little cost, and nothing that came in is repeated."""

from __future__ import annotations

import time
import tracemalloc

import pytest

from app.fhir import json, xml
from app.fhir.errors import Refusal
from app.fhir.json import MAX_CONTAINERS, MAX_DEPTH, MAX_ITEMS

CANARY = "Zyxwvut"
FHIR = 'xmlns="http://hl7.org/fhir"'
XHTML = 'xmlns="http://www.w3.org/1999/xhtml"'


def patient(inside: str) -> bytes:
    return f"<Patient {FHIR}>{inside}</Patient>".encode()


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
        ('<contained><Basic><code value="a"/></Basic></contained>', "Patient.contained[0].code"),
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
    started = time.process_time()
    try:
        with pytest.raises(Refusal):
            xml.parse(body)
        assert tracemalloc.get_traced_memory()[1] < 60 * 1024 * 1024
    finally:
        tracemalloc.stop()
    assert time.process_time() - started < 5
