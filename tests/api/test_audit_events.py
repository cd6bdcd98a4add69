"""The audit as AuditEvent: what happened, for the network's own systems, and for nobody else."""

from uuid import UUID, uuid4

import asyncpg
import pytest

from app.fhir.json import parse
from app.fhir.structure import check
from tests.api.answers import refused
from tests.api.verbs import delete, identified
from tests.builders import resource
from tests.conftest import Database
from tests.town import Town
from tests.world import System

ACTION, OUTCOME = "http://hl7.org/fhir/audit-event-action", "http://hl7.org/fhir/audit-event-outcome"


@pytest.fixture
async def own(town: Town) -> System:
    return await town.world.system(town.platform)


async def test_the_audit_is_for_the_networks_own_systems(town: Town, own: System) -> None:
    """C51."""
    (event,) = (await own.search("AuditEvent?_count=1"))[:1]
    for system in (town.ehr, town.cbo):
        refused(await system.get("AuditEvent"), 403, "forbidden", rule="audit-of-network")
        refused(await system.get(f"AuditEvent/{event['id']}"), 403, "forbidden", rule="audit-of-network")
    assert (await own.get(f"AuditEvent/{event['id']}")).json() == event


async def test_the_meta_of_an_act_is_told_to_those_who_read_it(town: Town, own: System) -> None:
    (event,) = (await own.search("AuditEvent?_count=1"))[:1]
    answer = await own.get(f"AuditEvent/{event['id']}/$meta")
    assert answer.json()["parameter"] == [{"name": "return", "valueMeta": event["meta"]}]
    refused(await town.ehr.get(f"AuditEvent/{event['id']}/$meta"), 403, "forbidden", rule="audit-of-network")


async def test_nobody_writes_the_audit(town: Town, own: System) -> None:
    """C52."""
    (event,) = (await own.search("AuditEvent?_count=1"))[:1]
    for method, address in (
        ("POST", ""),
        ("PUT", f"/{event['id']}"),
        ("DELETE", f"/{event['id']}"),
        ("PATCH", f"/{event['id']}"),
    ):
        answer = await own.http.request(method, f"/fhir/AuditEvent{address}", json=event)
        refused(answer, 405, "not-supported")


async def test_an_act_says_who_did_what_to_which_resource(town: Town, own: System) -> None:
    made = (await town.ehr.create(resource("Location"))).json()["id"]
    await town.ehr.get(f"Location/{made}")
    refused(await town.cbo.get(f"Location/{made}"), 404, "not-found")
    events = await own.search(f"AuditEvent?entity=Location/{made}")
    assert [(event["action"], event["subtype"][0]["code"]) for event in events] == [("R", "read"), ("C", "create")]
    for event in events:
        assert check("AuditEvent", parse((await own.get(f"AuditEvent/{event['id']}")).content)) == []
        assert event["outcome"] == "0"
        assert event["entity"][0]["what"]["reference"] == f"Location/{made}/_history/1"
        system, *members = event["agent"]
        assert (system["altId"], system["requestor"]) == (town.ehr.client_id, True)
        assert [member["who"]["reference"] for member in members] == [f"Organization/{town.clinic}"]
        assert event["source"]["observer"]["reference"] == f"Organization/{town.platform}"


async def test_a_refused_act_is_there_with_its_reason(town: Town, own: System) -> None:
    refused(await town.cbo.get("Task?status:nothing=x"), 400, "not-supported")
    refusals = await own.search(f"AuditEvent?outcome=4&agent=Organization/{town.pantry}")
    assert "search-modifier" in [event["outcomeDesc"] for event in refusals]
    assert all(event["outcome"] == "4" for event in refusals)


async def test_the_audit_is_searched_by_what_it_says(town: Town, own: System) -> None:
    made = (await town.ehr.create(resource("Location"))).json()["id"]
    about = f"AuditEvent?entity=Location/{made}"
    expected = {
        "action=C": 1, "action=R": 0, "action=C,R": 1, "action:not=C": 0, "outcome=0": 1, "outcome:not=0": 0,
        f"agent=Organization/{town.clinic}": 1, f"agent=Organization/{town.pantry}": 0, f"agent={town.clinic}": 1,
        "date=ge2020": 1, "date=lt2020": 0, "date=gt2020&date=lt2100": 1, "_lastUpdated=ge2020": 1, "_tag=a|b": 0,
        "_tag:not=a|b": 1, "_profile:missing=true": 1, "action:missing=true": 0, "entity:missing=true": 0,
        "action=urn:x|C": 0, f"action={ACTION}|C": 1, f"action={ACTION}|R": 0, f"action={ACTION}|": 1, "action=|C": 0,
        f"action:not={ACTION}|": 0, f"action:not={ACTION}|C": 0, f"outcome:not={OUTCOME}|0": 0, f"outcome={OUTCOME}|0": 1,
    }  # fmt: skip
    found = {query: len(await own.search(f"{about}&{query}")) for query in expected}
    assert found == expected
    refused(await own.get("AuditEvent?entity:Patient.name=x"), 400, "not-supported", rule="audit-search")
    refused(await own.get("AuditEvent?_sort=date"), 400, "not-supported", rule="audit-search")


