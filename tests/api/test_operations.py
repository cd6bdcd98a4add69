"""Operations: a person's whole record for who may see it, labels in use, and what a write would be told."""

from typing import Any

import pytest

from tests.api.answers import MARK, refused
from tests.builders import entry, resource
from tests.town import Town
from tests.world import FHIR_JSON, System

JSON = {"Content-Type": FHIR_JSON}


async def record(system: System, **changes: Any) -> dict[str, str]:
    """A person with what is written about her; type -> id."""
    made = {"Patient": (await system.create(resource("Patient"))).json()["id"]}
    made["Practitioner"] = (await system.create(resource("Practitioner"))).json()["id"]
    person = f"Patient/{made['Patient']}"
    for type_name in ("Condition", "Observation", "Goal", "ServiceRequest"):
        more: dict[str, Any] = (
            {"performer": [{"reference": f"Practitioner/{made['Practitioner']}"}]} if type_name == "Observation" else {}
        )
        if type_name == "ServiceRequest":
            more["requester"] = f"Practitioner/{made['Practitioner']}"
        answer = await system.create(resource(type_name, subject=person, **{**more, **changes.get(type_name, {})}))
        assert answer.status_code == 201, answer.text
        made[type_name] = answer.json()["id"]
    return made


async def everything(system: System, patient: str, query: str = "") -> dict[str, set[str]]:
    """mode -> Type/id, of all pages."""
    found: dict[str, set[str]] = {"match": set(), "include": set()}
    address = f"/fhir/Patient/{patient}/$everything{query}"
    while address:
        answer = await system.http.get(address)
        assert answer.status_code == 200, answer.text
        for each in answer.json().get("entry", ()):
            named = f"{each['resource']['resourceType']}/{each['resource']['id']}"
            assert each["search"]["mode"] == "include" or named not in found["match"]
            found[each["search"]["mode"]].add(named)
        address = next((link["url"] for link in answer.json()["link"] if link["relation"] == "next"), "")
    return found


async def test_a_persons_record_is_her_compartment_and_what_it_refers_to(town: Town) -> None:
    made, other = await record(town.ehr), await record(town.ehr)
    for query in ("", "?_count=1", "?_count=2"):
        found = await everything(town.ehr, made["Patient"], query)
        about = {f"{name}/{made[name]}" for name in made if name != "Practitioner"}
        assert found == {"match": about, "include": {f"Practitioner/{made['Practitioner']}"}}
    assert not any(other_id in str(found) for other_id in other.values())


async def test_a_record_is_for_who_takes_part_in_it(town: Town) -> None:
    """C10: another's record is not there, to the byte; of one's own, what is hidden stays hidden."""
    made = await record(town.ehr)
    hidden = await town.cbo.get(f"Patient/{made['Patient']}/$everything")
    missing = await town.cbo.get("Patient/0198c0de-0000-7000-8000-00000000dead/$everything")
    assert (hidden.status_code, hidden.content) == (404, missing.content)
    everybody = await town.cbo.get("Patient/$everything?_count=500")
    assert everybody.status_code == 200
    assert made["Condition"] not in everybody.text
    await town.world.rows(
        "UPDATE participation SET until = now() WHERE resource = $1::uuid AND role = 'author'", made["Condition"]
    )
    assert f"Condition/{made['Condition']}" not in (await everything(town.ehr, made["Patient"]))["match"]


async def test_a_record_holds_the_types_of_the_callers_scopes(town: Town) -> None:
    made = await record(town.ehr)
    narrow = await town.world.system(town.clinic, scopes="system/Patient.r system/Goal.rs system/Observation.r")
    found = await everything(narrow, made["Patient"])
    assert found == {"match": {f"Patient/{made['Patient']}", f"Goal/{made['Goal']}"}, "include": set()}
    refused(await narrow.get(f"Patient/{made['Patient']}/$everything?_type=Condition"), 403, "forbidden", rule="scope")
    for address in ("Patient/$everything", f"Patient/{made['Patient']}/$everything?_type=Observation"):
        # by id alone nothing is found that was not known before
        refused(await narrow.get(address), 403, "forbidden", rule="scope")
    none = await town.world.system(town.clinic, scopes="system/Goal.r")
    refused(await none.get(f"Patient/{made['Patient']}/$everything"), 403, "forbidden", rule="scope")


async def test_a_part_of_a_record_can_be_asked_for(town: Town) -> None:
    made = await record(
        town.ehr,
        Condition={"onsetDateTime": "2020-03-01"},
        Goal={"startDate": "2024-02-01"},
        Observation={"effectiveDateTime": "2019"},
    )
    patient = made["Patient"]
    types = await everything(town.ehr, patient, "?_type=Goal,Condition")
    assert types["match"] == {f"Goal/{made['Goal']}", f"Condition/{made['Condition']}"}
    of_2020 = (await everything(town.ehr, patient, "?start=2020-01&end=2020-12-31"))["match"]
    # a request without a date of care belongs to every time
    assert of_2020 == {f"{name}/{made[name]}" for name in ("Patient", "Condition", "ServiceRequest")}
    since = (await everything(town.ehr, patient, "?_since=2001-01-01T00:00:00Z"))["match"]
    assert len(since) == 5
    assert (await everything(town.ehr, patient, "?_since=2100-01-01T00:00:00Z"))["match"] == set()


