"""References to a registered EHR: stored as written, waited for, joined when the sender posts what was missing."""

from collections.abc import Collection
from typing import Any
from uuid import UUID, uuid4

import pytest

from app.services.directory.register_ehr import Ehr, register_ehr
from app.services.referrals.views import waiting
from app.store import connections
from app.store.pool import Unit
from tests.api.answers import refused
from tests.api.races import Held
from tests.api.verbs import delete
from tests.builders import DELETE, consent, entry, refer, reference, resource, urn
from tests.town import Town

WAITS = "the sender's system has not been read"


@pytest.fixture
async def base(town: Town) -> str:
    """A clinic's EHR under an address of its own."""
    address = f"https://ehr-{uuid4().hex[:8]}.example/fhir"
    await register_ehr(town.world.network, Ehr("EHR", address, town.clinic))
    return address


def remote_task(town: Town, base: str, person: str = "", request: str = "ServiceRequest/r1") -> dict[str, Any]:
    return resource("Task", for_=reference(person or f"{base}/Patient/p1"), focus=f"{base}/{request}",
                    requester=f"Organization/{town.clinic}", owner=f"Organization/{town.platform}")  # fmt: skip


def request_of(base: str, target: UUID, permit: str, **changes: Any) -> dict[str, Any]:
    return resource("ServiceRequest", subject=f"{base}/Patient/p1", requester=f"{base}/Practitioner/d1",
                    performer=[reference(f"Organization/{target}")], supportingInfo=[reference(permit)], **changes)  # fmt: skip


async def why_waiting(town: Town, task: str) -> str:
    await town.world.settled()
    (row,) = await town.world.rows("SELECT id, closed_at FROM referral WHERE source_task = $1::uuid", task)
    items = await waiting(town.world.network, await olga(town))
    return next((item.why for item in items if item.referral == row["id"]), "")


async def olga(town: Town) -> Any:
    from tests.loop.test_withdrawal import operator

    return await operator(town)


HOW = {
    # by the id that it had at home, by meta.source, by fullUrl in a transaction
    "id": lambda base, kind, id: ({"id": id}, {}, ""),
    "source": lambda base, kind, id: ({}, {"source": f"{base}/{kind}/{id}"}, ""),
    "fullUrl": lambda base, kind, id: ({}, {}, f"{base}/{kind}/{id}"),
}


@pytest.mark.parametrize("how", sorted(HOW))
async def test_a_referral_goes_on_when_the_sender_posts_what_is_missing(town: Town, base: str, how: str) -> None:
    task = (await town.ehr.create(remote_task(town, base))).json()
    assert task["focus"]["reference"] == f"{base}/ServiceRequest/r1"
    assert await why_waiting(town, task["id"]) == WAITS
    permit = consent(f"{base}/Patient/p1", f"Organization/{town.pantry}")
    permit_id = (await town.ehr.create(permit)).json()["id"]
    trees = {
        "ServiceRequest/r1": request_of(base, town.pantry, f"Consent/{permit_id}"),
        "Patient/p1": resource("Patient", name=[{"family": "Remote"}]),
    }
    for address, tree in trees.items():
        assert await why_waiting(town, task["id"]) == WAITS
        named, meta, full_url = HOW[how](base, *address.split("/"))
        tree |= named | ({"meta": meta} if meta else {})
        answer = await (town.ehr.bundle("transaction", [entry(tree, full_url)]) if full_url else town.ehr.create(tree))
        assert answer.status_code in (200, 201), answer.text
    assert await why_waiting(town, task["id"]) == ""
    child = (await town.cbo.search("Task?status=requested&_count=1"))[0]
    assert child["for"]["reference"] == f"{base}/Patient/p1", "as its sender wrote it"
    people = await town.cbo.search("Patient?name=remote&_count=500")
    assert people, "the pantry sees the copy"
    # found by what was written and by the copy
    for patient in (f"{base}/Patient/p1", f"Patient/{people[0]['id']}"):
        assert child["id"] in {each["id"] for each in await town.cbo.search(f"Task?patient={patient}")}, patient


