"""A delete beside a writer who refers to the same resource: one of the two comes through, and the other is told why.

One transaction is held between its last statement and its COMMIT while the other is asked for.
"""

import asyncio
import os
import random
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import httpx
import pytest

from app.fhir.errors import BusinessRule
from app.services.referrals.pass_on import pass_on
from tests.api.answers import refused
from tests.api.races import Held
from tests.api.verbs import delete, identified, made, op, patch, put, request, statuses
from tests.builders import Sent, entry, refer, reference, resource, urn
from tests.town import Town

ROUNDS = 400 if os.environ.get("SOAK") else 20
Sending = Callable[[], Awaitable[httpx.Response]]


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> Held:
    return Held(monkeypatch)


def address(tree: dict[str, Any]) -> str:
    return f"{tree['resourceType']}/{tree['id']}"


class Case:
    """A person, a request for her with a reason, and all that a test sends about them."""

    def __init__(self, town: Town, person: dict[str, Any], reason: dict[str, Any], order: dict[str, Any]) -> None:
        self.town = town
        self.person, self.reason, self.order = map(address, (person, reason, order))
        self.identifier = person["identifier"][0]["value"]

    def asking(self, **changes: Any) -> dict[str, Any]:
        """The Task that makes a referral of the request."""
        owner, requester = f"Organization/{self.town.platform}", f"Organization/{self.town.clinic}"
        tree = {"for_": reference(self.person), "focus": self.order, "requester": requester, "owner": owner}
        return resource("Task", **tree, **changes)

    def creates(self, tree: dict[str, Any]) -> Sending:
        return lambda: self.town.ehr.create(tree)

    def deletes(self, address: str) -> Sending:
        return lambda: delete(self.town.ehr, address)


@pytest.fixture
async def case(town: Town) -> Case:
    person = await made(town, identified(uuid4().hex))
    subject = f"Patient/{person['id']}"
    reason = await made(town, resource("Condition", subject=subject))
    because = [reference(f"Condition/{reason['id']}")]
    performer = f"Organization/{town.clinic}"
    asked = resource("ServiceRequest", subject=subject, requester=performer, reasonReference=because)
    return Case(town, person, reason, await made(town, asked))


async def test_a_delete_waits_for_who_refers_and_is_refused_then(case: Case, held: Held) -> None:
    other = await made(case.town, resource("Patient"))
    gone = f"Patient/{other['id']}"
    created, deleted = await held.beside(
        "Condition", "create", case.creates(resource("Condition", subject=gone)), case.deletes(gone)
    )
    assert created.status_code == 201
    refused(deleted, 409, "conflict", rule="delete-referred")


async def test_who_refers_waits_for_a_delete_and_finds_nothing_then(case: Case, held: Held) -> None:
    other = await made(case.town, resource("Patient"))
    gone = f"Patient/{other['id']}"
    deleted, created = await held.beside(
        "Patient", "delete", case.deletes(gone), case.creates(resource("Condition", subject=gone))
    )
    assert deleted.status_code == 204
    refused(created, 422, "not-found", rule="reference-not-found")


async def test_a_request_is_not_deleted_beside_the_referral_that_comes_of_it(case: Case, held: Held) -> None:
    created, deleted = await held.beside("Task", "create", case.creates(case.asking()), case.deletes(case.order))
    assert created.status_code == 201
    refused(deleted, 409, "conflict", rule="delete-referral")


async def test_no_referral_comes_of_a_request_beside_its_delete(case: Case, held: Held) -> None:
    deleted, created = await held.beside(
        "ServiceRequest", "delete", case.deletes(case.order), case.creates(case.asking())
    )
    assert deleted.status_code == 204
    refused(created, 422, "not-found", rule="reference-not-found")


@pytest.mark.parametrize("draft", [False, True])
async def test_what_a_request_names_is_not_deleted_beside_the_referral_that_comes_of_it(
    case: Case, held: Held, draft: bool
) -> None:
    """The Task says nothing of the reason, and a draft says nothing new when it becomes a referral."""
    asking, sending = case.asking(), case.creates(case.asking())
    if draft:
        there = await made(case.town, asking | {"status": "draft"})
        asks = {**there, "status": "requested"}
        sending = lambda: case.town.ehr.update(asks)  # noqa: E731
    sent, deleted = await held.beside("Task", "update" if draft else "create", sending, case.deletes(case.reason))
    assert sent.status_code in (200, 201), sent.text
    refused(deleted, 409, "conflict", rule="delete-referral")


async def test_what_a_condition_of_a_transaction_has_found_is_not_deleted_beside_it(case: Case, held: Held) -> None:
    person = urn()
    entries = [
        entry(identified(case.identifier), person, ifNoneExist=f"identifier=urn:s|{case.identifier}"),
        entry(resource("Observation", subject=person)),
    ]
    await delete_all(case)
    sent, deleted = await held.beside(
        "Observation", "create", lambda: case.town.ehr.bundle("transaction", entries), case.deletes(case.person)
    )
    assert statuses(sent) == ["200", "201"]
    refused(deleted, 409, "conflict", rule="delete-referred")


