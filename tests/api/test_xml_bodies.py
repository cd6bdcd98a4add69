"""Bodies in XML: what is good is what it would be in JSON, what is not is refused for what it is, and nothing is stored.

Numbers in the ids are those of the security sheet's list of attacks.
"""

from typing import Any

import httpx
import pytest

from app.fhir import json, xml
from tests.api.answers import LEAKS, MARK, outcome_issues, refused
from tests.builders import entry, resource
from tests.town import Town
from tests.world import FHIR_JSON

FHIR_XML = "application/fhir+xml"
NAMESPACE = 'xmlns="http://hl7.org/fhir"'
FAMILY = f'<name><family value="{MARK}"/></name>'
BOMB = f'<!DOCTYPE a [<!ENTITY a "{MARK}"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'


def written(tree: dict[str, Any]) -> bytes:
    """A tree made for JSON, as XML."""
    return xml.dump(json.reread(json.dump(tree)))


def patient(inside: str) -> str:
    return f"<Patient {NAMESPACE}>{FAMILY}{inside}</Patient>"


async def send(town: Town, address: str, body: bytes | str, *, kind: str = FHIR_XML, method: str = "POST", accept: str = "*/*") -> httpx.Response:  # fmt: skip
    headers = {"Content-Type": kind, "Accept": accept}
    return await town.ehr.http.request(method, f"/fhir/{address}", content=body, headers=headers)


@pytest.mark.parametrize("kind", [FHIR_XML, "application/xml", "text/xml", "application/fhir+xml; charset=utf-8",
                                  "application/fhir+xml;fhirVersion=4.0"])  # fmt: skip
async def test_a_resource_in_xml_is_stored_as_what_it_is_in_json(town: Town, kind: str) -> None:
    tree = resource("Patient", name=[{"given": ["a", "b"], "_given": [{"id": "x"}, None]}], birthDate="1970-01")
    answer = await send(town, "Patient", written(tree), kind=kind)
    assert answer.status_code == 201, answer.text
    made = answer.json()
    assert {name: value for name, value in made.items() if name not in ("id", "meta")} == tree


async def test_a_number_keeps_its_form_from_xml_to_json_and_back(town: Town) -> None:
    """A11."""
    person = (await town.ehr.create(resource("Patient"))).json()
    body = written(resource("Observation", subject=f"Patient/{person['id']}"))
    value = b'<valueQuantity><value value="1.10"/></valueQuantity>'
    part = b'<component><code><text value="c"/></code>' + value + b"</component></Observation>"
    answer = await send(town, "Observation", body.replace(b"</Observation>", part))
    assert answer.status_code == 201, answer.text
    assert '"value":1.10' in answer.text
    again = await town.ehr.http.get(f"/fhir/Observation/{answer.json()['id']}", headers={"Accept": FHIR_XML})
    assert '<value value="1.10"/>' in again.text


async def test_an_update_in_xml_is_an_update(town: Town) -> None:
    made = (await town.ehr.create(resource("Patient"))).json()
    changed = {**made, "gender": "other"}
    answer = await send(town, f"Patient/{made['id']}", written(changed), method="PUT", accept=FHIR_XML)
    assert answer.status_code == 200, answer.text
    assert xml.parse(answer.content)["gender"] == "other"
    assert (await town.ehr.get(f"Patient/{made['id']}")).json()["meta"]["versionId"] == "2"


async def test_a_transaction_in_xml_is_a_transaction(town: Town) -> None:
    urn = "urn:uuid:0198c0de-0000-7000-8000-000000000001"
    entries = [entry(resource("Patient"), urn), entry(resource("Condition", subject=urn))]
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
    answer = await send(town, "", written(bundle), accept=FHIR_XML)
    assert answer.status_code == 200, answer.text
    reply = xml.parse(answer.content)
    assert reply["type"] == "transaction-response"
    assert [each["response"]["status"][:3] for each in reply["entry"]] == ["201", "201"]


