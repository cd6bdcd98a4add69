"""A referral that an EHR posts, one that a clinician sends from her chart, one that comes by phone: they are one thing.

Each is told by its rows: the referral's, everybody's parts, what happened, what was audited; once when it has been
passed on and once when it is done. They may differ in the door, in where it came from, and in why it may be shown.
"""

from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import pytest

from app.fhir import json
from app.services.directory.register_ehr import Ehr, register_ehr
from app.services.referrals.pass_on import pass_on
from app.services.referrals.respond import respond
from app.services.referrals.views import story
from tests.builders import ids_of, reference, referral
from tests.clinician.charts import condition
from tests.clinician.ward import Ward
from tests.launch.ehr import fake_ehr
from tests.pages.browsing import Browser, Forms
from tests.town import Town, staff_of
from tests.world import PASSWORD

NAME = [{"family": "Okafor", "given": ["Ada"]}]
CAME_IN = ("person", "request", "task")
NEWEST = (
    "SELECT DISTINCT ON (resource) resource, body FROM version WHERE resource = ANY($1) ORDER BY resource, version DESC"
)
HEARD = "The person said yes, today"
Told = dict[str, Any]


@dataclass(frozen=True)
class Door:
    """How a referral comes in: `send` makes it, for the pantry, with a Consent or without, and says its id."""

    trigger: str
    send: Callable[[Town, bool, AsyncExitStack], Awaitable[UUID]]
    consented: bool
    from_network: bool = False
    connected: bool = False

    @property
    def name(self) -> str:
        return f"{self.trigger} {'with a Consent' if self.consented else 'by word'}"


@dataclass
class Names:
    """What ids are called in this story. The operator's network is the sender where she takes the call."""

    platform: UUID
    source: UUID
    members: dict[UUID, str]
    resources: dict[UUID, str] = field(default_factory=dict)

    def actor(self, member: UUID | None, what: str | None, version: int | None) -> str | None:
        """What came in is the sender's, all else that the network does is the network's."""
        if member == self.platform == self.source and what in CAME_IN and version == 1:
            return "sender"
        return self.members[member] if member else None


async def by_post(town: Town, consented: bool, around: AsyncExitStack) -> UUID:
    """The EHR's transaction; the person asks herself, as on the phone, and nothing more comes along than there."""
    sent = [*("Patient", "ServiceRequest", "Task"), *(["Consent"] if consented else [])]
    entries = [each for each in referral(town.platform, town.pantry) if each["resource"]["resourceType"] in sent]
    trees = {each["resource"]["resourceType"]: each["resource"] for each in entries}
    trees["Patient"]["name"] = NAME
    trees["Task"]["requester"] = reference(f"Organization/{town.clinic}")
    request = trees["ServiceRequest"]
    request["requester"] = request["subject"]
    for name in ("reasonReference", *(() if consented else ("supportingInfo",))):
        del request[name]
    answer = await town.ehr.bundle("transaction", entries)
    assert answer.status_code == 200, answer.text
    (row,) = await town.world.rows("SELECT id FROM referral WHERE source_task::text = $1", ids_of(answer)["Task"])
    return UUID(str(row["id"]))


async def by_launch(town: Town, consented: bool, around: AsyncExitStack) -> UUID:
    """A clinician launches from her EHR, chooses and sends, in her browser; what is said there becomes a Consent."""
    ehr = await around.enter_async_context(fake_ehr())
    await register_ehr(town.world.network, Ehr("EHR", ehr.base, town.clinic, "baton"))
    ehr.chart |= {"Condition/food": condition()}
    ward = Ward(town, ehr)
    around.push_async_callback(ward.close)
    await (await ward.launched()).refers(town.pantry)
    (row,) = await town.world.rows("SELECT id FROM referral WHERE trigger = 'launch' ORDER BY received_at DESC LIMIT 1")
    return UUID(str(row["id"]))


async def by_phone(town: Town, consented: bool, around: AsyncExitStack) -> UUID:
    """The operator's form, sent by a browser; she passes it on with it."""
    await town.olga()
    browser = Browser(town.world.address)
    await browser.sign_in("olga@platform.example", PASSWORD)
    await browser.open("/ops/phone")
    form = Forms(browser.page.text).forms[-1].fields
    form |= {"who": "self", "given": "Ada", "family": "Okafor", "category": "food-insecurity", "words": "No food"}
    form |= {"to": str(town.pantry), "basis": "spoken", "attestation": HEARD, "do_not_contact": "", "urgent": ""}
    answer = await browser.http.post("/ops/phone", data=form, follow_redirects=False)
    assert answer.status_code == 303, answer.text
    await browser.close()
    return UUID(form["key"])


DOORS = (
    Door("push", by_post, consented=False),
    Door("launch", by_launch, consented=True, connected=True),
    Door("phone", by_phone, consented=False, from_network=True),
)


async def names_in(town: Town, row: Any) -> Names:
    """Every resource of the referral but the Consent, which is its basis."""
    (source,) = row["sources"]
    names = Names(town.platform, source, {source: "sender", town.platform: "network", town.pantry: "target"})
    names.resources = {row["source_request"]: "request", row["source_task"]: "task"}
    for child in await town.world.rows("SELECT * FROM child_task WHERE referral = $1", row["id"]):
        names.resources |= {child["task"]: "part", child["filler_order"]: "order"}
    bodies = {
        names.resources[each["resource"]]: json.parse(each["body"])
        for each in await town.world.rows(NEWEST, [row["source_request"], row["source_task"]])
    }
    outputs = [output["valueReference"] for output in bodies["task"].get("output", ())]
    for what, to in (("person", bodies["request"]["subject"]), *(("outcome", each) for each in outputs)):
        names.resources[UUID(to["reference"].split("/")[1])] = what
    return names


