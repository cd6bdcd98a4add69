"""The resources that a page about referrals is made from, read in few queries as the viewer may see them."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from app.domain.referral import words
from app.fhir import json
from app.fhir.json import JsonObject
from app.services.lookups.resolve import resolve
from app.services.network import Network
from app.services.referrals.cards import Person, Sender
from app.store import resources
from app.store.pool import Unit
from app.store.referrals import ReferralRow

# who may ask without an organization of their own
PERSONS = frozenset({"Patient", "RelatedPerson"})


@dataclass(slots=True)
class Material:
    """Trees by literal reference ("Patient/1", or an address) and by resource key."""

    by_reference: dict[str, JsonObject]
    by_key: dict[UUID, JsonObject]

    def at(self, reference: Any) -> JsonObject:
        """What a Reference leads to; {} when it is absent, hidden or not a literal one."""
        text = reference.get("reference", "") if isinstance(reference, dict) else ""
        return self.by_reference.get(text, {})

    def source(self, row: ReferralRow) -> tuple[JsonObject, JsonObject]:
        """The source's request and Task of a referral; {} for what is not there, or has not been read yet."""
        request = self.by_key.get(row.source_request, {}) if row.source_request else {}
        task = self.by_key.get(row.source_task, {}) if row.source_task else {}
        return request, task

    def person(self, request: JsonObject, task: JsonObject) -> Person:
        tree = self.at(request.get("subject", {})) or self.at(task.get("for", {}))
        shown = words.person_name(tree) or request.get("subject", {}).get("display", "") or "Name not sent"
        return Person(shown, tree.get("birthDate", ""), words.contacts(tree), words.address(tree), words.language(tree))

    def sender(self, request: JsonObject, task: JsonObject) -> Sender:
        """Who asked, from the request's requester, else the Task's; a role brings its person and organization."""
        reference = request.get("requester") or task.get("requester", {})
        tree = self.at(reference)
        if tree.get("resourceType") in PERSONS:
            return self._caller(tree, task)
        person, organization = self.at(tree.get("practitioner", {})), self.at(tree.get("organization", {}))
        if tree.get("resourceType") == "Organization":
            organization, tree = tree, {}
        elif tree.get("resourceType") == "Practitioner":
            person = tree
        known = (tree, person, organization)
        return Sender(
            name=words.person_name(person) or tree.get("practitioner", {}).get("display", ""),
            organization=words.person_name(organization)
            or tree.get("organization", {}).get("display", "")
            or reference.get("display", "Sender not named"),
            phone=words.reach(known, "phone"),
            email=words.reach(known, "email"),
        )

    def _caller(self, tree: JsonObject, task: JsonObject) -> Sender:
        """The person herself, or who called for her, through the organization of the Task; she herself is reached in
        the ways of `person`, where they are withheld when nobody may contact her."""
        through = task.get("requester", {})
        relation = words.concept(next(iter(tree.get("relationship", ())), {}))
        name = words.person_name(tree) + (f" ({relation})" if relation else "")
        known = (tree,) if tree["resourceType"] == "RelatedPerson" else (self.at(through),)
        organization = words.person_name(self.at(through)) or through.get("display", "Sender not named")
        return Sender(name, organization, words.reach(known, "phone"), words.reach(known, "email"))

    def reasons(self, request: JsonObject) -> tuple[str, ...]:
        return words.reasons(request, [self.at(each) for each in request.get("reasonReference", ())])


async def read_material(network: Network, unit: Unit, keys: Iterable[UUID]) -> Material:
    """The resources under `keys` (Tasks and requests), what they refer to, and who stands behind the roles."""
    stored = await resources.by_ids(unit, list(keys))
    material = Material({}, {key: json.parse(found.body) for key, found in stored.items()})
    for _ in range(2):
        wanted = {text for tree in _trees(material) for text in _named(tree)} - material.by_reference.keys()
        await _add(network, unit, material, wanted)
    return material


def _trees(material: Material) -> list[JsonObject]:
    return [*material.by_key.values(), *material.by_reference.values()]


def _named(tree: JsonObject) -> list[str]:
    """The references that a page may need; not a walk of everything, which could be large."""
    holders = [
        tree.get(name, {}) for name in ("for", "subject", "requester", "practitioner", "organization", "patient")
    ]
    holders += tree.get("reasonReference", ())
    holders += [output.get("valueReference", {}) for output in tree.get("output", ())]
    return [
        holder["reference"] for holder in holders if isinstance(holder, dict) and holder.get("reference", "#")[0] != "#"
    ]


async def _add(network: Network, unit: Unit, material: Material, wanted: Iterable[str]) -> None:
    texts = sorted(wanted)
    found = await resolve(network, unit, texts)
    for stored in found.values():
        tree = json.parse(stored.body)
        for text in (f"{stored.type}/{stored.fhir_id}", f"{network.base}/{stored.type}/{stored.fhir_id}"):
            material.by_reference[text] = tree
    for text in texts:  # an address of a registered EHR, under which we hold a copy
        if text not in material.by_reference and "://" in text:
            copies = await resolve(network, unit, [text])
            material.by_reference[text] = json.parse(next(iter(copies.values())).body) if copies else {}
