"""`fhirclient` of SMART Health IT (PyPI): it reads every answer into models of its own, strictly."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from fhirclient.auth import FHIRAuth
from fhirclient.client import FHIRClient
from fhirclient.models.bundle import Bundle, BundleEntry, BundleEntryRequest
from fhirclient.models.capabilitystatement import CapabilityStatement
from fhirclient.models.humanname import HumanName
from fhirclient.models.identifier import Identifier
from fhirclient.models.location import Location
from fhirclient.models.patient import Patient
from fhirclient.models.task import Task
from fhirclient.server import FHIRNotFoundException, FHIRServer, FHIRUnauthorizedException

from tests.clients.conftest import PLACES, Registered
from tests.identity.signing import claims, sign
from tests.stories.system import KEY_ID, SCOPES


@pytest.fixture(scope="module")
def server(registered: Registered) -> FHIRServer:
    """It reads the statement, and then gets its token itself, with an assertion that it is given."""
    token_address = f"{registered.town.server.address}/oauth/token"
    assertion = sign(claims(registered.system.client_id, datetime.now(UTC), aud=token_address), alg="ES384", kid=KEY_ID)
    client = FHIRClient({"app_id": registered.system.client_id, "api_base": registered.base, "scope": SCOPES})
    client.wants_patient = False
    assert client.prepare()
    client.server.auth = FHIRAuth.create("oauth2", {"token_uri": token_address, "jwt_token": assertion})
    client.authorize()
    assert client.ready
    return client.server


def person() -> Patient:
    patient = Patient()
    patient.name = [HumanName({"family": "Baxter", "given": ["Zoë"]})]
    patient.identifier = [Identifier({"system": "urn:mrn", "value": uuid4().hex})]
    return patient


def test_it_reads_the_statement(server: FHIRServer) -> None:
    statement: CapabilityStatement = server.capabilityStatement
    assert statement.fhirVersion == "4.0.1"
    assert "Task" in {each.type for each in statement.rest[0].resource}
    interactions = {each.type: {every.code for every in each.interaction} for each in statement.rest[0].resource}
    assert {"create", "patch", "history-instance", "search-type"} <= interactions["Task"]


def test_it_creates_reads_updates_and_deletes(server: FHIRServer) -> None:
    patient = Patient(person().create(server))
    patient.gender = "female"
    changed = Patient(patient.update(server))
    assert changed.meta.versionId == "2"
    assert Patient.read(patient.id, server).as_json() == changed.as_json()
    assert changed.delete(server) is None
    with pytest.raises(Exception, match="410"):
        Patient.read(patient.id, server)


def test_it_searches_and_follows_every_page(server: FHIRServer, registered: Registered) -> None:
    search = Location.where({"name": registered.name, "_count": "3"})
    assert [len(page.entry) for page in search.perform_iter(server)] == [3, 3, 1]
    names = [each.name for each in search.perform_resources_iter(server)]
    assert len(set(names)) == PLACES


def test_it_asks_by_alternatives_by_date_through_references_and_for_what_is_missing(
    server: FHIRServer, registered: Registered
) -> None:
    """Its own way of writing a query: dictionaries for chains and modifiers, lists for alternatives."""
    family = registered.patient["name"][0]["family"]
    asked: list[dict[str, Any]] = [
        {"_id": registered.task["id"], "status": {"$or": ["draft", "completed"]}},
        {"_id": registered.task["id"], "authored-on": "gt2020"},
        {"_id": registered.task["id"], "patient": {"family": {"$exact": family}}},
        {"_id": registered.task["id"], "business-status": {"$missing": "true"}},
    ]
    for query in asked:
        found = [each.id for each in Task.where(query).perform_resources_iter(server)]
        assert found == [registered.task["id"]], query


def test_it_includes_what_a_task_is_about(server: FHIRServer, registered: Registered) -> None:
    search = Task.where({"_id": registered.task["id"]}).include("focus")
    (bundle,) = search.perform_iter(server)
    assert [each.search.mode for each in bundle.entry] == ["match", "include"]
    focus = bundle.entry[0].resource.focus.resolved(type(bundle.entry[1].resource))
    assert focus.as_json() == bundle.entry[1].resource.as_json()


def test_it_reads_a_history(server: FHIRServer, registered: Registered) -> None:
    patient = Patient(person().create(server))
    patient.gender = "female"
    patient.update(server)
    history = Bundle.read_from(f"Patient/{patient.id}/_history", server)
    assert history.type == "history"
    assert [each.request.method for each in history.entry] == ["PUT", "POST"]
    assert Patient.read_from(f"Patient/{patient.id}/_history/1", server).gender is None


def test_it_sends_a_transaction(server: FHIRServer) -> None:
    patient = person()
    bundle = Bundle({"type": "transaction"})
    bundle.entry = [entry(patient, "urn:uuid:" + str(uuid4()))]
    answer = Bundle(bundle.create(server))
    assert answer.type == "transaction-response"
    assert answer.entry[0].response.status.startswith("201")
    place = answer.entry[0].response.location.split("/_history/")[0]
    assert Patient.read_from(place, server).as_json()["identifier"] == patient.as_json()["identifier"]


def entry(tree: Any, urn: str) -> BundleEntry:
    made = BundleEntry({"fullUrl": urn})
    made.resource = tree
    made.request = BundleEntryRequest({"method": "POST", "url": tree.resource_type})
    return made


@pytest.mark.parametrize(("act", "raised"), [
    (lambda server: Patient.read("0198c0de-0000-7000-8000-00000000dead", server), FHIRNotFoundException),
    (lambda server: server.request_json("Patient", nosign=True), FHIRUnauthorizedException),
])  # fmt: skip
def test_it_understands_a_refusal(server: FHIRServer, act: Callable[[FHIRServer], Any], raised: type) -> None:
    with pytest.raises(raised) as refusal:
        act(server)
    assert refusal.value.response.json()["resourceType"] == "OperationOutcome"
