"""The charts of the simulated EHR: good R4 in every flavour, one patient for one token, and what is written is kept."""

from base64 import b64encode
from collections.abc import AsyncIterator
from typing import Any

import httpx
import orjson
import pytest

from app.fhir import json
from app.simulate.fhir.flavours import FLAVOURS, Flavour
from app.simulate.fhir.records import Records
from app.simulate.smart.server import Smart
from tests.fhir.checking import errors
from tests.simulate.smart_app import PlainApp
from tests.simulate.smart_ehr import PERFORMER, Clock, plain_app, smart_server

WORDS = "Two boxes for the month."


@pytest.fixture
def smart() -> Smart:
    return smart_server(Clock(), on=["task-write"])


@pytest.fixture
def records(smart: Smart) -> Records:
    return smart.records


@pytest.fixture
def patient(records: Records) -> str:
    return records.subjects()[0].id


@pytest.fixture
async def app(smart: Smart) -> AsyncIterator[PlainApp]:
    async with plain_app(smart) as made:
        yield made


def document(patient: str, **changed: Any) -> dict[str, Any]:
    attachment = {"contentType": "text/plain", "data": b64encode(WORDS.encode()).decode()}
    tree = {
        "resourceType": "DocumentReference",
        "identifier": [{"system": "urn:ietf:rfc:3986", "value": "urn:uuid:1"}],
        "status": "current",
        "description": "Referral",
        "type": {"coding": [{"system": "http://loinc.org", "code": "57133-1"}]},
        "category": [{"text": "Referral"}],
        "subject": {"reference": f"Patient/{patient}"},
        "content": [{"attachment": attachment}],
    }
    return {name: value for name, value in (tree | changed).items() if value is not None}


def task(patient: str, **changed: Any) -> dict[str, Any]:
    tree = {"resourceType": "Task", "status": "requested", "intent": "order", "description": "A ride"}
    return tree | {"for": {"reference": f"Patient/{patient}"}} | changed


async def written(app: PlainApp, token: str, tree: dict[str, Any], method: str = "POST", **headers: str) -> httpx.Response:  # fmt: skip
    place = tree["resourceType"] if method == "POST" else f"{tree['resourceType']}/{tree['id']}"
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/fhir+json"} | headers
    return await app.http.request(method, f"{app.base}/{place}", content=orjson.dumps(tree), headers=headers)


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_every_chart_is_good_r4(records: Records, flavour: Flavour) -> None:
    types = ("Patient", "Condition", "Observation", "Consent")
    trees = [
        tree for each in records.subjects() for name in types for tree in records.of_patient(name, each.id, flavour)
    ]
    assert len(trees) > len(records.people) * 10
    assert {tree["id"]: found for tree in trees if (found := errors(json.parse(orjson.dumps(tree))))} == {}  # fmt: skip


def test_its_statement_is_good_r4(smart: Smart) -> None:
    from app.simulate.fhir.capability import statement
    from app.simulate.fhir.scopes import offered
    from app.simulate.smart.discovery import endpoints

    made = statement(smart.base, offered(smart.on), endpoints(smart), "2026-03-07")
    assert errors(json.parse(orjson.dumps(made))) == []


async def test_searches_go_on_from_page_to_page(app: PlainApp, patient: str, records: Records) -> None:
    token = (await app.tokens(patient))["access_token"]
    found = await app.all_of(f"Condition?patient={patient}&_count=2", token)
    assert len(found) == len({tree["id"] for tree in found}) == len(records.of_patient("Condition", patient, "sdohcc"))
    needs = await app.all_of(f"Condition?patient=Patient/{patient}&category=sdoh", token)
    assert 0 < len(needs) < len(found)


async def test_consents_name_an_organization_nobody_or_are_absent(records: Records) -> None:
    found = [records.of_patient("Consent", each.id, "sdohcc") for each in records.subjects()[:3]]
    assert [len(each) for each in found] == [1, 1, 0]
    assert found[0][0]["provision"]["actor"][0]["reference"]["reference"] == PERFORMER
    assert "provision" not in found[1][0]


async def test_a_token_opens_one_patients_chart(app: PlainApp, patient: str, records: Records) -> None:
    other = records.subjects()[1].id
    token = (await app.tokens(patient))["access_token"]
    asked = [
        f"Patient/{other}",
        f"Patient?_id={other}",
        f"Condition?patient={other}",
        "Practitioner/other",
        "Condition",
    ]
    assert [(await app.fhir(each, token)).status_code for each in asked] == [404, 403, 403, 404, 400]
    assert (await app.fhir(f"Patient/{patient}", "guessed")).status_code == 401
    assert (await app.http.get(f"{app.base}/Patient/{patient}")).status_code == 401


async def test_a_document_is_kept_and_shown_in_the_chart(app: PlainApp, patient: str) -> None:
    token = (await app.tokens(patient))["access_token"]
    made = await written(app, token, document(patient))
    assert (made.status_code, made.content) == (201, b"")
    place = made.headers["Location"].partition("/_history")[0]
    assert (await app.fhir(place, token)).json()["description"] == "Referral"
    assert WORDS in (await app.http.get(f"/chart/{patient}")).text
    named = "urn:ietf:rfc:3986|urn:uuid:1"
    assert len(await app.all_of(f"DocumentReference?patient={patient}&identifier={named}", token)) == 1
    assert await app.all_of(f"DocumentReference?patient={patient}&identifier=urn:uuid:2", token) == []
    assert (await app.http.get("/chart/unknown")).status_code == 400


async def test_a_task_is_kept_and_changes(app: PlainApp, patient: str) -> None:
    token = (await app.tokens(patient, scope="openid launch patient/Task.crus"))["access_token"]
    made = await written(app, token, task(patient))
    key = made.headers["Location"].partition("/_history")[0].rpartition("/")[2]
    done = task(patient, id=key, status="completed")
    assert (await written(app, token, done, "PUT", **{"If-Match": 'W/"7"'})).status_code == 412
    changed = await written(app, token, done, "PUT", **{"If-Match": 'W/"1"'})
    assert (changed.status_code, changed.json()["meta"]["versionId"]) == (200, "2")
    assert "completed" in (await app.http.get(f"/chart/{patient}")).text


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"category": None}, 422),
        ({"content": [{"attachment": {"contentType": "text/plain"}}]}, 422),
        ({"subject": {"reference": "Patient/1"}}, 403),
        ({"resourceType": "Task"}, 403),
    ],
)
async def test_what_may_not_be_written_is_not_kept(
    app: PlainApp, patient: str, changed: dict[str, Any], status: int, records: Records
) -> None:
    token = (await app.tokens(patient, scope="openid launch patient/DocumentReference.crs"))["access_token"]
    assert (await written(app, token, document(patient, **changed))).status_code == status
    assert records.written == {}


async def test_where_nothing_may_be_written_nothing_is(app: PlainApp, smart: Smart, patient: str) -> None:
    token = (await app.tokens(patient))["access_token"]
    smart.turn_on(["no-write"])
    assert (await written(app, token, document(patient))).status_code == 405
    assert smart.records.written == {}
    metadata = (await app.http.get(f"{app.base}/metadata")).json()
    offered = {each["type"]: [code["code"] for code in each["interaction"]] for each in metadata["rest"][0]["resource"]}
    assert not any("create" in codes or "update" in codes for codes in offered.values())
