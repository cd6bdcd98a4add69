"""Valid resources and whole referrals for tests of the network; a test states only what matters to it.

What refers to something gets the reference as it is to be written: `Patient/<id>`, `urn:uuid:...` or an address.
"""

import secrets
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import httpx

from tests.fhir.builders import DELETE, minimal
from tests.world import System, World

__all__ = ["DELETE", "Sent", "consent", "entry", "minimal", "put_entry", "refer", "referral", "resource"]

Tree = dict[str, Any]
TASK_CODE = "http://hl7.org/fhir/CodeSystem/task-code"


def reference(text: str) -> Tree:
    return {"reference": text}


def resource(type_name: str, **changes: Any) -> Tree:
    """The smallest valid resource of a type, without an id; names of references may be given as plain texts."""
    plain = {name: reference(value) if _is_reference(name, value) else value for name, value in changes.items()}
    return minimal(type_name, **{"id": DELETE, **plain})


def consent(patient: str, *permitted: str, **changes: Any) -> Tree:
    """An active Consent of this person that permits these organizations."""
    actors = [{"role": {"text": "recipient"}, "reference": reference(each)} for each in permitted]
    provision = {"type": "permit", **({"actor": actors} if actors else {})}
    return resource("Consent", patient=patient, organization=DELETE, **{"provision": provision, **changes})


def entry(tree: Tree, urn: str = "", **request: str) -> Tree:
    """A Bundle entry that creates."""
    full_url = {"fullUrl": urn} if urn else {}
    return {**full_url, "resource": tree, "request": {"method": "POST", "url": tree["resourceType"], **request}}


def put_entry(tree: Tree, **request: str) -> Tree:
    address = f"{tree['resourceType']}/{tree['id']}"
    return {"resource": tree, "request": {"method": "PUT", "url": address, **request}}


def urn() -> str:
    return f"urn:uuid:{uuid4()}"


def referral(network: UUID, target: UUID | None, *, person: str = "", **changes: Any) -> list[Tree]:
    """The entries of one referral: person, sender, reason, Consent for `target`, request and Task, in that order.

    `changes` are those of a type's resource: `Task={"status": "draft"}`. `person` refers to one who is there already.
    """
    names = {name: urn() for name in ("Patient", "Organization", "Condition", "Consent", "ServiceRequest", "Task")}
    names["Patient"] = person or names["Patient"]
    permitted = () if target is None else (f"Organization/{target}",)
    performer = {} if target is None else {"performer": [reference(f"Organization/{target}")]}
    trees = {
        "Patient": resource("Patient", name=[{"family": f"Person {secrets.token_hex(3)}"}]),
        "Organization": resource("Organization", name=f"Clinic {secrets.token_hex(3)}"),
        "Condition": resource("Condition", subject=names["Patient"]),
        "Consent": consent(names["Patient"], *permitted),
        "ServiceRequest": resource(
            "ServiceRequest",
            subject=names["Patient"],
            requester=names["Organization"],
            reasonReference=[reference(names["Condition"])],
            supportingInfo=[reference(names["Consent"])],
            **performer,
        ),
        "Task": resource(
            "Task",
            for_=reference(names["Patient"]),
            focus=names["ServiceRequest"],
            requester=names["Organization"],
            owner=f"Organization/{network}",
        ),
    }
    for type_name, change in changes.items():
        trees[type_name] = {key: value for key, value in (trees[type_name] | change).items() if value is not DELETE}
    return [entry(tree, names[name]) for name, tree in trees.items() if not (person and name == "Patient")]


@dataclass
class Sent:
    """A referral that was taken: its resources' ids by type, as the sender sees them."""

    sender: System
    ids: dict[str, str]
    entries: list[Tree] = field(default_factory=list)

    def ref(self, type_name: str) -> str:
        return f"{type_name}/{self.ids[type_name]}"

    async def read(self, type_name: str) -> Tree:
        answer = await self.sender.get(self.ref(type_name))
        assert answer.status_code == 200, answer.text
        tree: Tree = answer.json()
        return tree

    async def change(self, type_name: str, **changes: Any) -> httpx.Response:
        """The sender's PUT of what it reads, with members changed."""
        tree = {**await self.read(type_name), **changes}
        return await self.sender.update({name: value for name, value in tree.items() if value is not DELETE})


async def refer(world: World, sender: System, target: UUID | None, *, person: str = "", **changes: Any) -> Sent:
    """Sends a referral as one transaction and waits until the network has done its part."""
    assert world.network.organization is not None
    entries = referral(world.network.organization, target, person=person, **changes)
    answer = await sender.bundle("transaction", entries)
    assert answer.status_code == 200, answer.text
    ids = ids_of(answer)
    if person:
        ids["Patient"] = person.split("/")[-1]
    await world.settled()
    return Sent(sender, ids, entries)


def ids_of(answer: httpx.Response) -> dict[str, str]:
    """Type -> the id that a transaction's answer gives it (the last one of a type)."""
    places = [each["response"]["location"].split("/") for each in answer.json()["entry"]]
    return {place[-4]: place[-3] for place in places}


def _is_reference(name: str, value: Any) -> bool:
    return isinstance(value, str) and name in ("subject", "patient", "requester", "owner", "focus", "practitioner")