async def test_the_audit_is_walked_page_by_page_newest_first(town: Town, own: System) -> None:
    made = (await town.ehr.create(resource("Location"))).json()["id"]
    for _ in range(4):
        await town.ehr.get(f"Location/{made}")
    walked, address = [], f"/fhir/AuditEvent?entity=Location/{made}&_count=2"
    while address:
        bundle = (await own.http.get(address)).json()
        walked += [each["resource"]["recorded"] for each in bundle["entry"]]
        address = next((link["url"] for link in bundle["link"] if link["relation"] == "next"), "")
    assert len(walked) == 5
    assert walked == sorted(walked, reverse=True)


async def test_acts_are_counted_so_far_and_the_answer_says_where_it_stopped(
    town: Town, own: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As of any search."""
    made = (await town.ehr.create(resource("Location"))).json()["id"]
    for _ in range(3):
        await town.ehr.get(f"Location/{made}")
    about = f"AuditEvent?entity=Location/{made}"
    assert (await own.get(f"{about}&_total=accurate")).json()["total"] == 4
    monkeypatch.setattr("app.services.interactions.totals.COUNTED_TO", {"accurate": 3, "estimate": 2})
    for ask, most in (("_total=accurate", 3), ("_total=estimate", 2), ("_count=0", 3)):
        answer = (await own.get(f"{about}&{ask}")).json()
        (told,) = [each["resource"]["issue"][0] for each in answer["entry"] if each["search"]["mode"] == "outcome"]
        assert (answer["total"], told["details"]["text"]) == (most, "search-total-cap")


async def test_acts_are_found_by_one_id_by_several_and_by_an_id_alone(town: Town, own: System) -> None:
    first, second = [(await town.ehr.create(resource("Location"))).json()["id"] for _ in range(2)]
    expected = {f"Location/{first}": 1, first: 1, f"Location/{first},{second}": 2, f"Patient/{first}": 0, "x": 0}
    found = {entity: len(await own.search(f"AuditEvent?entity={entity}&action=C")) for entity in expected}
    assert found == expected


async def test_what_a_conditional_create_finds_and_shows_is_written_down(town: Town, own: System) -> None:
    value = uuid4().hex
    condition = {"If-None-Exist": f"identifier=urn:s|{value}"}
    made = (await town.ehr.create(identified(value))).json()
    found = await town.ehr.create(identified(value), **condition)
    assert (found.status_code, found.json()["id"]) == (200, made["id"])
    events = await own.search(f"AuditEvent?entity=Patient/{made['id']}")
    assert [event["subtype"][0]["code"] for event in events] == ["read", "create"]


async def test_a_delete_of_nothing_is_written_down(town: Town) -> None:
    made = (await town.ehr.create(resource("Patient"))).json()["id"]
    for address in (f"Patient/{made}", f"Patient/{made}", f"Patient?identifier=urn:s|{uuid4().hex}"):
        assert (await delete(town.ehr, address)).status_code == 204
    rows = await town.world.rows(
        "SELECT resource, version FROM audit WHERE client = $1 AND action = 'delete' AND type = 'Patient' ORDER BY at, id",
        town.ehr.client_id,
    )
    assert [(row["resource"], row["version"]) for row in rows] == [(UUID(made), 2), (UUID(made), None), (None, None)]


async def test_a_poll_of_the_audit_waits_for_who_is_still_writing(
    town: Town, own: System, module_database: Database
) -> None:
    """ADR 0004, of the audit: whoever goes on from the newest act seen must not miss an older one."""
    writer = await asyncpg.connect(module_database.app_dsn)
    try:
        change = writer.transaction()
        await change.start()
        await writer.fetchval("SELECT pg_current_xact_id()")
        made = (await town.ehr.create(resource("Location"))).json()["id"]
        about = f"AuditEvent?entity=Location/{made}"
        assert len(await own.search(about)) == 1
        polls = (f"{about}&_lastUpdated=ge2020", f"{about}&date=ge2020")
        assert [len(await own.search(poll)) for poll in polls] == [0, 0]
        await change.rollback()
        assert [len(await own.search(poll)) for poll in polls] == [1, 1]
    finally:
        await writer.close()
