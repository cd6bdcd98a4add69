"""`Bundle/$validate`: what posting the Bundle would be told, and what cannot be judged at all."""

from typing import Any

import pytest

from tests.api.answers import outcome_issues, refused
from tests.api.verbs import request
from tests.builders import entry, referral, resource, urn
from tests.town import Town
from tests.world import FHIR_JSON, System

ADDRESS = "/fhir/Bundle/$validate"
JSON = {"Content-Type": FHIR_JSON}
FINE = {"validate-fine"}


def bundle(kind: str, *entries: dict[str, Any]) -> dict[str, Any]:
    return {"resourceType": "Bundle", "type": kind, "entry": list(entries)}


async def judged(system: System, tree: dict[str, Any]) -> dict[str, list[str]]:
    """rule -> where, of each issue."""
    answer = await system.http.post(ADDRESS, json=tree, headers=JSON)
    assert answer.status_code == 200, answer.text
    return {each["details"]["text"]: each.get("expression", []) for each in answer.json()["issue"]}


def observation(of: str) -> dict[str, Any]:
    return resource("Observation", subject=of)


async def test_a_reference_to_no_entry_is_told_as_posting_tells_it(town: Town) -> None:
    tree = bundle("transaction", entry(resource("Patient"), urn()), entry(observation(urn()), urn()))
    told = await town.ehr.http.post(ADDRESS, json=tree, headers=JSON)
    posted = await town.ehr.bundle("transaction", tree["entry"])
    refused(posted, 422, "not-found", rule="reference-not-in-bundle", at="Bundle.entry[1].resource.subject")
    assert [each for each in told.json()["issue"] if each["severity"] == "error"] == outcome_issues(posted.json())


async def test_a_referral_as_it_is_sent_is_fine(town: Town) -> None:
    tree = bundle("transaction", *referral(town.platform, town.pantry))
    told = (await town.ehr.http.post(ADDRESS, json=tree, headers=JSON)).json()["issue"]
    assert not [each for each in told if each["severity"] == "error"], told


async def test_an_entry_of_a_batch_refers_to_no_other(town: Town) -> None:
    one = urn()
    entries = (entry(resource("Patient"), one), entry(observation(one), urn()))
    assert await judged(town.ehr, bundle("transaction", *entries)) == {"validate-fine": []}
    told = await judged(town.ehr, bundle("batch", *entries))
    assert told == {"reference-not-in-bundle": ["Bundle.entry[1].resource.subject"]}


@pytest.mark.parametrize(
    ("entries", "rule", "at"),
    [
        ([request("PUT", "Patient/1", resource("Patient"))], "bundle-id", "Bundle.entry[0].resource.id"),
        ([request("GET", "nowhere")], "bundle-url", "Bundle.entry[0].request.url"),
        ([request("DELETE", "Patient/1")] * 2, "bundle-duplicate", "Bundle.entry[1].request.url"),
        ([request("FETCH", "Patient/1")], "bundle-method", "Bundle.entry[0].request.method"),
        ([request("GET", "Patient")] * 501, "bundle-entries", "Bundle.entry"),
    ],
)
async def test_what_the_base_refuses_is_told(town: Town, entries: list[dict[str, Any]], rule: str, at: str) -> None:
    posted = await town.ehr.bundle("transaction", entries)
    assert posted.json()["issue"][0]["details"]["text"] == rule
    assert (await judged(town.ehr, bundle("transaction", *entries)))[rule] == [at]


async def test_what_is_wrong_with_one_entry_of_a_batch_is_told(town: Town) -> None:
    entries = [request("GET", "nowhere"), request("GET", "Patient"), request("PUT", "Patient/1", resource("Patient"))]
    told = await judged(town.ehr, bundle("batch", *entries))
    assert told == {"bundle-url": ["Bundle.entry[0].request.url"], "bundle-id": ["Bundle.entry[2].resource.id"]}


async def test_a_bundle_that_is_no_request_is_judged_by_itself(town: Town) -> None:
    collection = bundle("collection", {"fullUrl": urn(), "resource": observation(urn())})
    assert set(await judged(town.ehr, collection)) == FINE


@pytest.mark.parametrize(
    ("query", "status", "code", "rule"),
    [
        ("profile=http://nope", 422, "not-supported", "validate-profile"),
        ("profile=http://hl7.org/fhir/StructureDefinition/Task", 400, "invalid", "profile-type"),
        ("mode=bogus", 400, "value", "validate-mode"),
        ("mode=profile", 400, "invalid", "validate-stored"),
        ("mode=delete", 400, "invalid", "validate-stored"),
    ],
)
async def test_what_a_bundle_cannot_be_judged_by_is_refused(
    town: Town, query: str, status: int, code: str, rule: str
) -> None:
    answer = await town.ehr.http.post(f"{ADDRESS}?{query}", json=bundle("collection"), headers=JSON)
    refused(answer, status, code, rule=rule)


@pytest.mark.parametrize("query", ["", "?mode=create", "?mode=update", "?profile=http://hl7.org/fhir/StructureDefinition/Bundle"])  # fmt: skip
async def test_a_bundle_is_judged_in_the_modes_that_write(town: Town, query: str) -> None:
    tree = bundle("transaction", entry(resource("Patient")))
    answer = await town.ehr.http.post(ADDRESS + query, json=tree, headers=JSON)
    assert [each["details"]["text"] for each in answer.json()["issue"]] == ["validate-fine"]


async def test_a_bundle_needs_to_be_there(town: Town) -> None:
    for tree in ({"resourceType": "Parameters"}, resource("Patient")):
        answer = await town.ehr.http.post(ADDRESS, json=tree, headers=JSON)
        refused(answer, 400, "required", rule="validate-resource")