async def test_a_record_can_be_asked_for_by_post(town: Town) -> None:
    made = await record(town.ehr)
    body = {"resourceType": "Parameters", "parameter": [{"name": "_type", "valueString": "Goal"}]}
    answer = await town.ehr.http.post(f"/fhir/Patient/{made['Patient']}/$everything", json=body, headers=JSON)
    assert [each["resource"]["resourceType"] for each in answer.json()["entry"]] == ["Goal"]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("?_type=Nothing", "value"),
        ("?_type=Subscription", "value"),
        ("?start=yesterday", "value"),
        ("?start=gt2020", "value"),
        ("?_since=2020&_since=2021", "value"),
        ("?_count=0", "value"),
        ("?_count=-1", "value"),
        (f"?{MARK}:x=1", "not-supported"),
        ("?_page=AAAA", "invalid"),
    ],
)
async def test_a_record_that_is_asked_for_wrongly_is_refused(town: Town, query: str, code: str) -> None:
    made = (await town.ehr.create(resource("Patient"))).json()["id"]
    refused(await town.ehr.get(f"Patient/{made}/$everything{query}"), 400, code)


async def test_a_page_of_a_record_is_for_who_asked_for_it(town: Town) -> None:
    """C24, C25."""
    made, other = await record(town.ehr), await record(town.ehr)
    first = (await town.ehr.get(f"Patient/{made['Patient']}/$everything?_count=1")).json()
    following = next(link["url"] for link in first["link"] if link["relation"] == "next")
    refused(await town.ehr.http.get(following.replace(made["Patient"], other["Patient"])), 400, "invalid")
    refused(await town.ehr.http.get(following.replace("_count=1", "_count=2")), 400, "invalid")
    again = await town.world.system(town.clinic)
    refused(await again.http.get(following), 400, "invalid")


async def test_labels_in_use_are_told_of_what_the_caller_sees(town: Town) -> None:
    label = {"system": "https://labels.example", "code": "only-the-pantry"}
    made = (await town.cbo.create(resource("Location", meta={"tag": [label]}))).json()["id"]
    for address in ("$meta", "Location/$meta", f"Location/{made}/$meta"):
        answer = await town.cbo.get(address)
        assert answer.status_code == 200, answer.text
        assert label in answer.json()["parameter"][0]["valueMeta"]["tag"]
    for address in ("$meta", "Location/$meta"):
        assert "only-the-pantry" not in (await town.ehr.get(address)).text
    refused(await town.ehr.get(f"Location/{made}/$meta"), 404, "not-found")
    narrow = await town.world.system(town.pantry, scopes="system/Patient.rs system/Location.r")
    assert (await narrow.get(f"Location/{made}/$meta")).status_code == 200
    assert "only-the-pantry" not in (await narrow.get("$meta")).text
    refused(await narrow.get("Location/$meta"), 403, "forbidden", rule="scope")


async def test_a_profile_is_told_as_it_was_written_and_once(town: Town) -> None:
    """It is found without its version, too; it is no label without it."""
    written = ["http://profiles.example/told|7.0.0", "http://profiles.example/told-too"]
    for type_name in ("Location", "Patient"):
        assert (await town.ehr.create(resource(type_name, meta={"profile": written}))).status_code == 201
    for address in ("$meta", "Location/$meta"):
        told = (await town.ehr.get(address)).json()["parameter"][0]["valueMeta"]["profile"]
        assert sorted(each for each in told if "profiles.example" in each) == sorted(written)


