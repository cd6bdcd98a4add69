"""`fhirpy` of beda.software (PyPI): asynchronous, plain dictionaries, a search that is put together by calls."""

from uuid import uuid4

import pytest
from fhirpy import AsyncFHIRClient
from fhirpy.base.exceptions import AuthorizationError, OperationOutcome, ResourceNotFound

from tests.clients.conftest import PLACES, Registered


@pytest.fixture
def client(registered: Registered) -> AsyncFHIRClient:
    return AsyncFHIRClient(registered.base, authorization=f"Bearer {registered.token}")


def person(client: AsyncFHIRClient, value: str = "") -> "object":
    return client.resource(
        "Patient",
        name=[{"family": "Baxter", "given": ["Zoë"]}],
        identifier=[{"system": "urn:mrn", "value": value or uuid4().hex}],
    )


async def test_it_reads_the_statement(client: AsyncFHIRClient) -> None:
    statement = await client.execute("metadata", method="get")
    assert statement.fhirVersion == "4.0.1"
    assert "Task" in {each.type for each in statement.rest[0].resource}


async def test_it_creates_reads_updates_and_deletes(client: AsyncFHIRClient) -> None:
    patient = await person(client).create()
    patient["gender"] = "female"
    await patient.update()
    assert patient["meta"]["versionId"] == "2"
    assert (await client.reference("Patient", patient.id).to_resource()).serialize() == patient.serialize()
    await patient.delete()
    with pytest.raises(ResourceNotFound):
        await client.get("Patient", patient.id)


async def test_it_refreshes_what_has_changed_meanwhile(client: AsyncFHIRClient) -> None:
    """It sends the bare version where an ETag belongs; that is no match, so the whole resource comes."""
    patient = await person(client).create()
    other = await client.get("Patient", patient.id)
    await client.resource("Patient", **{**other, "gender": "female"}).update()
    await patient.refresh()
    assert patient["gender"] == "female"


async def test_it_searches_and_follows_every_page(client: AsyncFHIRClient, registered: Registered) -> None:
    search = client.resources("Location").search(name=registered.name).limit(3)
    assert len(await search.fetch()) == 3
    found = await search.sort("-name").fetch_all()
    names = [each["name"] for each in found]
    assert names == sorted(names, reverse=True)
    assert len(names) == PLACES
    assert (await search.first())["name"] in names


async def test_it_counts(client: AsyncFHIRClient, registered: Registered) -> None:
    """`_count=0`, and a parameter of another server beside it."""
    assert await client.resources("Location").search(name=registered.name).count() == PLACES


async def test_it_asks_through_references_and_backwards(client: AsyncFHIRClient, registered: Registered) -> None:
    family = registered.patient["name"][0]["family"]
    tasks = client.resources("Task")
    (task,) = await tasks.search(patient__Patient__family__exact=family, status__not="completed").fetch()
    assert task.id == registered.task["id"]
    (patient,) = await client.resources("Patient").has("Task", "patient", _id=task.id).fetch()
    assert patient.id == registered.patient["id"]
    (one,) = await tasks.search(_id=task.id, authored_on__ge="2020", owner__missing=False).fetch()
    assert one.id == task.id


async def test_it_includes_and_asks_for_some_elements(client: AsyncFHIRClient, registered: Registered) -> None:
    one = client.resources("Task").search(_id=registered.task["id"])
    bundle = await one.include("Task", "focus").include("Task", "patient").fetch_raw()
    assert [each.resource["resourceType"] for each in bundle.entry[1:]] != []
    assert {each.search.mode for each in bundle.entry} == {"match", "include"}
    (part,) = await one.elements("status").fetch()
    assert part["status"] == "draft"
    assert "description" not in part


async def test_it_reads_a_history(client: AsyncFHIRClient) -> None:
    patient = await person(client).create()
    patient["gender"] = "female"
    await patient.update()
    history = await patient.execute("_history", method="get")
    assert [each.request.method for each in history.entry] == ["PUT", "POST"]


async def test_it_sends_a_transaction(client: AsyncFHIRClient) -> None:
    urn = f"urn:uuid:{uuid4()}"
    request = {"method": "POST", "url": "Patient"}
    bundle = client.resource(
        "Bundle",
        type="transaction",
        entry=[{"fullUrl": urn, "resource": person(client).serialize(), "request": request}],
    )
    answer = await bundle.save()
    assert answer["type"] == "transaction-response"
    assert answer["entry"][0]["response"]["status"].startswith("201")


async def test_it_validates(client: AsyncFHIRClient) -> None:
    patient = person(client)
    assert await patient.is_valid()
    patient["gender"] = "unheard of"
    assert not await patient.is_valid()


async def test_it_updates_and_deletes_by_an_identifier(client: AsyncFHIRClient) -> None:
    value = uuid4().hex
    found = client.resources("Patient").search(identifier=f"urn:mrn|{value}")
    first, created = await found.update(person(client, value))
    again, created_again = await found.update(person(client, value))
    assert (created, created_again, again.id) == (True, False, first.id)
    _, status = await found.delete()
    assert status == 204
    assert await found.fetch() == []


async def test_its_own_ways_beside_r4_are_refused_and_nothing_is_written(client: AsyncFHIRClient) -> None:
    """A merge patch in plain JSON, and a create with its condition in the address: R4 has JSON Patch and
    If-None-Exist. Taken as they are they would lose data or make everything twice."""
    patient = await person(client).create()
    with pytest.raises(OperationOutcome) as refused:
        await client.patch("Patient", patient.id, gender="female")
    assert refused.value.resource["issue"][0]["details"]["text"] == "media-type"
    value = uuid4().hex
    found = client.resources("Patient").search(identifier=f"urn:mrn|{value}")
    with pytest.raises(OperationOutcome):
        await found.get_or_create(person(client, value))
    assert await found.fetch() == []


async def test_it_understands_a_refusal(registered: Registered) -> None:
    with pytest.raises(AuthorizationError, match="OperationOutcome"):
        await AsyncFHIRClient(registered.base, authorization="Bearer nothing").resources("Patient").fetch()
