"""Good JSON that is refused: values, codes, references, headers, addresses. Each says which rule, and where.

Numbers in the ids are those of the security sheet's list of attacks.
"""

import time
from typing import Any
from uuid import uuid4

import pytest

from tests.api.answers import MARK, refused, without_number
from tests.builders import DELETE, resource
from tests.town import Town
from tests.world import FHIR_JSON

NOBODY = "0198c0de-0000-7000-8000-000000000000"
REDOS = "A" * 130 + "!"
PERIOD_TURNED = {"start": "2026-05-02", "end": "2026-05-01"}


def patient(**changes: Any) -> dict[str, Any]:
    return resource("Patient", **changes)


@pytest.mark.parametrize(
    ("tree", "code", "at"),
    [
        pytest.param(patient(gender=MARK), "code-invalid", "Patient.gender", id="code outside a required binding"),
        pytest.param({"resourceType": "Observation", "code": {"text": MARK}}, "required", "Observation.status", id="B09"),
        pytest.param(patient(birthDate="2023-02-29"), "value", "Patient.birthDate", id="B56 no leap year"),
        pytest.param(patient(birthDate="2024-02-30"), "value", "Patient.birthDate", id="B56 30 February"),
        pytest.param(patient(birthDate="0000-01-01"), "value", "Patient.birthDate", id="B56 year 0"),
        pytest.param(patient(birthDate="10000-01-01"), "value", "Patient.birthDate", id="B56 year 10000"),
        pytest.param(patient(birthDate="2024-01-01\n"), "value", "Patient.birthDate", id="INP-13 trailing newline"),
        pytest.param(patient(birthDate="２０２４"), "value", "Patient.birthDate", id="INP-13 full-width digits"),
        pytest.param(patient(deceasedDateTime="2024-01-01T24:00:00Z"), "value", "Patient.deceasedDateTime", id="B56 24:00"),
        pytest.param(
            patient(deceasedDateTime="2024-01-01T10:00:00+15:00"), "value", "Patient.deceasedDateTime", id="B56 +15:00"
        ),
        pytest.param(patient(id="a" * 65), "value", "Patient.id", id="B03 long id"),
        pytest.param(patient(id="a/b"), "value", "Patient.id", id="B03 slash"),
        pytest.param(patient(id="abc\n"), "value", "Patient.id", id="B03 newline"),
        pytest.param(patient(name=[{"period": PERIOD_TURNED}]), "invariant", "Patient.name[0].period", id="B61"),
        pytest.param(
            patient(generalPractitioner=[{"reference": "#missing"}]),
            "invariant",
            "Patient.generalPractitioner[0]",
            id="B52 pointer to nothing",
        ),
        pytest.param(
            patient(managingOrganization={"reference": "Patient/1"}), "value", "Patient.managingOrganization", id="B50"
        ),
        pytest.param(
            patient(managingOrganization={"reference": "javascript:alert(1)"}),
            "value",
            "Patient.managingOrganization.reference",
            id="B53 javascript",
        ),
        pytest.param(patient(implicitRules="data:text/html,x"), "value", "Patient.implicitRules", id="B53 data"),
        pytest.param(
            patient(photo=[{"data": REDOS, "contentType": "image/png"}]), "value", "Patient.photo[0].data", id="B63"
        ),
        pytest.param(patient(identifier=[{"value": "1\u202e2"}]), "value", "Patient.identifier[0].value", id="INP-09"),
        pytest.param(
            patient(text={"status": "generated", "div": f"<div>{MARK}<script>1</script></div>"}),
            "invariant",
            "Patient.text.div",
            id="INP-14 script",
        ),
    ],
)  # fmt: skip
async def test_a_wrong_value_is_refused_with_its_place(town: Town, tree: dict[str, Any], code: str, at: str) -> None:
    started = time.monotonic()
    issues = refused(await town.ehr.create(tree), 400, code)
    assert any(place.startswith(at) for issue in issues for place in issue["expression"]), issues
    assert time.monotonic() - started < 2


async def test_a_code_that_looks_right_in_another_element_is_refused(town: Town) -> None:
    await_at = await town.ehr.create(resource("Task", status=MARK, **loose_task()))
    refused(await_at, 400, "code-invalid", at="Task.status")


def loose_task() -> dict[str, Any]:
    return dict.fromkeys(("focus", "for_", "requester", "owner"), DELETE)


