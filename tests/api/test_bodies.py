"""Bodies that are no resource: each is refused for what it is, nothing is stored, and the server goes on.

Lines of the security sheet's list of attacks are in tests/attacks.
"""

import json
from typing import Any

import pytest

from tests.api.answers import MARK, refused
from tests.builders import entry, resource
from tests.town import Town
from tests.world import FHIR_JSON

PATIENT = f'"resourceType":"Patient","name":[{{"family":"{MARK}"}}]'


@pytest.mark.parametrize(
    ("body", "code"),
    [
        pytest.param(f'{{{PATIENT},"text":NaN}}'.encode(), "value", id="NaN"),
        pytest.param(b"\xef\xbb\xbf" + f"{{{PATIENT}}}".encode(), "structure", id="byte order mark"),
        pytest.param(f'{{{PATIENT},"language":"\xe9"}}'.encode("latin-1"), "structure", id="no UTF-8"),
        pytest.param(f'{{{PATIENT},"gender":""}}'.encode(), "structure", id="empty string"),
        pytest.param(f'{{{PATIENT},"active":"true"}}'.encode(), "structure", id="INP-04 a text for a boolean"),
        pytest.param(f'{{{PATIENT},"multipleBirthInteger":"1"}}'.encode(), "structure", id="INP-04 a text for a number"),
        pytest.param(f'{{{PATIENT},"multipleBirthInteger":1.0}}'.encode(), "structure", id="INP-04 1.0 for a whole number"),
        pytest.param(
            f'{{{PATIENT},"deceasedBoolean":true,"deceasedDateTime":"2026"}}'.encode(), "structure", id="two choices"
        ),
        pytest.param(
            f'{{{PATIENT},"contained":[{{"resourceType":"Patient","id":"a","contained":[]}}]}}'.encode(),
            "structure",
            id="contained in contained",
        ),
        pytest.param(b"[]", "structure", id="an array"),
        pytest.param(f'"{MARK}"'.encode(), "structure", id="a text"),
        pytest.param(f'{{"name":[{{"family":"{MARK}"}}]}}'.encode(), "structure", id="no resourceType"),
        pytest.param(f'{{"resourceType":"{MARK}"}}'.encode(), "invalid", id="unknown resourceType"),
        pytest.param(b'{"resourceType":7}', "structure", id="resourceType a number"),
    ],
)  # fmt: skip
async def test_what_is_no_patient_is_refused(town: Town, body: bytes, code: str) -> None:
    answer = await town.ehr.http.post("/fhir/Patient", content=body, headers={"Content-Type": FHIR_JSON})
    refused(answer, 400, code)
    assert await town.ehr.search("Patient") == []


async def test_a_refusal_of_the_structure_names_the_place(town: Town) -> None:
    answer = await town.ehr.create(resource("Patient", contact=[{"gender": MARK}]))
    refused(answer, 400, "code-invalid", at="Patient.contact[0].gender")
    answer = await town.ehr.create(resource("Patient", gendr="male"))
    refused(answer, 400, "structure", at="Patient.gendr")


@pytest.mark.parametrize("parameters", [";", ";;", ";;charset=utf-8;", "; fhirVersion=4.0 ; ;"])
async def test_a_semicolon_with_nothing_behind_it_says_nothing(town: Town, parameters: str) -> None:
    """RFC 9110, 5.6.6."""
    for kind in ("application/fhir+json", "application/json"):
        headers = {"Content-Type": kind + parameters}
        answer = await town.ehr.http.post("/fhir/Patient", content=f"{{{PATIENT}}}", headers=headers)
        assert answer.status_code == 201, answer.text


async def test_another_version_of_fhir_is_not_read(town: Town) -> None:
    kind = "application/fhir+json; fhirVersion=3.0"
    answer = await town.ehr.http.post("/fhir/Patient", content=f"{{{PATIENT}}}", headers={"Content-Type": kind})
    refused(answer, 415, "not-supported")


@pytest.mark.parametrize(
    "kind", ["application/json", "application/fhir+json;charset=UTF-8", "application/fhir+json; fhirVersion=4.0"]
)
async def test_json_by_its_other_names_is_read(town: Town, kind: str) -> None:
    answer = await town.ehr.http.post("/fhir/Patient", content=f"{{{PATIENT}}}", headers={"Content-Type": kind})
    assert answer.status_code == 201


def padded(tree: dict[str, Any], size: int) -> bytes:
    """The JSON of a tree, with spaces up to exactly this many bytes."""
    body = json.dumps(tree).encode()
    return body + b" " * (size - len(body))


async def test_a_resource_may_have_its_limit_and_not_one_byte_more(town: Town) -> None:
    limit, headers = 1024 * 1024, {"Content-Type": FHIR_JSON}
    tree = resource("Patient", name=[{"family": "x"}])
    whole = await town.ehr.http.post("/fhir/Patient", content=padded(tree, limit), headers=headers)
    assert whole.status_code == 201
    over = await town.ehr.http.post("/fhir/Patient", content=padded(tree, limit + 1), headers=headers)
    refused(over, 413, "too-long")
    again = {**tree, "id": whole.json()["id"]}
    changed = await town.ehr.http.put(f"/fhir/Patient/{again['id']}", content=padded(again, limit + 1), headers=headers)
    refused(changed, 413, "too-long")


async def test_a_bundle_may_have_its_limit_and_not_one_byte_more(town: Town) -> None:
    limit, headers = 10 * 1024 * 1024, {"Content-Type": FHIR_JSON}
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": [entry(resource("Patient"))]}
    whole = await town.ehr.http.post("/fhir", content=padded(bundle, limit), headers=headers)
    assert whole.status_code == 200
    refused(await town.ehr.http.post("/fhir", content=padded(bundle, limit + 1), headers=headers), 413, "too-long")


async def test_a_body_without_a_length_is_counted_while_it_comes(town: Town) -> None:
    async def endless() -> Any:
        for _ in range(200):
            yield b" " * 65536

    answer = await town.ehr.http.post("/fhir/Patient", content=endless(), headers={"Content-Type": FHIR_JSON})
    refused(answer, 413, "too-long")


async def test_a_resource_in_a_bundle_has_the_limit_of_a_resource(town: Town) -> None:
    large = resource("Patient", name=[{"text": "x"}], text={"status": "generated", "div": XHTML.format("y" * 200_000)},
                     identifier=[{"value": "v" * 240_000, "system": "urn:x"} for _ in range(5)])  # fmt: skip
    answer = await town.ehr.bundle("transaction", [entry(large)])
    refused(answer, 413, "too-long", at="Bundle.entry[0].resource")


XHTML = '<div xmlns="http://www.w3.org/1999/xhtml">{}</div>'