async def test_more_labels_than_can_be_told_are_refused_and_not_cut(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    tags = [{"system": "https://labels.example", "code": f"many-{number}"} for number in range(3)]
    made = (await town.ehr.create(resource("Location", meta={"tag": tags}))).json()["id"]
    monkeypatch.setattr("app.store.labels.MOST", 2)
    refused(await town.ehr.get("Location/$meta"), 400, "too-costly", rule="meta-labels")
    one = (await town.ehr.get(f"Location/{made}/$meta")).json()["parameter"][0]["valueMeta"]
    assert len(one["tag"]) == 3


async def test_validating_says_what_the_write_says(town: Town) -> None:
    task = resource("Task", status="ready")
    written = outcome(await town.ehr.create(task))
    judged = outcome(await town.ehr.http.post("/fhir/Task/$validate", json=task, headers=JSON))
    assert [issue for issue in judged if issue["severity"] == "error"] == written
    assert await town.ehr.search("Task?status=ready") == []


async def test_validating_an_update_or_a_delete_knows_what_is_there(town: Town) -> None:
    made = (await town.ehr.create(resource("Location", name="Here"))).json()
    address = f"/fhir/Location/{made['id']}/$validate"
    fine = outcome(await town.ehr.http.post(address, json={**made, "name": "There"}, headers=JSON))
    assert [issue["code"] for issue in fine] == ["informational"]
    stale = await town.ehr.http.post(address, json=made, headers={**JSON, "If-Match": 'W/"9"'})
    assert [issue["code"] for issue in outcome(stale)] == ["conflict"]
    hidden = await town.cbo.http.post(address, json=made, headers=JSON)
    assert [issue["code"] for issue in outcome(hidden)] == ["not-found"]
    for system, code in ((town.ehr, "informational"), (town.cbo, "not-found")):
        deleted = await system.http.post(f"{address}?mode=delete", headers=JSON, json={"resourceType": "Parameters"})
        assert [issue["code"] for issue in outcome(deleted)] == [code]
        empty = await system.http.post(f"{address}?mode=delete", headers=JSON)
        assert [issue["code"] for issue in outcome(empty)] == [code]
    assert (await town.ehr.get(f"Location/{made['id']}")).json() == made


@pytest.mark.parametrize(
    ("query", "body", "status", "code"),
    [
        pytest.param("?mode=look", {"resourceType": "Location"}, 400, "value", id="a mode that is none"),
        pytest.param("?mode=delete", {"resourceType": "Location"}, 400, "invalid", id="a delete of nothing"),
        pytest.param("", {"resourceType": "Parameters"}, 400, "required", id="no resource"),
        pytest.param("", {"resourceType": "Patient"}, 400, "invalid", id="another type"),
        pytest.param("?profile=http://x.example/p", {"resourceType": "Location"}, 422, "not-supported", id="a profile"),
        pytest.param(f"?{MARK}:x=1", {"resourceType": "Location"}, 400, "not-supported", id="unknown"),
        pytest.param("?mode=update", {"resourceType": "Location"}, 400, "required", id="an update without id"),
        pytest.param("", {"resourceType": "Parameters", "parameter": [1]}, 400, "structure", id="odd parameters"),
        pytest.param("", {"resourceType": "Parameters", "parameter": [{"name": "x"}]}, 400, "structure", id="no value"),
    ],
)
async def test_what_cannot_be_judged_is_refused(
    town: Town, query: str, body: dict[str, Any], status: int, code: str
) -> None:
    answer = await town.ehr.http.post(f"/fhir/Location/$validate{query}", json=body, headers=JSON)
    refused(answer, status, code)


async def test_validating_needs_the_scope_of_the_write(town: Town) -> None:
    reader = await town.world.system(town.clinic, scopes="system/Location.rs")
    body = resource("Location")
    refused(await reader.http.post("/fhir/Location/$validate", json=body, headers=JSON), 403, "forbidden", rule="scope")


async def test_validating_offers_no_more_than_the_write(town: Town) -> None:
    for address in ("Provenance/x/$validate?mode=delete", "Provenance/x/$validate"):
        body = {"resourceType": address.split("/")[0], "id": "x"}
        answer = await town.ehr.http.post(f"/fhir/{address}", json=body, headers=JSON)
        refused(answer, 405, "not-supported", rule="interaction")


@pytest.mark.parametrize("type_name", ["ValueSet", "CodeSystem", "AuditEvent"])
async def test_what_nobody_writes_is_not_validated(town: Town, type_name: str) -> None:
    for address in (f"{type_name}/$validate", f"{type_name}/x/$validate", f"{type_name}/x/$validate?mode=profile"):
        for method in ("GET", "POST"):
            answer = await town.ehr.http.request(method, f"/fhir/{address}")
            refused(answer, 404, "not-supported", rule="operation")


async def test_validating_offers_no_less_than_the_write(town: Town) -> None:
    chooser = await town.world.system(town.clinic, may_assign_ids=True)
    body = resource("Location", id="new-1")
    for system, code in ((chooser, "informational"), (town.ehr, "not-found")):
        answer = await system.http.post("/fhir/Location/new-1/$validate", json=body, headers=JSON)
        assert [issue["code"] for issue in outcome(answer)] == [code]
    refused(await chooser.get("Location/new-1"), 404, "not-found")


async def test_an_operation_that_is_not_there_is_told(town: Town) -> None:
    """C32."""
    for address in ("$graphql", "Patient/$convert", "Task/x/$everything", "$everything", "Nothing/$meta"):
        answer = await town.ehr.get(address)
        assert answer.status_code == 404, (address, answer.text)


async def test_a_subscription_is_told_to_come(town: Town) -> None:
    tree = {"resourceType": "Subscription", "status": "requested"}
    refused(await town.ehr.create(tree), 422, "not-supported", rule="type-to-come")
    refused(await town.ehr.get("Subscription/1"), 404, "not-found")
    answer = await town.ehr.bundle("transaction", [entry(tree)])
    refused(answer, 422, "not-supported", rule="type-to-come")


async def test_who_has_the_statement_is_not_sent_it_again(town: Town) -> None:
    first = await town.ehr.get("metadata")
    again = await town.ehr.http.get("/fhir/metadata", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", first.headers["ETag"])


def outcome(answer: Any) -> list[dict[str, Any]]:
    tree = answer.json()
    assert tree["resourceType"] == "OperationOutcome", answer.text
    issues: list[dict[str, Any]] = tree["issue"]
    return issues
