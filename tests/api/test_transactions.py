"""Transactions by every method: their order, conditions and references, what they prefer; all of it or nothing."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from tests.api.answers import MARK, outcome_issues, refused
from tests.api.test_bundles import every_table
from tests.api.verbs import identified, made, op, patch_entry, request, statuses
from tests.builders import entry, put_entry, reference, resource, urn
from tests.town import Town
from tests.world import FHIR_JSON


async def test_every_method_in_one_transaction(town: Town) -> None:
    gone, changed, patched = [await made(town, resource("Location", name=uuid4().hex)) for _ in range(3)]
    new = urn()
    entries = [
        request("GET", f"Location/{patched['id']}"),
        request("HEAD", f"Location/{changed['id']}"),
        request("GET", f"Location/{changed['id']}/_history"),
        request("GET", f"Location/{changed['id']}/_history/1"),
        request("GET", f"Location?name={changed['name']}x"),
        patch_entry(f"Location/{patched['id']}", op("replace", "/name", "patched")),
        put_entry({**changed, "name": changed["name"] + "x"}),
        entry(resource("Location", name="new"), new),
        request("DELETE", f"Location/{gone['id']}"),
    ]
    answer = await town.ehr.bundle("transaction", entries)
    assert statuses(answer) == ["200", "200", "200", "200", "200", "200", "200", "201", "204"]
    listed = answer.json()["entry"]
    assert listed[0]["resource"]["name"] == "patched", "reads see what was written"
    assert listed[2]["resource"]["entry"][0]["request"]["method"] == "PUT"
    assert listed[3]["resource"] == changed
    assert [each["resource"]["id"] for each in listed[4]["resource"]["entry"]] == [changed["id"]]
    for each in (*listed[5:8],):
        assert each["response"]["etag"]
        assert each["response"]["lastModified"] == each["resource"]["meta"]["lastUpdated"]
    assert listed[7]["response"]["location"].endswith("/_history/1")
    refused(await town.ehr.get(f"Location/{gone['id']}"), 410, "deleted")


async def test_a_head_in_a_bundle_has_no_body(town: Town) -> None:
    patient = await made(town, resource("Patient"))
    for kind in ("batch", "transaction"):
        answer = await town.ehr.bundle(kind, [request("HEAD", f"Patient/{patient['id']}")])
        assert statuses(answer) == ["200"]
        assert answer.json()["entry"][0]["response"]["etag"] == 'W/"1"'
        assert "resource" not in answer.json()["entry"][0]


@pytest.mark.parametrize(("element", "rule"), [("ifMatch", "if-match"), ("ifNoneMatch", "if-none-match")])
async def test_a_version_that_is_none_is_told_where_it_stands(town: Town, element: str, rule: str) -> None:
    location = await made(town, resource("Location"))
    entries = [entry(resource("Patient")), put_entry(location, **{element: f'"1" {MARK}'})]
    answer = await town.ehr.bundle("transaction", entries)
    refused(answer, 400, "value", rule=rule, at=f"Bundle.entry[1].request.{element}")


async def test_references_in_a_circle(town: Town) -> None:
    """Each entry refers to the other by its fullUrl."""
    one, two = urn(), urn()
    entries = [
        entry(resource("Location", name="inner", partOf=reference(two)), one),
        entry(resource("Location", name="outer", partOf=reference(one)), two),
    ]
    answer = await town.ehr.bundle("transaction", entries)
    assert statuses(answer) == ["201", "201"]
    first, second = [each["resource"] for each in answer.json()["entry"]]
    assert first["partOf"]["reference"] == f"Location/{second['id']}"
    assert second["partOf"]["reference"] == f"Location/{first['id']}"


async def test_entries_of_another_server_refer_to_each_other_as_there(town: Town) -> None:
    """R4: a relative reference means a resource beside the one that its fullUrl names."""
    there = "https://ehr.example/r4"
    entries = [
        entry(resource("Patient", id="77"), f"{there}/Patient/77"),
        entry(resource("Condition", subject="Patient/77"), f"{there}/Condition/1"),
        entry(resource("Condition", subject=f"{there}/Patient/77"), f"{there}/Condition/2"),
    ]
    answer = await town.ehr.bundle("transaction", entries)
    assert statuses(answer) == ["201", "201", "201"]
    patient, *conditions = [each["resource"] for each in answer.json()["entry"]]
    assert {each["subject"]["reference"] for each in conditions} == {f"Patient/{patient['id']}"}
    elsewhere = [*entries[:1], entry(resource("Condition", subject="Patient/77"), "https://other.example/Condition/1")]
    refused(await town.ehr.bundle("transaction", elsewhere), 422, "not-found")


async def test_conditional_entries_mean_what_they_find_and_are_referred_to(town: Town) -> None:
    value, person = uuid4().hex, urn()
    patient = await made(town, identified(value))
    condition = resource("Condition", subject=person)
    url = f"Patient?identifier=urn:s|{value}"
    update = {"fullUrl": person, **request("PUT", url, identified(value, gender="female"))}
    answer = await town.ehr.bundle("transaction", [entry(condition), update])
    assert statuses(answer) == ["201", "200"]
    assert answer.json()["entry"][0]["resource"]["subject"]["reference"] == f"Patient/{patient['id']}"
    assert answer.json()["entry"][1]["resource"]["gender"] == "female"
    patched = await town.ehr.bundle("transaction", [patch_entry(url, op("replace", "/gender", "other"))])
    assert patched.json()["entry"][0]["resource"]["gender"] == "other"
    new = f"Patient?identifier=urn:s|{uuid4().hex}"
    created = {"fullUrl": person, **request("PUT", new, identified(new.split("|")[1]))}
    answer = await town.ehr.bundle("transaction", [entry(condition), created])
    assert statuses(answer) == ["201", "201"]
    other = answer.json()["entry"][1]["resource"]["id"]
    assert answer.json()["entry"][0]["resource"]["subject"]["reference"] == f"Patient/{other}"
    assert statuses(
        await town.ehr.bundle("transaction", [request("DELETE", f"Patient?identifier=urn:s|{uuid4()}")])
    ) == ["204"]


@pytest.mark.parametrize("second", ["PUT", "PATCH", "DELETE", "conditional PUT", "conditional DELETE"])
async def test_one_resource_is_changed_once_however_it_is_named(town: Town, second: str) -> None:
    """B15, REL-07."""
    value = uuid4().hex
    patient = await made(town, identified(value))
    first = request("PUT", f"Patient?identifier=urn:s|{value}", identified(value))
    others = {
        "PUT": put_entry(patient),
        "PATCH": patch_entry(f"Patient/{patient['id']}", op("add", "/active", True)),
        "DELETE": request("DELETE", f"Patient/{patient['id']}"),
        "conditional DELETE": request("DELETE", f"Patient?_id={patient['id']}"),
        "conditional PUT": request("PUT", f"Patient?_id={patient['id']}", identified(value)),
    }
    refused(await town.ehr.bundle("transaction", [first, others[second]]), 400, "invalid", rule="bundle-duplicate")
    assert (await town.ehr.get(f"Patient/{patient['id']}")).headers["etag"] == 'W/"1"'


async def test_a_condition_occurs_once(town: Town) -> None:
    value = uuid4().hex
    url = f"Patient?identifier=urn:s|{value}"
    entries = [request("PUT", url, identified(value)), entry(identified(value), ifNoneExist=url.split("?")[1])]
    refused(await town.ehr.bundle("transaction", entries), 400, "invalid", rule="bundle-same-condition")


@pytest.mark.parametrize("kind", ["batch", "transaction"])
async def test_versions_that_entries_name(town: Town, kind: str) -> None:
    patient = await made(town, resource("Patient"))
    address = f"Patient/{patient['id']}"

    async def one(each: dict[str, Any]) -> tuple[str, Any]:
        answer = await town.ehr.bundle(kind, [each])
        if answer.status_code != 200:
            return str(answer.status_code), answer.json()
        (found,) = answer.json()["entry"]
        return found["response"]["status"][:3], found

    assert (await one(put_entry(patient, ifMatch='W/"1"')))[0] == "200"
    for stale in (
        put_entry(patient, ifMatch='W/"1"'),
        patch_entry(address, op("add", "/active", True), ifMatch='W/"1"'),
        request("DELETE", address, ifMatch='W/"1"'),
        put_entry(patient, ifNoneMatch="*"),
    ):
        assert (await one(stale))[0] == "412"
    for bad in (
        put_entry(patient, ifMatch="*"),
        put_entry(patient, ifNoneMatch=MARK),
    ):
        assert (await one(bad))[0] == "400"
    # a reader's ETag that is none of ours: it has not this version
    assert (await one(request("GET", address, ifNoneMatch=MARK)))[0] == "200"
    status, found = await one(request("GET", address, ifNoneMatch='W/"2"'))
    assert (status, "resource" in found) == ("304", False)
    assert (await one(request("GET", address, ifNoneMatch='W/"1"')))[0] == "200"
    assert (await one(request("GET", address, ifModifiedSince="2099-01-01T00:00:00Z")))[0] == "304"
    assert (await one(request("GET", address, ifModifiedSince="2001-01-01T00:00:00+02:00")))[0] == "200"
    assert (await one(request("DELETE", address, ifMatch='W/"2"')))[0] == "204"


@pytest.mark.parametrize("kind", ["batch", "transaction"])
async def test_what_a_bundle_prefers_its_entries_do(town: Town, kind: str) -> None:
    for wanted in ("minimal", "representation", "OperationOutcome"):
        body = {
            "resourceType": "Bundle",
            "type": kind,
            "entry": [entry(resource("Patient")), request("GET", "Patient?_count=1")],
        }
        headers = {"Content-Type": FHIR_JSON, "Prefer": f"return={wanted}"}
        written, read = (await town.ehr.http.post("/fhir", json=body, headers=headers)).json()["entry"]
        assert ("resource" in written) == (wanted == "representation")
        assert ("outcome" in written["response"]) == (wanted == "OperationOutcome")
        assert read["resource"]["type"] == "searchset", "what is read is given"


@pytest.mark.parametrize(
    ("operations", "status", "code"),
    [
        pytest.param([op("replace", "/id", MARK)], 422, "business-rule", id="B38"),
        pytest.param([op("test", "/gender", MARK)], 422, "business-rule", id="B40"),
        pytest.param([op("remove", "/name/-")], 400, "invalid", id="B41"),
    ],
)
async def test_a_patch_in_a_transaction_is_refused_as_alone(
    town: Town, operations: list[Any], status: int, code: str
) -> None:
    patient = await made(town, resource("Patient", gender="male", name=[{"family": "A"}]))
    before = await every_table(town)
    entries = [entry(resource("Location")), patch_entry(f"Patient/{patient['id']}", *operations)]
    issues = refused(await town.ehr.bundle("transaction", entries), status, code)
    assert issues[0]["expression"][0].startswith("Bundle.entry[1].resource")
    assert await every_table(town) == before
    assert statuses(await town.ehr.bundle("batch", entries)) == ["201", str(status)]


async def test_a_patch_in_a_bundle_says_what_it_is(town: Town) -> None:
    """B42."""
    patient = await made(town, resource("Patient"))
    each = patch_entry(f"Patient/{patient['id']}", op("add", "/active", True), kind="application/json")
    refused(await town.ehr.bundle("transaction", [each]), 415, "not-supported")


async def test_an_entry_without_its_scope(town: Town) -> None:
    """C46: in a batch it is refused by itself, in a transaction it ends all."""
    narrow = await town.world.system(town.clinic, scopes="system/Patient.cr")
    patient = (await narrow.create(resource("Patient"))).json()
    entries = [
        entry(resource("Patient")),
        put_entry(patient),
        request("DELETE", f"Patient/{patient['id']}"),
        request("GET", f"Patient/{patient['id']}/_history"),
        request("GET", "Patient"),
        entry(resource("Location")),
    ]
    answer = await narrow.bundle("batch", entries)
    assert statuses(answer) == ["201", "403", "403", "200", "403", "403"]
    for each in answer.json()["entry"]:
        if each["response"]["status"].startswith("4"):
            outcome_issues(each["response"]["outcome"])
    before = await every_table(town)
    for each in entries[1:3] + entries[4:]:
        refused(await narrow.bundle("transaction", [entries[0], each]), 403, "forbidden")
    assert await every_table(town) == before


async def test_what_a_read_in_a_transaction_lacks_is_placed(town: Town) -> None:
    answer = await town.ehr.bundle("transaction", [entry(resource("Patient")), request("GET", f"Patient/{uuid4()}")])
    refused(answer, 404, "not-found", at="Bundle.entry[1].request")


async def test_an_operation_is_called_by_itself(town: Town) -> None:
    patient = await made(town, resource("Patient"))
    for each in (request("GET", f"Patient/{patient['id']}/$meta"), request("POST", "Patient/$validate", patient)):
        refused(await town.ehr.bundle("transaction", [each]), 422, "not-supported", rule="bundle-operation")


async def test_operations_and_searches_in_a_batch(town: Town) -> None:
    patient = await made(town, resource("Patient"))
    entries = [
        request("GET", f"Patient/{patient['id']}/$meta"),
        request("POST", "Patient/$validate", resource("Patient", gender=MARK)),
        request("GET", "Patient/$nothing"),
        request("GET", "_history"),
    ]
    answer = await town.ehr.bundle("batch", entries)
    assert statuses(answer) == ["200", "200", "404", "403"]
    assert MARK not in answer.text


async def test_many_transactions_that_cross_each_other_end(town: Town) -> None:
    """Each locks the same resources, in any order of entries; none is lost, none waits for ever."""
    there = [await made(town, resource("Location", name=str(n))) for n in range(6)]

    async def one(n: int) -> Any:
        order = there[n % 6 :] + there[: n % 6]
        return await town.ehr.bundle("transaction", [put_entry(each) for each in (order if n % 2 else order[::-1])])

    answers = await asyncio.gather(*(one(n) for n in range(16)))
    assert {answer.status_code for answer in answers} == {200}
    for each in there:
        assert (await town.ehr.get(f"Location/{each['id']}")).headers["etag"] == 'W/"17"'