async def test_a_form_is_searched_and_answered_in_xml(town: Town) -> None:
    made = (await town.ehr.create(resource("Patient"))).json()
    by_accept = {"data": {"_id": made["id"]}, "headers": {"Accept": FHIR_XML}}
    by_format = {"data": {"_id": made["id"], "_format": "xml"}}
    for asked in (by_accept, by_format):
        answer = await town.ehr.http.post("/fhir/Patient/_search", **asked)
        assert [each["resource"]["id"] for each in xml.parse(answer.content)["entry"]] == [made["id"]]
    refused(await town.ehr.http.post("/fhir/Patient/_search", data={"_format": MARK}), 406, "not-supported")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        pytest.param("", "structure", id="A01 empty"),
        pytest.param(patient("")[:-5], "structure", id="A02 truncated"),
        pytest.param(patient("") + "x", "structure", id="A03 trailing garbage"),
        pytest.param(patient("") * 2, "structure", id="A03 a second resource"),
        pytest.param(patient('<gender value="male"/><gender value="female"/>'), "structure", id="A05 the same twice"),
        pytest.param(patient('<multipleBirthInteger value="2147483648"/>'), "value", id="A10 integer too large"),
        pytest.param(f"<Patient {NAMESPACE}>" + '<extension url="u">' * 50_000, "structure", id="A14 50,000 levels"),
        pytest.param(patient("").encode("utf-16"), "structure", id="A24 UTF-16"),
        pytest.param(f'<?xml version="1.0" encoding="utf-16"?>{patient("")}', "structure", id="A24 says UTF-16"),
        pytest.param(patient('<gender value="\xe9"/>').encode("latin-1"), "structure", id="no UTF-8"),
        pytest.param(patient('<gender value="&#xD800;"/>'), "structure", id="A27 lone surrogate"),
        pytest.param(patient('<gender value="&#0;"/>'), "structure", id="A28 NUL"),
        pytest.param(patient('<gender value="\ufdd0"/>'), "value", id="a noncharacter"),
        pytest.param(patient("<gender/>"), "structure", id="A31 nothing in it"),
        pytest.param(patient('<gender value=""/>'), "structure", id="A31 an empty text"),
        pytest.param(patient(f'<gendr value="{MARK}"/>'), "structure", id="A33 unknown element"),
        pytest.param(patient(f'<gender value="male" {MARK}="x"/>'), "structure", id="A33 unknown attribute"),
        pytest.param(patient('<__proto__ value="x"/>'), "structure", id="A33 __proto__"),
        pytest.param(patient(MARK), "structure", id="text between elements"),
        pytest.param(patient('<gender value="male"/><active value="true"/>'), "structure", id="another order"),
        pytest.param(f"<Patient>{FAMILY}</Patient>", "structure", id="no namespace"),
        pytest.param(f"<?xml-stylesheet href='{MARK}'?>{patient('')}", "structure", id="A35 an instruction"),
        pytest.param('<!DOCTYPE a SYSTEM "file:///etc/passwd">' + patient(""), "structure", id="A36 a file"),
        pytest.param(BOMB + patient('<gender value="&b;"/>'), "structure", id="A37 billion laughs"),
        pytest.param(patient('<birthDate value="1970-02-30"/>'), "value", id="B56 no such day"),
        pytest.param(f'<Basic {NAMESPACE}><code><text value="x"/></code></Basic>', "invalid", id="B01 another type"),
        pytest.param('{"resourceType":"Patient"}', "structure", id="JSON that says it is XML"),
    ],
)  # fmt: skip
async def test_what_is_no_patient_is_refused(town: Town, body: bytes | str, code: str) -> None:
    before = len(await town.ehr.search("Patient?_count=500"))
    refused(await send(town, "Patient", body), 400, code)
    assert len(await town.ehr.search("Patient?_count=500")) == before


async def test_xml_that_says_it_is_json_is_refused(town: Town) -> None:
    refused(await send(town, "Patient", patient(""), kind=FHIR_JSON), 400, "structure")


@pytest.mark.parametrize("kind", ["application/fhir+xml; charset=iso-8859-1", "application/fhir+xml; fhirVersion=3.0",
                                  "application/fhir+xml; profile=x", "application/hl7-v3+xml", "text/html"])  # fmt: skip
async def test_other_media_types_are_not_read(town: Town, kind: str) -> None:
    """A23, A24."""
    refused(await send(town, "Patient", patient(""), kind=kind), 415, "not-supported")


async def test_a_problem_in_xml_has_the_place_that_it_has_in_json(town: Town) -> None:
    body = patient('<contact><gender value="x"/></contact>')
    refused(await send(town, "Patient", body), 400, "code-invalid", at="Patient.contact[0].gender")


async def test_a_refusal_is_written_as_the_client_reads(town: Town) -> None:
    answer = await send(town, "Patient", patient("<gender/>"), accept=FHIR_XML)
    assert answer.status_code == 400
    assert answer.headers["content-type"].startswith(FHIR_XML)
    assert not LEAKS.search(answer.text)
    assert MARK not in answer.text
    assert outcome_issues(xml.parse(answer.content))[0]["expression"] == ["Patient.gender"]


async def test_a_resource_in_xml_has_the_limit_of_a_resource(town: Town) -> None:
    body = patient("").encode()
    whole, over = (body + b" " * (1024 * 1024 - len(body) + more) for more in (0, 1))
    assert (await send(town, "Patient", whole)).status_code == 201
    refused(await send(town, "Patient", over), 413, "too-long")
