"""Send referral: for the launch's patient, to one organization, on a basis that somebody stated.

The EHR was read before the transaction begins; in it everything is written, or nothing: copies, Consent, request, Task.
*Source*: SDOH Clinical Care 3.0.0, coordination platform; product sheet f3, G01, G02; security sheet APP-11, APP-14.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID

from app.domain.referral.needs import Need
from app.fhir import json
from app.fhir.errors import BusinessRule, Invalid, Required
from app.fhir.json import JsonObject
from app.services.clinician.chart import Read
from app.services.clinician.copies import Copies, copy, note
from app.services.clinician.reduced import at_work
from app.services.clinician.role import role
from app.services.clinician.sharing import Basis, Shared, forbidden, network_name, permitting, told, unsure
from app.services.clinician.status import row_of
from app.services.consents.author import Given, consent
from app.services.launch.session import Launched
from app.services.network import Network
from app.services.referrals.ask import Asked, SentOtherwise, ask, asked_before, asked_the_same
from app.services.retries import with_retries
from app.services.writing import Entry, new
from app.store import members, origins, resources
from app.store.pool import Unit

DOOR: Final = "launch"
MAX_WORDS = 2_000
MAX_NAME = 200
MAX_RECORDS = 20


@dataclass(frozen=True, slots=True)
class Sending:
    """What the clinician decided. `key` comes from the form: sent twice, it is one referral.

    `records` are names in the chart, such as "Condition/7"; `name` who signed, or who heard it; `seen` what was shown.
    `looked`: that she found no denial in the chart herself, asked for where Baton may have missed one.
    """

    key: UUID
    need: Need
    to: UUID
    basis: Basis
    records: tuple[str, ...] = ()
    words: str = ""
    wish: str = ""
    urgent: bool = False
    do_not_contact: bool = False
    name: str = ""
    seen: str = ""
    looked: bool = False


class Changed(Exception):
    """What would be shared is not what was shown: it has to be shown again."""


async def send(network: Network, launched: Launched, read: Read, sending: Sending) -> UUID:
    """The referral's id; `read` is the chart as it is now.

    Raises Changed or SentOtherwise; BusinessRule, Required or Invalid with what is wrong.
    """
    _complete(launched, sending)
    if await _sent_before(network, launched, sending):
        return sending.key
    receiver = await _target(network, sending.to)
    shared = told(
        read,
        launched,
        sending.need,
        sending.records,
        receiver=receiver,
        network=await network_name(network),
        now=network.clock.now(),
    )
    if forbidden(read, network.clock.now()):
        denied = "a consent in the chart forbids sharing; when the person wants it now, record that in the chart first"
        raise BusinessRule("consent-denied-in-chart", denied)
    _readable(read, sending)
    if shared.seen != sending.seen:
        raise Changed
    unseen = unsure(read, launched, network.clock.now())
    if unseen and not sending.looked and sending.basis != "chart":
        raise Required("consents-unseen", "not every consent in the chart could be read; look there, and say so here")

    async def once() -> UUID:
        async with network.store.unit(launched.caller.members, write=True) as unit:
            return await _Written(network, unit, launched, read, sending, shared, unseen).referral()

    return await with_retries(once)


def _complete(launched: Launched, sending: Sending) -> None:
    if launched.patient is None:
        raise BusinessRule("launch-no-patient", "this launch has no patient; open Baton from a patient's chart")
    if len(sending.words) > MAX_WORDS or len(sending.wish) > MAX_WORDS or len(sending.name) > MAX_NAME:
        raise Invalid("too-long", "this is longer than can be sent")
    if len(sending.records) > MAX_RECORDS:
        raise Invalid("records", f"at most {MAX_RECORDS} records go with one referral")
    if sending.basis != "chart" and not sending.name.strip():
        raise Required("consent-name", "write the name")


async def _sent_before(network: Network, launched: Launched, sending: Sending) -> bool:
    """The same form again. Raises Invalid when the key belongs to anybody else's referral."""
    async with network.store.unit(launched.caller.members, write=True) as unit:
        return await _asked(unit, launched, sending)


async def _asked(unit: Unit, launched: Launched, sending: Sending) -> bool:
    connection = launched.connection.id
    asked = await asked_before(unit, launched.caller, sending.key, trigger="launch", connection=connection)
    if asked:
        await row_of(unit, launched, sending.key)
        if not await asked_the_same(unit, _asking(sending, await _copied(unit, launched, sending.records))):
            raise SentOtherwise
    return asked


def _asking(sending: Sending, reasons: tuple[str, ...]) -> Asked:
    """What the form decides of the referral."""
    return Asked(
        key=sending.key,
        person="",
        requester={},
        need=sending.need,
        words=sending.words,
        wish=sending.wish,
        reasons=reasons,
        recipient=sending.to,
        urgent=sending.urgent,
        do_not_contact=sending.do_not_contact,
    )