async def test_a_transaction_makes_anew_what_was_deleted_after_its_condition_had_found_it(
    case: Case, held: Held
) -> None:
    person = urn()
    entries = [
        entry(identified(case.identifier), person, ifNoneExist=f"identifier=urn:s|{case.identifier}"),
        entry(resource("Observation", subject=person)),
    ]
    await delete_all(case)
    deleted, sent = await held.beside(
        "Patient", "delete", case.deletes(case.person), lambda: case.town.ehr.bundle("transaction", entries)
    )
    assert deleted.status_code == 204
    assert statuses(sent) == ["201", "201"]
    patient, observation = [each["resource"] for each in sent.json()["entry"]]
    assert observation["subject"]["reference"] == f"Patient/{patient['id']}" != case.person


async def delete_all(case: Case) -> None:
    """Whatever refers to the person."""
    for address in (case.order, case.reason):
        assert (await delete(case.town.ehr, address)).status_code == 204


async def test_a_patch_that_refers_is_ordered_with_a_delete_too(case: Case, held: Held) -> None:
    place = await made(case.town, resource("Location"))
    other = await made(case.town, resource("Location"))
    part = op("add", "/partOf", reference(f"Location/{place['id']}"))
    patched, deleted = await held.beside(
        "Location",
        "patch",
        lambda: patch(case.town.ehr, f"Location/{other['id']}", part),
        case.deletes(f"Location/{place['id']}"),
    )
    assert patched.status_code == 200
    refused(deleted, 409, "conflict", rule="delete-referred")


async def test_who_refers_does_not_wait_for_who_changes(case: Case, held: Held) -> None:
    """Or a large update would keep everybody from writing about the same people."""
    person = await made(case.town, resource("Patient"))
    changing = await held.begun("Patient", "update", lambda: case.town.ehr.update({**person, "gender": "other"}))
    creating = asyncio.ensure_future(case.town.ehr.create(resource("Condition", subject=f"Patient/{person['id']}")))
    await asyncio.wait([creating], timeout=2)
    waited = not creating.done()
    held.go.set()
    assert [(await each).status_code for each in (creating, changing)] == [201, 200]
    assert not waited


@pytest.mark.long
async def test_at_any_moment_one_of_the_two_comes_through(case: Case, slow_commits: None) -> None:
    """With the moments that chance chooses."""

    async def soon(sending: Sending) -> httpx.Response:
        await asyncio.sleep(random.choice((0, 0.003, 0.01, 0.03)))
        return await sending()

    for _ in range(ROUNDS):
        gone = f"Patient/{(await made(case.town, resource('Patient')))['id']}"
        both = (case.deletes(gone), case.creates(resource("Condition", subject=gone)))
        answers = await asyncio.gather(*map(soon, both))
        assert [answer.status_code for answer in answers] in ([204, 422], [409, 201]), [each.text for each in answers]


async def test_two_that_delete_what_the_other_refers_to_do_not_wait_for_ever(case: Case, slow_commits: None) -> None:
    """The database ends one of them, which is tried again and then sees what the other has done."""
    for _ in range(3):
        there = [f"Patient/{(await made(case.town, resource('Patient')))['id']}" for _ in range(2)]
        bundles = [
            [request("DELETE", mine), entry(resource("Condition", subject=theirs))]
            for mine, theirs in (there, reversed(there))
        ]
        answers = await asyncio.gather(*(case.town.ehr.bundle("transaction", each) for each in bundles))
        assert sorted(answer.status_code for answer in answers) == [200, 422], [each.text for each in answers]


async def test_two_that_come_to_refer_to_each_other_both_come_through(case: Case, slow_commits: None) -> None:
    for _ in range(5):
        one, other = [await made(case.town, resource("Location")) for _ in range(2)]
        changed = [
            {**here, "partOf": reference(f"Location/{there['id']}")} for here, there in ((one, other), (other, one))
        ]
        answers = await asyncio.gather(*(put(case.town.ehr, f"Location/{each['id']}", each) for each in changed))
        assert [answer.status_code for answer in answers] == [200, 200]


@pytest.fixture
async def waiting(town: Town) -> Sent:
    """A referral that the operator may pass on to the pantry, as its Consent says."""
    actor = {"role": {"text": "recipient"}, "reference": reference(f"Organization/{town.pantry}")}
    return await refer(town.world, town.ehr, None, Consent={"provision": {"type": "permit", "actor": [actor]}})


async def passing(town: Town, sent: Sent) -> Callable[[], Awaitable[None]]:
    olga = await town.olga()
    (row,) = await town.world.rows("SELECT id FROM referral WHERE source_task = $1::uuid", sent.ids["Task"])
    return lambda: pass_on(town.world.network, olga, row["id"], to=town.pantry, basis_kind="consent")


async def test_a_withdrawal_waits_for_a_passing_on_and_ends_it(town: Town, waiting: Sent, held: Held) -> None:
    """CON-15: whatever comes first, nothing is shown after it."""
    first = await passing(town, waiting)
    _, withdrawn = await held.beside(
        "ServiceRequest", "create", first, lambda: waiting.change("Consent", status="inactive")
    )
    assert withdrawn.status_code == 200
    assert (await town.cbo.get(waiting.ref("Patient"))).status_code == 404
    await town.world.settled()


async def test_a_passing_on_waits_for_a_withdrawal_and_shows_nothing(town: Town, waiting: Sent, held: Held) -> None:
    second = await passing(town, waiting)

    async def refused_then() -> None:
        with pytest.raises(BusinessRule):
            await second()

    withdrawn, _ = await held.beside(
        "Consent", "update", lambda: waiting.change("Consent", status="inactive"), refused_then
    )
    assert withdrawn.status_code == 200
    assert (await town.cbo.get(waiting.ref("Patient"))).status_code == 404
    await town.world.settled()
