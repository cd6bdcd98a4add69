"""What the EHR's users see: patients, and each referral with how it stands, read from what the network answered."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from app.simulate.people import Person
from app.simulate.vocabulary import Resource

ENDED = frozenset({"completed", "rejected", "cancelled", "failed", "entered-in-error"})
EARLIEST = "1970-01-01T00:00:00.000Z"


@dataclass(frozen=True, slots=True)
class Referral:
    """One Task of ours; `outcome` is what was done, `reason` why it was not."""

    task: str
    person: str
    need: str
    status: str
    reason: str
    outcome: str
    authored: str
    updated: str

    @property
    def ended(self) -> bool:
        return self.status in ENDED


@dataclass(slots=True)
class Chart:
    """`seen_until` is the newest `lastUpdated` read so far: where the next poll begins."""

    people: tuple[Person, ...]
    referrals: dict[str, Referral] = field(default_factory=dict)
    seen_until: str = EARLIEST
    problem: str = "This EHR has not met its network yet."

    def read(self, resources: Iterable[Resource]) -> None:
        """Takes in what a poll found: Tasks, and the Procedures in their output."""
        by_place = {f"{tree['resourceType']}/{tree['id']}": tree for tree in resources}
        for place, tree in by_place.items():
            if tree["resourceType"] == "Task":
                self.seen_until = max(self.seen_until, tree["meta"]["lastUpdated"])
                if "partOf" not in tree:  # the network's own Tasks are parts of ours
                    self.referrals[place] = _referral(place, tree, by_place)

    @property
    def newest_first(self) -> list[Referral]:
        return sorted(self.referrals.values(), key=lambda referral: referral.authored, reverse=True)

    @property
    def open_count(self) -> int:
        return sum(not referral.ended for referral in self.referrals.values())


def _referral(place: str, task: Resource, by_place: dict[str, Resource]) -> Referral:
    done = [by_place.get(output.get("valueReference", {}).get("reference", "")) for output in task.get("output", ())]
    return Referral(
        task=place,
        person=task.get("for", {}).get("display", ""),
        need=task.get("description", ""),
        status=task["status"],
        reason=task.get("statusReason", {}).get("text", ""),
        outcome="; ".join(_done(procedure) for procedure in done if procedure),
        authored=task.get("authoredOn", ""),
        updated=task["meta"]["lastUpdated"],
    )


def _done(procedure: Resource) -> str:
    code = procedure.get("code", {})
    words = code.get("text") or next((coding.get("display", "") for coding in code.get("coding", ())), "")
    return " on ".join(part for part in (words, procedure.get("performedDateTime", "")) if part)