async def _copied(unit: Unit, launched: Launched, records: tuple[str, ...]) -> tuple[str, ...]:
    """Our names of these records; theirs where there is no copy."""
    names = {(name.partition("/")[0], name.partition("/")[2]): name for name in records}
    known = await origins.copies(unit, launched.connection.id, names)
    stored = await resources.by_ids(unit, list(known.values()))
    local = {names[key]: f"{key[0]}/{stored[id].fhir_id}" for key, id in known.items() if id in stored}
    return tuple(local.get(name, name) for name in records)


async def _target(network: Network, to: UUID) -> str:
    async with network.store.unit(()) as unit:
        row = (await members.get(unit, [to])).get(to)
    if row is None or row.kind != "target":
        raise BusinessRule("not-a-target", "choose an organization of this network that takes referrals")
    return row.name


def _readable(read: Read, sending: Sending) -> None:
    if set(sending.records) - {need.reference for need in read.needs}:
        unread = "a record that you ticked cannot be read from the chart now; try again, or send without it"
        raise BusinessRule("record-unread", unread)


@dataclass(slots=True)
class _Written:
    """One referral on its way into one transaction."""

    network: Network
    unit: Unit
    launched: Launched
    read: Read
    sending: Sending
    shared: Shared
    unseen: bool

    async def referral(self) -> UUID:
        if await _asked(self.unit, self.launched, self.sending):
            return self.sending.key
        permitted = await self._permitted()
        copies = await copy(self.network, self.unit, self.launched, self._trees(permitted))
        person = await self._person(copies)
        if set(self.sending.records) & set(copies.refused):
            raise BusinessRule("record-unfit", "a record that you ticked is not fit to be shared; send without it")
        given = [] if permitted else [self._consent(person)]
        requester, roles = await self._requester(copies)
        asked = replace(
            _asking(self.sending, copies.local(self.sending.records)),
            person=person,
            requester=requester,
            consents=(*copies.local(permitted), *(f"Consent/{entry.fhir_id}" for entry in given)),
            entries=(*copies.entries, *roles, *given),
        )
        connection = self.launched.connection.id
        key = await ask(self.network, self.unit, self.launched.caller, asked, trigger=DOOR, connection=connection)
        await note(self.unit, self.launched, copies)
        return key

    async def _permitted(self) -> tuple[str, ...]:
        """The chart's Consents that the referral rests on; none where consent was given here and now."""
        if self.sending.basis != "chart":
            return ()
        found = await permitting(self.network, self.unit, self.launched, self.read, self.sending.to)
        if not found:
            not_there = "no consent in the chart lets this organization see it; choose another basis"
            raise BusinessRule("consent-not-in-chart", not_there)
        return tuple(each.reference for each in found)

    def _trees(self, consents: Sequence[str]) -> list[JsonObject]:
        patient = None if self.read.kept else self.read.patient
        own = [tree for tree in (patient, self.read.practitioner) if tree is not None]
        return [*own, *(self.read.records[name] for name in (*self.sending.records, *consents))]

    async def _person(self, copies: Copies) -> str:
        """Our copy of the patient, as it is now, or as it was when it was read last."""
        now = copies.here.get(f"Patient/{self.launched.patient}")
        if now:
            return now
        local = await origins.patient(self.unit, self.launched.connection.id, self.launched.patient)
        stored = (await resources.by_ids(self.unit, [local])).get(local) if local else None
        if stored is None:
            no_person = "the person's record cannot be read from the chart, so nothing was sent; try again later"
            raise BusinessRule("person-unread", no_person)
        return f"Patient/{stored.fhir_id}"

    async def _requester(self, copies: Copies) -> tuple[JsonObject, list[Entry]]:
        """Who asks, and for whom she works, as one role; the guide wants a role to say how it is reached."""
        user = self.read.practitioner or {}
        known = copies.here.get(f"Practitioner/{user.get('id', '')}")
        reached = at_work(user) or at_work(await self._clinic())
        if reached:
            entry = await role(
                self.network,
                self.unit,
                self.launched,
                practitioner={"reference": known} if known else {"display": self.launched.clinician},
                reached=reached,
                known=bool(user) or not self.launched.fhir_user,
            )
            return {"reference": f"PractitionerRole/{entry.fhir_id}"}, [entry]
        display = f"{self.launched.clinician}, {self.launched.member_name}"
        if known:
            return {"reference": known, "display": display}, []
        return {"reference": f"Organization/{self.launched.member}", "display": display}, []

    async def _clinic(self) -> JsonObject:
        stored = (await resources.by_ids(self.unit, [self.launched.member])).get(self.launched.member)
        return json.parse(stored.body) if stored else {}

    def _consent(self, person: str) -> Entry:
        given = Given(
            how="signed" if self.sending.basis == "signed" else "spoken",
            who=self.sending.name.strip(),
            person=person,
            giver=f"Organization/{self.launched.member}",
            recipient=f"Organization/{self.sending.to}",
            sharing=self.shared.sharing,
            looked=self.launched.clinician if self.unseen else "",
        )
        return new(self.network, consent(given, self.unit.now))
