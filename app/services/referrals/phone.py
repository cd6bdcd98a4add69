"""By phone: the operator writes down what somebody tells her, and it becomes a referral of the network itself.

When she knows the organization and on which basis it may see it, it is passed on in the same transaction; otherwise it
waits with her like any other.
"""

from dataclasses import dataclass
from uuid import UUID

from app.domain.referral.needs import Need
from app.domain.referral.person import Helper, Said, patient, related_person
from app.fhir import json
from app.fhir.errors import Invalid
from app.fhir.json import JsonObject
from app.services.caller import Caller
from app.services.network import Network
from app.services.operators import operator
from app.services.referrals.ask import Asked, SentOtherwise, ask, asked_before, asked_for, asked_the_same
from app.services.referrals.pass_on import Chosen, pass_on_in
from app.services.retries import with_retries
from app.services.writing import new
from app.store import resources
from app.store.pool import Unit

# what a person's record holds besides what the caller said
OF_THE_RECORD = frozenset({"id", "meta", "identifier", "patient"})


@dataclass(frozen=True, slots=True)
class Call:
    """What was said. `key` belongs to the form; `helper` None when the person calls herself.

    `to` alone is whom she wishes for; with `basis_kind` and `attestation` it is passed on at once.
    """

    key: UUID
    helper: Helper | None
    person: Said
    need: Need
    words: str
    wish: str = ""
    urgent: bool = False
    do_not_contact: bool = False
    to: UUID | None = None
    basis_kind: str = ""
    attestation: str = ""


async def take(network: Network, caller: Caller, call: Call) -> bool:
    """Makes the referral `call.key`; False when that form was sent before, and nothing was done now.

    Raises SentOtherwise when it said something else then; Forbidden, Invalid, Required or BusinessRule. Then nothing of
    it is kept.
    """
    operator(network, caller)
    if call.basis_kind and call.to is None:
        raise Invalid("basis-for-whom", "choose the organization that may see it")

    async def once() -> bool:
        async with network.store.unit(caller.members, write=True) as unit:
            asked = _asked(network, call)
            if await asked_before(unit, caller, call.key, trigger="phone"):
                if not await _is_same_call(unit, asked):
                    raise SentOtherwise
                return False
            await ask(network, unit, caller, asked, trigger="phone")
            await _pass_on(network, unit, caller, call)
            return True

    return await with_retries(once)


def _asked(network: Network, call: Call) -> Asked:
    key = network.ids.next()
    person = new(network, patient(call.person, {"system": network.base + "/person", "value": str(key)}), id=key)
    reference = f"Patient/{person.fhir_id}"
    entries, requester = [person], {"reference": reference}
    if call.helper is not None:
        helper = new(network, related_person(call.helper, reference))
        entries.append(helper)
        requester = {"reference": f"RelatedPerson/{helper.fhir_id}", "display": call.helper.name}
    return Asked(
        key=call.key,
        person=reference,
        requester=requester,
        need=call.need,
        words=call.words,
        wish=call.wish,
        recipient=call.to,
        urgent=call.urgent,
        do_not_contact=call.do_not_contact,
        entries=tuple(entries),
    )


async def _is_same_call(unit: Unit, asked: Asked) -> bool:
    """About the same people, who need the same. Whoever may see it by now is settled at the referral itself."""
    request = await asked_for(unit, asked.key)
    if not request or not await asked_the_same(unit, asked):
        return False
    people = {UUID(request[role]["reference"].partition("/")[2]) for role in ("subject", "requester")}
    stored = (await resources.by_ids(unit, people)).values()
    before = {each.type: _told(json.parse(each.body)) for each in stored}
    return before == {entry.type: _told(entry.tree) for entry in asked.entries}


def _told(person: JsonObject) -> JsonObject:
    return {name: value for name, value in person.items() if name not in OF_THE_RECORD}


async def _pass_on(network: Network, unit: Unit, caller: Caller, call: Call) -> None:
    if call.to is not None and call.basis_kind:
        chosen = Chosen(call.to, call.basis_kind, call.attestation.strip())
        await pass_on_in(network, unit, caller, call.key, chosen)