async def test_a_deleted_copy_does_not_answer_for_its_address(town: Town, base: str) -> None:
    """What refers to the address waits for the next copy, and is found by that."""
    named = resource("Patient", meta={"source": f"{base}/Patient/p1"})
    first = (await town.ehr.create(named)).json()["id"]
    assert (await delete(town.ehr, f"Patient/{first}")).status_code == 204
    condition = (await town.ehr.create(resource("Condition", subject=f"{base}/Patient/p1"))).json()
    second = (await town.ehr.create(named)).json()["id"]
    found = await town.ehr.search(f"Condition?patient=Patient/{second}")
    assert [each["id"] for each in found] == [condition["id"]]


async def test_everything_missing_in_one_transaction_makes_one_part(town: Town, base: str) -> None:
    """Each arriving resource wakes the referral, at the same time; it is passed on once."""
    task = (await town.ehr.create(remote_task(town, base))).json()
    await town.world.settled()
    permit, kinds = urn(), ("Practitioner/d1", "Patient/p1")
    entries = [entry(consent(f"{base}/Patient/p1", f"Organization/{town.pantry}"), permit)]
    entries += [entry(resource(each.split("/")[0]), f"{base}/{each}") for each in kinds]
    entries += [entry(request_of(base, town.pantry, permit), f"{base}/ServiceRequest/r1")]
    answer = await town.ehr.bundle("transaction", entries)
    assert answer.status_code == 200, answer.text
    assert await why_waiting(town, task["id"]) == ""
    (row,) = await town.world.rows(
        "SELECT count(*) AS n FROM child_task c JOIN referral f ON f.id = c.referral WHERE f.source_task = $1::uuid",
        task["id"],
    )
    assert row["n"] == 1


async def test_the_cbo_may_write_about_a_person_under_the_address_that_it_saw(town: Town, base: str) -> None:
    await test_everything_missing_in_one_transaction_makes_one_part(town, base)
    child = next(each for each in await town.cbo.search("Task?_count=500") if each["for"]["reference"].startswith(base))
    assert (await town.cbo.create(resource("Procedure", subject=child["for"]))).status_code == 201
    refused(await town.other_cbo.create(resource("Procedure", subject=child["for"])), 422, "not-supported")


async def test_another_members_ehr_is_as_unknown_as_any(town: Town, base: str) -> None:
    """Or a sender could have somebody else's patient passed on, and learn who is in the network."""
    second = await town.world.member("source")
    system = await town.world.system(second)
    here, there = [
        await system.create(resource("Condition", subject=f"{each}/Patient/p1"))
        for each in (base, "https://nobody.example/fhir")
    ]
    refused(here, 422, "not-supported", rule="reference-unknown-base", at="Condition.subject")
    assert here.json() == there.json()


@pytest.mark.parametrize(
    "text", ["{base}x/Patient/1", "{base}/Patient", "{base}/Nothing/1", "{base}/../Patient/1", "{base}/a/Patient/1"]
)
async def test_an_address_beside_the_base_is_not_under_it(town: Town, base: str, text: str) -> None:
    answer = await town.ehr.create(resource("Condition", subject=text.format(base=base)))
    assert answer.status_code in (400, 422), answer.text
    refused(answer, answer.status_code, answer.json()["issue"][0]["code"])


async def test_a_remote_reference_is_found_as_written_before_its_copy_comes(town: Town, base: str) -> None:
    made = (await town.ehr.create(resource("Condition", subject=f"{base}/Patient/p9"))).json()
    assert [each["id"] for each in await town.ehr.search(f"Condition?patient={base}/Patient/p9")] == [made["id"]]
    copy = (await town.ehr.create(resource("Patient", id="p9"))).json()["id"]
    assert [each["id"] for each in await town.ehr.search(f"Condition?patient={copy}")] == [made["id"]]
    later = (await town.ehr.create(resource("Condition", subject=f"{base}/Patient/p9"))).json()
    found = {each["id"] for each in await town.ehr.search(f"Condition?patient={copy}")}
    assert found == {made["id"], later["id"]}, "also what is written after the copy came"
    assert (await town.ehr.update(later)).status_code == 200
    assert {each["id"] for each in await town.ehr.search(f"Condition?patient={copy}")} == found, (
        "and by its next version"
    )


