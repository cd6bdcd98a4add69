"""Headers and addresses that are refused or mean what they say: versions, conditions, tokens, hosts, paths.

Numbers are those of the security sheet's list of attacks.
"""

from typing import Any
from uuid import uuid4

import pytest

from tests.api.answers import MARK, refused
from tests.builders import DELETE, resource
from tests.town import Town
from tests.world import FHIR_JSON

NOBODY = "0198c0de-0000-7000-8000-000000000000"


def patient(**changes: Any) -> dict[str, Any]:
    return resource("Patient", **changes)


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


@pytest.mark.parametrize("accept", ["text/html", "application/fhir+turtle", "image/png, text/plain"])
async def test_only_json_and_xml_are_written(town: Town, accept: str) -> None:
    refused(await town.ehr.http.get("/fhir/Patient", headers={"Accept": accept}), 406, "not-supported")
    refused(await town.ehr.http.get("/fhir/metadata", headers={"Accept": accept}), 406, "not-supported")


async def test_format_outweighs_accept(town: Town) -> None:
    for wanted in ("json", "application/json", "application/fhir%2Bjson", "application/fhir+json"):
        answer = await town.ehr.http.get(f"/fhir/Patient?_format={wanted}", headers={"Accept": "text/html"})
        assert answer.status_code == 200, wanted
    refused(await town.ehr.http.get(f"/fhir/Patient?_format={MARK}"), 406, "not-supported")
    refused(await town.ehr.http.get("/fhir/Patient?_format=ttl"), 406, "not-supported")


@pytest.mark.parametrize(
    ("method", "address"),
    [("DELETE", "Task?status=requested"), ("PATCH", "metadata"), ("PUT", "Patient/1/_history"), ("DELETE", "metadata"),
     ("POST", "Patient/1"), ("TRACE", "Patient/1"), ("PROPFIND", "Patient/1"), ("POST", "metadata"), ("GET", ""),
     ("DELETE", ""), ("PUT", "Patient/1/_history/1")],
)  # fmt: skip
async def test_other_methods_are_not_offered(town: Town, method: str, address: str) -> None:
    """A38, B36."""
    refused(await town.ehr.http.request(method, f"/fhir/{address}"), 405, "not-supported")


@pytest.mark.parametrize("path", ["..%2f..%2fetc/passwd", "%2e%2e/x", "Patient/%00", "Patient/..", "Patient/a%0d%0aX-Y:1",
                                  "Patient//1", "Nothing/1", "patient/1", "Patient/1/_history", f"{MARK}/1", "Patient/1/x/y/z",
                                  "Patient/_search", "Basic/1", "Bundle/1"])  # fmt: skip
async def test_other_addresses_lead_nowhere(town: Town, path: str) -> None:
    """A42, A43."""
    answer = await town.ehr.http.get(town.world.address + "/fhir/" + path)
    assert answer.status_code in (400, 404, 405), answer.text
    refused(answer, answer.status_code, answer.json()["issue"][0]["code"])
    assert "x-y" not in answer.headers


async def test_an_address_may_be_escaped(town: Town) -> None:
    """RFC 3986, 6.2.2.2: it is the same address."""
    made = (await town.ehr.create(patient())).json()
    for path in (f"/fhir/%50atient/{made['id'].replace('-', '%2D')}", f"/%66hir/Patient/{made['id']}/_history/%31"):
        answer = await town.ehr.http.get(town.world.address + path)
        assert (answer.status_code, answer.json()) == (200, made)
    for path in (f"Patient/{made['id']}/%24everything", f"Patient/{made['id']}/%5Fhistory", "%6detadata"):
        answer = await town.ehr.http.get(f"{town.world.address}/fhir/{path}")
        assert answer.status_code == 200, answer.text
    posted = await town.ehr.http.post(f"{town.world.address}/fhir/Patient/%5Fsearch", data={"_id": made["id"]})
    assert [each["resource"]["id"] for each in posted.json()["entry"]] == [made["id"]]


async def test_an_id_that_cannot_be_one_is_refused(town: Town) -> None:
    refused(await town.ehr.get("Patient/" + "a" * 65), 400, "value")


async def test_an_endless_address_is_refused(town: Town) -> None:
    """RFC 9110, 15.5.15."""
    answer = await town.ehr.get(f"Patient?name={MARK * 1500}")
    refused(answer, 414, "too-long", rule="address-too-long")


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
