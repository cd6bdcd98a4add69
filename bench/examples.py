"""Examples to copy: whole referrals, sent, passed on and answered by the product itself.

All ids that a referral brings about begin with the same 18 characters, its stem; so a copy is the same rows with
another stem.
"""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from uuid import UUID

from app.clock import SystemIds
from app.services.caller import Caller
from app.services.directory.admit import admit
from app.services.interactions.written import stored_of
from app.services.network import Network
from app.services.referrals.respond import part_of, respond
from app.services.write import write
from app.services.writing import Entry, change, new
from app.store import referrals
from app.worker.loop import INSIDE, begin
from bench import bodies

STEM = 18
SOURCES, TARGETS = 4, 10
# What the organizations have answered by now; a network's referrals are mostly done.
ANSWERS: tuple[tuple[str, ...], ...] = (
    ("Accept", "Start", "Complete"),
    ("Accept", "Complete"),
    ("Accept", "Start", "Complete"),
    ("Decline",),
    ("Accept", "Start", "Complete"),
    ("Accept", "Start"),
    ("Accept", "Complete"),
    ("Accept",),
    ("Accept", "Start", "Complete"),
    (),
)


@dataclass(frozen=True, slots=True)
class Example:
    """The stem, and the ids of what was written first, by type."""

    stem: str
    ids: dict[str, str]

    def of_copy(self, stem: str, type_name: str) -> str:
        """What the resource of this type is called in a copy."""
        return stem + self.ids[type_name][STEM:]


@dataclass(frozen=True, slots=True)
class Clinic:
    """Whose system sends, and the network's Organization."""

    caller: Caller
    organization: str
    coordinator: str


class FamilyIds(SystemIds):
    """UUIDv7; those of one family differ in their last group only."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = ""
        self._count = 0

    def next(self) -> UUID:
        if not self.stem:
            return super().next()
        self._count += 1
        return UUID(f"{self.stem}-8000-{self._count:012x}")

    @contextmanager
    def family(self) -> Iterator[str]:
        """Ids that are asked for in the block are of one family."""
        self._count, self.stem = 0, str(super().next())[:STEM]
        try:
            yield self.stem
        finally:
            self.stem = ""


async def referred(network: Network, clinics: Sequence[Clinic]) -> list[Example]:
    """A referral for each of `TARGETS` new organizations, in every stage, passed on by the network; 2 Tasks each."""
    ids = FamilyIds()
    network = replace(network, ids=ids)
    targets = [await admit(network, name=f"Benchmark Pantry {number}", kind="target") for number in range(TARGETS)]
    return [
        await _referral(network, ids, clinics[place % len(clinics)], target, ANSWERS[place % len(ANSWERS)])
        for place, target in enumerate(targets)
    ]


async def waiting(network: Network, clinic: Clinic) -> Example:
    """A referral that nobody has been found for: it lies in the network's own inbox, requested."""
    ids = FamilyIds()
    network = replace(network, ids=ids)
    with ids.family() as stem:
        sent = await _sent(network, clinic, None)
        await _settled(network)
    return Example(stem, sent)


async def under_way(network: Network, clinic: Clinic, patient: str, request: str) -> Example:
    """A Task of version 3 that is in progress, about what is there already."""
    ids = FamilyIds()
    network = replace(network, ids=ids)
    with ids.family() as stem:
        entry: Entry = new(network, bodies.task(clinic.organization, clinic.coordinator, patient, request))
        (entry,) = (await write(network, clinic.caller, [entry])).entries
        for status in ("accepted", "in-progress"):
            tree = bodies.task(clinic.organization, clinic.coordinator, patient, request, status)
            changed = change(stored_of(entry), tree | {"id": entry.fhir_id})
            (entry,) = (await write(network, clinic.caller, [changed])).entries
        await _settled(network)
    return Example(stem, {"Task": entry.fhir_id})


async def _referral(network: Network, ids: FamilyIds, clinic: Clinic, target: UUID, answers: Sequence[str]) -> Example:
    with ids.family() as stem:
        sent = await _sent(network, clinic, str(target))
        await _settled(network)
        async with network.store.unit((network.coordinator,), write=True) as unit:
            row = await referrals.of_source_task(unit, UUID(sent["Task"]))
        if row is None:
            raise LookupError("the network has not taken the example's referral")
        staff = Caller(frozenset({target}), "person", role="intake", request_id="load")
        for button in answers:
            async with network.store.unit(staff.members) as unit:
                _, task = await part_of(unit, staff, row.id)
            said = {"reason": "no room this month", "outcome": "a box of food for two weeks"}
            await respond(network, staff, row.id, button, version=str(task.version), **said)
            await _settled(network)
    return Example(stem, sent)


async def _sent(network: Network, clinic: Clinic, target: str | None) -> dict[str, str]:
    """Writes Patient, Consent, ServiceRequest and Task as the clinic's system would."""
    keys = {name: network.ids.next() for name in ("Patient", "Consent", "ServiceRequest", "Task")}
    at = {name: f"{name}/{key}" for name, key in keys.items()}
    own = clinic.organization
    trees = {
        "Patient": bodies.patient(f"P-{keys['Patient']}"),
        "Consent": bodies.consent(own, at["Patient"], target),
        "ServiceRequest": bodies.service_request(own, at["Patient"], at["Consent"], target),
        "Task": bodies.task(own, clinic.coordinator, at["Patient"], at["ServiceRequest"], number=f"R-{keys['Task']}"),
    }
    await write(network, clinic.caller, [new(network, tree, id=keys[name]) for name, tree in trees.items()])
    return {name: str(key) for name, key in keys.items()}


async def _settled(network: Network) -> None:
    """Carries out what the worker beside a server would, until nothing is left."""
    while begun := await begin(network, INSIDE, INSIDE.at_once):
        await asyncio.gather(*begun)