@pytest.mark.parametrize(
    "text",
    ["2016-12-31T23:59:60Z", "9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+14:00", "2026-03-29T02:30:00+01:00"],
)
async def test_a_date_at_the_edge_is_kept_and_searchable(town: Town, text: str) -> None:
    """B57, B58, B60."""
    person = (await town.ehr.create(patient())).json()["id"]
    tree = resource("Observation", subject=f"Patient/{person}", effectiveDateTime=text)
    made = await town.ehr.create(tree)
    assert made.status_code == 201, made.text
    assert made.json()["effectiveDateTime"] == text
    found = await town.ehr.search(f"Observation?patient={person}&_lastUpdated=ge2000")
    assert [each["id"] for each in found] == [made.json()["id"]]


@pytest.mark.parametrize("size", [2_000, 20_000, 500_000])
async def test_a_long_identifier_is_kept_and_found(town: Town, size: int) -> None:
    """No index entry of PostgreSQL holds it whole."""
    value = "".join(uuid4().hex for _ in range(size // 32))
    made = await town.ehr.create(patient(identifier=[{"system": "urn:long", "value": value}], name=[{"text": "Long"}]))
    assert made.status_code == 201, made.text
    if size < 8_000:
        assert len(await town.ehr.search(f"Patient?identifier=urn:long|{value}")) == 1
        assert await town.ehr.search(f"Patient?identifier=urn:long|{value[:-1]}x") == []


async def test_a_long_name_is_found_by_its_beginning(town: Town) -> None:
    name = "".join(uuid4().hex for _ in range(200))
    assert (await town.ehr.create(resource("Organization", name=name))).status_code == 201
    assert len(await town.ehr.search(f"Organization?name={name[:40]}")) == 1
    assert len(await town.ehr.search(f"Organization?name={name[:2000]}")) == 1


# references


async def test_a_dangling_reference_is_refused_and_looks_like_a_hidden_one(town: Town) -> None:
    """B48, B49: another member's Patient and one that nobody has get the same answer."""
    hidden = (await town.cbo.create(patient())).json()["id"]
    answers = [await town.ehr.create(resource("Condition", subject=f"Patient/{id}")) for id in (hidden, NOBODY)]
    refused(answers[0], 422, "not-found", rule="reference-not-found", at="Condition.subject")
    assert without_number(answers[0]) == without_number(answers[1])


@pytest.mark.parametrize("text", ["https://evil.example/fhir/Patient/1", "http://127.0.0.1/fhir/Patient/1"])
async def test_an_address_of_no_registered_system_is_refused(town: Town, text: str) -> None:
    """B51."""
    answer = await town.ehr.create(resource("Condition", subject=text))
    refused(answer, 422, "not-supported", rule="reference-unknown-base", at="Condition.subject")


@pytest.mark.parametrize(
    ("text", "status"), [("https://evil.example/x", 422), ("Patient?name=x", 422), (f"urn:uuid:{NOBODY}", 422)]
)
async def test_other_forms_of_references_are_refused(town: Town, text: str, status: int) -> None:
    answer = await town.ehr.create(resource("Condition", subject=text))
    refused(answer, status, "not-found" if text.startswith("urn") else "not-supported", at="Condition.subject")


# hidden is missing


async def test_what_others_have_answers_as_if_it_were_not_there(town: Town) -> None:
    made = (await town.cbo.create(patient())).json()
    for id in (made["id"], NOBODY):
        refused(await town.ehr.get(f"Patient/{id}"), 404, "not-found")
    for address in ("Patient/{}", "Patient/{}/_history/1", "Patient/{}/_history/2"):
        here, there = [await town.ehr.get(address.format(id)) for id in (made["id"], NOBODY)]
        assert without_number(here) == without_number(there)
    here, there = [await town.ehr.update({**made, "id": id}) for id in (made["id"], NOBODY)]
    refused(here, 404, "not-found")
    assert without_number(here) == without_number(there)
    assert (await town.cbo.get(f"Patient/{made['id']}")).json() == made


# headers and addresses


@pytest.mark.parametrize("text", ["*", '"1"', "W/1", f'W/"{MARK}"', 'W/"1", W/"2"', 'W/"９"', ""])
async def test_an_if_match_that_is_no_version_is_refused(town: Town, text: str) -> None:
    """B25."""
    made = (await town.ehr.create(patient())).json()
    headers = {"Content-Type": FHIR_JSON, "If-Match": text.encode()}
    answer = await town.ehr.http.put(f"/fhir/Patient/{made['id']}", json=made, headers=headers)
    refused(answer, 400, "value", rule="if-match")


async def test_a_stale_if_match_is_a_conflict(town: Town) -> None:
    """B23."""
    made = (await town.ehr.create(patient())).json()
    assert (await town.ehr.update(made, **{"If-Match": 'W/"1"'})).headers["etag"] == 'W/"2"'
    refused(await town.ehr.update(made, **{"If-Match": 'W/"1"'}), 412, "conflict")


@pytest.mark.parametrize("tree_id", [NOBODY, DELETE, 7])
async def test_the_id_in_the_body_is_the_one_in_the_address(town: Town, tree_id: Any) -> None:
    made = (await town.ehr.create(patient())).json()
    body = {**made, "id": tree_id}
    if tree_id is DELETE:
        del body["id"]
    answer = await town.ehr.http.put(f"/fhir/Patient/{made['id']}", json=body, headers={"Content-Type": FHIR_JSON})
    refused(answer, 400, "invalid", at="Patient.id")


async def test_a_client_does_not_choose_ids_versions_or_times(town: Town) -> None:
    """B06; an unknown id is no create."""
    meta = {"versionId": "99", "lastUpdated": "1999-01-01T00:00:00Z"}
    made = (await town.ehr.create(patient(id=NOBODY, meta=meta))).json()
    assert made["id"] != NOBODY
    assert made["meta"]["versionId"] == "1"
    assert not made["meta"]["lastUpdated"].startswith("1999")
    refused(await town.ehr.update(patient(id=NOBODY)), 404, "not-found")


@pytest.mark.parametrize("condition", ["foo=bar", f"name={MARK}", "identifier=a|1&active=true", "", "identifier=",
                                       "identifier=novalue", "identifier=a|", "identifier=a|1,a|2",
                                       "&".join(["identifier=a|1"] * 100), "identifier=a%FF|1"])  # fmt: skip
async def test_a_condition_that_is_not_one_identifier_is_refused(town: Town, condition: str) -> None:
    """B27, REL-04: never lenient, or it would match everything."""
    answer = await town.ehr.create(patient(), **{"If-None-Exist": condition})
    assert answer.status_code == 400, answer.text
    refused(answer, 400, answer.json()["issue"][0]["code"])


async def test_a_condition_that_several_resources_fulfil_is_refused(town: Town) -> None:
    value = uuid4().hex
    for _ in range(2):
        await town.ehr.create(patient(identifier=[{"system": "urn:s", "value": value}]))
    answer = await town.ehr.create(patient(), **{"If-None-Exist": f"identifier=urn:s|{value}"})
    refused(answer, 412, "multiple-matches")


async def test_a_conditional_create_never_finds_what_others_have(town: Town) -> None:
    """B30."""
    mine = patient(identifier=[{"system": "urn:s", "value": uuid4().hex}])
    condition = {"If-None-Exist": f"identifier=urn:s|{mine['identifier'][0]['value']}"}
    first, theirs, again = [await each.create(mine, **condition) for each in (town.ehr, town.cbo, town.ehr)]
    assert (first.status_code, theirs.status_code, again.status_code) == (201, 201, 200)
    assert first.json()["id"] == again.json()["id"] != theirs.json()["id"]


async def test_a_long_condition_is_a_condition(town: Town) -> None:
    mine = patient(identifier=[{"system": "urn:s", "value": "".join(uuid4().hex for _ in range(120))}])
    condition = {"If-None-Exist": f"identifier=urn:s|{mine['identifier'][0]['value']}"}
    assert [(await town.ehr.create(mine, **condition)).status_code for _ in range(2)] == [201, 200]


@pytest.mark.parametrize("name", ["Authorization", "Content-Type", "If-Match", "If-None-Exist"])
async def test_a_header_that_counts_comes_once(town: Town, name: str) -> None:
    """A46."""
    token = town.ehr.http.headers["Authorization"]
    headers = {
        "Authorization": token,
        "Content-Type": FHIR_JSON,
        "If-Match": 'W/"1"',
        "If-None-Exist": "identifier=a|b",
    }
    sent = [(key, value) for key, value in headers.items() if key in ("Authorization", "Content-Type", name)]
    request = town.ehr.http.build_request(
        "POST", "/fhir/Patient", json=patient(), headers=[*sent, (name, headers[name])]
    )
    del request.headers["authorization"]
    request.headers = type(request.headers)([(b"Host", b"x"), *((k.encode(), v.encode()) for k, v in [*sent, (name, headers[name])]),
                                             (b"Content-Length", request.headers["content-length"].encode())])  # fmt: skip
    refused(await town.ehr.http.send(request), 400, "invalid", rule="header-repeated")


@pytest.mark.parametrize("accept", ["text/html", "application/fhir+xml", "image/png, text/plain"])
async def test_only_json_is_written(town: Town, accept: str) -> None:
    refused(await town.ehr.http.get("/fhir/Patient", headers={"Accept": accept}), 406, "not-supported")
    refused(await town.ehr.http.get("/fhir/metadata", headers={"Accept": accept}), 406, "not-supported")


async def test_format_outweighs_accept(town: Town) -> None:
    for wanted in ("json", "application/json", "application/fhir%2Bjson", "application/fhir+json"):
        answer = await town.ehr.http.get(f"/fhir/Patient?_format={wanted}", headers={"Accept": "text/html"})
        assert answer.status_code == 200, wanted
    refused(await town.ehr.http.get(f"/fhir/Patient?_format={MARK}"), 406, "not-supported")
    refused(await town.ehr.http.get("/fhir/Patient?_format=xml"), 406, "not-supported")


@pytest.mark.parametrize(
    ("method", "address"),
    [("DELETE", "Patient/1"), ("DELETE", "Task?status=requested"), ("PATCH", "Patient/1"), ("PUT", "Patient"),
     ("POST", "Patient/1"), ("TRACE", "Patient/1"), ("PROPFIND", "Patient/1"), ("POST", "metadata"), ("GET", ""),
     ("DELETE", ""), ("PUT", "Patient/1/_history/1")],
)  # fmt: skip
async def test_other_methods_are_not_offered(town: Town, method: str, address: str) -> None:
    """A38, B36."""
    refused(await town.ehr.http.request(method, f"/fhir/{address}"), 405, "not-supported")


@pytest.mark.parametrize("path", ["..%2f..%2fetc/passwd", "%2e%2e/x", "Patient/%00", "Patient/..", "Patient/a%0d%0aX-Y:1",
                                  "Patient//1", "Nothing/1", "patient/1", "Patient/1/_history", f"{MARK}/1", "Patient/1/x/y/z",
                                  "Patient/_search", "Group/1", "_history", "Bundle/1"])  # fmt: skip
async def test_other_addresses_lead_nowhere(town: Town, path: str) -> None:
    """A42, A43."""
    answer = await town.ehr.http.get(town.world.address + "/fhir/" + path)
    assert answer.status_code in (400, 404, 405), answer.text
    refused(answer, answer.status_code, answer.json()["issue"][0]["code"])
    assert "x-y" not in answer.headers


async def test_an_id_that_cannot_be_one_is_refused(town: Town) -> None:
    refused(await town.ehr.get("Patient/" + "a" * 65), 400, "value")


async def test_an_endless_address_is_refused(town: Town) -> None:
    answer = await town.ehr.get(f"Patient?name={MARK * 1500}")
    refused(answer, 413, "too-long")


async def test_the_host_that_a_client_names_is_in_no_link(town: Town) -> None:
    """A47."""
    headers = {"Host": "evil.example", "X-Forwarded-Host": "evil.example", "Content-Type": FHIR_JSON}
    made = await town.ehr.http.post("/fhir/Patient", json=patient(), headers=headers)
    found = await town.ehr.http.get("/fhir/Patient?_count=1", headers=headers)
    assert (made.status_code, found.status_code) == (201, 200)
    assert made.headers["location"].startswith(town.world.address)
    assert "evil" not in found.text + str(made.headers)


async def test_a_range_is_not_served_in_pieces(town: Town) -> None:
    """A44."""
    answer = await town.ehr.http.get("/fhir/metadata", headers={"Range": "bytes=" + "0-1," * 500 + "0-1"})
    assert answer.status_code == 200
    assert answer.json()["resourceType"] == "CapabilityStatement"


@pytest.mark.parametrize("token", [None, "", "Bearer", f"Bearer {MARK}", f"Basic {MARK}", "Bearer a b"])
async def test_nobody_is_asked_to_sign_in(town: Town, token: str | None) -> None:
    request = town.ehr.http.build_request("GET", "/fhir/Patient")
    del request.headers["authorization"]
    if token is not None:
        request.headers["Authorization"] = token
    answer = await town.ehr.http.send(request)
    refused(answer, 401, "login")
    assert answer.headers["www-authenticate"].startswith("Bearer")


async def test_a_token_in_the_query_is_not_looked_at(town: Town) -> None:
    token = town.ehr.http.headers["Authorization"].split()[1]
    request = town.ehr.http.build_request("GET", f"/fhir/Patient?access_token={token}")
    del request.headers["authorization"]
    refused(await town.ehr.http.send(request), 401, "login")


async def test_labels_that_stand_on_a_resource_stay(town: Town) -> None:
    """B07."""
    label = {"system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "code": "R"}
    made = (await town.ehr.create(patient(meta={"security": [label], "tag": [{"code": "t"}]}))).json()
    changed = (await town.ehr.update({**made, "meta": {"profile": ["http://profile.example"]}})).json()
    assert changed["meta"]["security"] == [label]
    assert "tag" not in changed["meta"]