async def test_a_remote_task_is_found_by_the_copy_of_its_person(town: Town, base: str) -> None:
    """Task's hot parameters have columns of their own."""
    before = (await town.ehr.create(remote_task(town, base, f"{base}/Patient/p8"))).json()["id"]
    copy = (await town.ehr.create(resource("Patient", id="p8"))).json()["id"]
    after = (await town.ehr.create(remote_task(town, base, f"{base}/Patient/p8"))).json()["id"]
    assert {each["id"] for each in await town.ehr.search(f"Task?patient={copy}")} == {before, after}
    assert {each["id"] for each in await town.ehr.search(f"Task?patient={base}/Patient/p8")} == {before, after}
    assert await town.ehr.search(f"Task?patient:missing=true&_id={before},{after}") == []


# whom a sender means


async def performer_leads_to(town: Town, performer: dict[str, Any], *before: dict[str, Any]) -> str:
    """The organization to which a referral with this performer and a Consent for the pantry goes, or why it waits."""
    person, permit, request = urn(), urn(), urn()
    entries = [
        *before,
        entry(resource("Patient"), person),
        entry(consent(person, f"Organization/{town.pantry}"), permit),
        entry(resource("ServiceRequest", subject=person, requester=f"Organization/{town.clinic}", performer=[performer],
                       supportingInfo=[reference(permit)]), request),
        entry(resource("Task", for_=reference(person), focus=request, requester=f"Organization/{town.clinic}",
                       owner=f"Organization/{town.platform}")),
    ]  # fmt: skip
    answer = await town.ehr.bundle("transaction", entries)
    assert answer.status_code == 200, answer.text
    task = answer.json()["entry"][-1]["response"]["location"].split("/")[-3]
    why = await why_waiting(town, task)
    rows = await town.world.rows(
        "SELECT c.target FROM child_task c JOIN referral f ON f.id = c.referral WHERE f.source_task = $1::uuid", task
    )
    return str(rows[0]["target"]) if rows else why


async def test_a_branch_a_role_and_a_service_lead_back_to_their_member(town: Town) -> None:
    member = reference(f"Organization/{town.pantry}")
    branch, leaf, role, service = urn(), urn(), urn(), urn()
    made = {
        branch: [entry(resource("Organization", partOf=member), branch)],
        leaf: [
            entry(resource("Organization", partOf=member), branch),
            entry(resource("Organization", partOf=reference(branch)), leaf),
        ],
        role: [entry(resource("PractitionerRole", organization=member, practitioner=DELETE), role)],
        service: [entry(resource("HealthcareService", providedBy=member, location=DELETE), service)],
    }
    for name, before in made.items():
        assert await performer_leads_to(town, reference(name), *before) == str(town.pantry)


async def test_an_identifier_leads_to_the_member_that_has_it(town: Town) -> None:
    value = uuid4().hex
    target = await town.world.member("target", identifiers=[("urn:npi", value)])
    await town.world.system(target)
    pantry, town.pantry = town.pantry, target
    try:
        identified = {"identifier": {"system": "urn:npi", "value": value}, "display": "by number"}
        assert await performer_leads_to(town, identified) == str(target)
        copy = urn()
        posted = entry(resource("Organization", identifier=[identified["identifier"]]), copy)
        assert await performer_leads_to(town, reference(copy), posted) == str(target)
    finally:
        town.pantry = pantry