async def tell(town: Town, key: UUID) -> Told:
    """All rows of one referral, by names instead of ids."""
    (row,) = await town.world.rows("SELECT * FROM referral WHERE id = $1", key)
    names = await names_in(town, row)
    same = ("task_home", "external_key", "next_action", "waiting_because", "closed_as")
    return {
        "referral": {name: row[name] for name in same}
        | {"owner": names.members.get(row["owner"]), "due": row["due"] is not None},
        "resources": sorted(names.resources.values()),
        "parts": await _parts(town, names),
        "events": await _events(town, names, key),
        "audit": await _audit(town, names),
    }


async def _parts(town: Town, names: Names) -> Counter[Any]:
    """Who takes part in what, as what, because of what.

    Where the network is the sender, its one part as author is the sender's and the network's.
    """
    told: Counter[Any] = Counter()
    for each in await town.world.rows("SELECT * FROM participation WHERE resource = ANY($1)", list(names.resources)):
        what, because = names.resources[each["resource"]], names.resources[each["because"]]
        role, since = each["role"], each["from_version"]
        who = names.members[each["member"]]
        if names.source == each["member"] == town.platform:
            own = role == "author" and what in CAME_IN
            who = "sender" if own or role == "requester" else "network"
            if own:
                told["network", what, "network", because, since] += 1
        told[who, what, role, because, since] += 1
    return told


async def _events(town: Town, names: Names, key: UUID) -> Counter[Any]:
    query = "SELECT * FROM event WHERE resource = ANY($1) OR referral = $2"
    told: Counter[Any] = Counter()
    for each in await town.world.rows(query, list(names.resources), key):
        what, version = names.resources.get(each["resource"]), each["version"]
        told[each["kind"], what, version, names.actor(each["member"], what, version), each["referral"] == key] += 1
    return told


async def _audit(town: Town, names: Names) -> Counter[Any]:
    """What was written; what is looked at on the way is each door's own."""
    told: Counter[Any] = Counter()
    query = "SELECT * FROM audit WHERE resource = ANY($1) AND version IS NOT NULL"
    for each in await town.world.rows(query, list(names.resources)):
        what, version = names.resources[each["resource"]], each["version"]
        (member,) = each["members"]
        told[each["action"], each["outcome"], what, version, names.actor(member, what, version)] += 1
    return told


async def go_through(town: Town, door: Door) -> tuple[Told, Told]:
    """In by that door, to the pantry, which helps."""
    async with AsyncExitStack() as around:  # an EHR stays until the outcome is written back there
        key = await door.send(town, door.consented, around)
        await town.world.settled()
        if not door.consented and not door.from_network:
            olga = await town.olga()
            await pass_on(town.world.network, olga, key, to=town.pantry, basis_kind="spoken", attestation=HEARD)
            await town.world.settled()
        passed_on = await tell(town, key)
        ana = staff_of(town.pantry)
        for button in ("Accept", "Start", "Complete"):
            version = (await story(town.world.network, ana, key)).version
            await respond(town.world.network, ana, key, button, outcome="Food for a month", version=version)
            await town.world.settled()
        await differs_in(town, door, key)
        return passed_on, await tell(town, key)


async def differs_in(town: Town, door: Door, key: UUID) -> None:
    """What is the door's own is as it should be."""
    (row,) = await town.world.rows("SELECT * FROM referral WHERE id = $1", key)
    assert row["trigger"] == door.trigger
    assert row["sources"] == [town.platform if door.from_network else town.clinic]
    assert (row["connection"] is not None) == door.connected
    (basis,) = await town.world.rows("SELECT * FROM basis WHERE referral = $1", key)
    assert basis["kind"] == ("consent" if door.consented else "spoken")
    assert (basis["attestation"], basis["consent"] is None) == ((None, False) if door.consented else (HEARD, True))


@pytest.fixture(scope="module")
async def posted(town: Town) -> tuple[Told, Told]:
    """An EHR's POST with a Consent, against which the others are held."""
    return await go_through(town, Door("push", by_post, consented=True))


@pytest.mark.parametrize("door", DOORS, ids=lambda door: door.name)
async def test_every_door_leads_to_the_same_rows(town: Town, posted: tuple[Told, Told], door: Door) -> None:
    passed_on, done = await go_through(town, door)
    for ours, theirs in zip((passed_on, done), posted, strict=True):
        assert ours == theirs


async def test_what_they_are_held_against_is_a_whole_referral(posted: tuple[Told, Told]) -> None:
    """So that the comparison cannot pass by telling of nothing."""
    passed_on, done = posted
    assert passed_on["referral"] | {"due": True} == {
        "task_home": "here",
        "external_key": None,
        "next_action": "answer",
        "waiting_because": None,
        "closed_as": None,
        "owner": "target",
        "due": True,
    }
    assert done["referral"]["closed_as"] == "completed"
    assert done["resources"] == ["order", "outcome", "part", "person", "request", "task"]
    assert done["parts"]["target", "person", "recipient", "part", 1] == 1
    assert done["parts"]["sender", "outcome", "requester", "task", 1] == 1
    kinds = {kind for kind, *_ in done["events"]}
    assert kinds >= {"referral.received", "referral.passed-on", "referral.completed", "Task.update", "Procedure.create"}
    assert {action for action, *_ in done["audit"]} >= {"create", "update"}