async def test_a_performer_that_leads_nowhere_waits_with_the_operator(town: Town) -> None:
    nowhere = "the sender names no organization of this network"
    circle, other = urn(), urn()
    entries = [
        entry(resource("Organization", partOf=reference(other)), circle),
        entry(resource("Organization", partOf=reference(circle)), other),
    ]
    assert await performer_leads_to(town, reference(circle), *entries) == nowhere
    assert await performer_leads_to(town, {"display": "somebody"}) == nowhere
    assert await performer_leads_to(town, {"identifier": {"value": "1"}}) == nowhere
    assert (
        await performer_leads_to(town, reference(f"Organization/{town.shelter}")) == "the consent names somebody else"
    )


@pytest.mark.parametrize("kind", ["Organization", "PractitionerRole"])
async def test_an_owner_leads_back_to_the_network_too(town: Town, kind: str) -> None:
    platform = reference(f"Organization/{town.platform}")
    branch = {
        "Organization": {"partOf": platform},
        "PractitionerRole": {"organization": platform, "practitioner": DELETE},
    }
    owner = (await town.ehr.create(resource(kind, **branch[kind]))).json()["id"]
    sent = await refer(town.world, town.ehr, None, Task={"owner": reference(f"{kind}/{owner}")})
    assert await why_waiting(town, sent.ids["Task"]) != ""


async def test_a_request_with_contained_reasons_is_passed_on(town: Town) -> None:
    """What the order takes over may point into the request: what it points to comes along."""
    why = {**resource("Condition", subject={"display": "the person"}), "id": "why"}
    person, permit, request = urn(), urn(), urn()
    order = resource("ServiceRequest", subject=person, contained=[why], reasonReference=[reference("#why")],
                     requester=f"Organization/{town.clinic}", performer=[reference(f"Organization/{town.pantry}")],
                     supportingInfo=[reference(permit)])  # fmt: skip
    entries = [
        entry(resource("Patient"), person), entry(consent(person, f"Organization/{town.pantry}"), permit), entry(order, request),
        entry(resource("Task", for_=reference(person), focus=request, requester=f"Organization/{town.clinic}",
                       owner=f"Organization/{town.platform}")),
    ]  # fmt: skip
    answer = await town.ehr.bundle("transaction", entries)
    assert answer.status_code == 200, answer.text
    assert await why_waiting(town, answer.json()["entry"][-1]["response"]["location"].split("/")[-3]) == ""
    (child,) = list(await town.cbo.search("Task?_count=1"))
    order = (await town.cbo.get(child["focus"]["reference"])).json()
    assert [each["id"] for each in order["contained"]] == ["why"]


async def test_many_addresses_are_looked_up_together(town: Town, base: str, monkeypatch: pytest.MonkeyPatch) -> None:
    copy = (await town.ehr.create(resource("Practitioner", meta={"source": f"{base}/Practitioner/7"}))).json()
    find, asked = connections.local_copies, []

    async def counted(unit: Unit, wanted: Collection[Any]) -> Any:
        asked.append(len(wanted))
        return await find(unit, wanted)

    monkeypatch.setattr(connections, "local_copies", counted)
    named = [reference(f"{base}/Practitioner/{number}") for number in range(50)]
    tree = resource("Observation", subject=DELETE, performer=named)
    assert (await town.ehr.bundle("transaction", [entry(tree), entry(tree)])).status_code == 200
    assert asked == [50]
    for found in (f"Practitioner/{copy['id']}", f"{base}/Practitioner/8"):
        assert len(await town.ehr.search(f"Observation?performer={found}")) == 2


async def test_a_copy_is_not_deleted_beside_who_refers_to_its_address(
    town: Town, base: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = (await town.ehr.create(resource("Practitioner", meta={"source": f"{base}/Practitioner/7"}))).json()
    tree = resource("Observation", subject=DELETE, performer=[reference(f"{base}/Practitioner/7")])
    both = (lambda: town.ehr.create(tree), lambda: delete(town.ehr, f"Practitioner/{copy['id']}"))
    created, deleted = await Held(monkeypatch).beside("Observation", "create", *both)
    assert created.status_code == 201
    refused(deleted, 409, "conflict", rule="delete-referred")
