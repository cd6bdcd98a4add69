"""The operator admits a member: its Organization resource and the row that gives it its part, in one transaction.

A posted Organization is a copy and gives nobody rights; this is the only way in. Everybody in the network sees a
member's Organization.
*Source*: US Core 7.0.0, us-core-organization; architecture, "What stands behind the resources".
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID
from zoneinfo import available_timezones

from app.fhir.errors import BusinessRule, Invalid
from app.services.caller import the_network
from app.services.identity.addresses import is_email, normalized
from app.services.network import Network
from app.services.write import write_in
from app.services.writing import new
from app.store import directory, members
from app.store.members import MemberRow
from app.store.pool import Unit
from app.store.record import ParticipationRow
from app.store.visibility import EVERYBODY

KINDS = ("source", "target", "network")
MAX_NAME = 250
US_CORE_ORGANIZATION = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-organization|7.0.0"

Identifier = tuple[str, str]


async def admit(
    network: Network,
    *,
    name: str,
    kind: str,
    identifiers: Sequence[Identifier] = (),
    emails: Sequence[str] = (),
    time_zone: str = "",
) -> UUID:
    """The new member's key, which is the id of its Organization. `identifiers`: (system, value) pairs.

    Raises Invalid for a name, kind, address, identifier or time zone that is none, BusinessRule for a second network or
    an identifier that a member has already.
    """
    row = MemberRow(
        organization=network.ids.next(),
        kind=_kind(kind),
        name=_name(name),
        time_zone=_time_zone(time_zone) if time_zone else network.settings.time_zone,
        notify=tuple(dict.fromkeys(_email(email) for email in emails)),
    )
    known_as = tuple(dict.fromkeys(_identifier(identifier) for identifier in identifiers))
    # The network writes its members' Organizations; the first one ever, its own or not, can only be its own author.
    author = row.organization if kind == "network" else network.organization or row.organization
    async with network.store.unit((author,), write=True) as unit:
        await directory.wait_for_turn(unit)
        await _refuse_second(network, unit, row, known_as)
        seen_by_all = ParticipationRow(EVERYBODY, row.organization, row.organization, "directory")
        entry = new(network, organization(row, known_as), id=row.organization, shares=(seen_by_all,))
        await write_in(network, unit, the_network(author, request_id="command"), [entry])
        await members.add(unit, row)
    await network.coordination.learn(network.store)
    return row.organization


def organization(member: MemberRow, identifiers: Sequence[Identifier]) -> dict[str, Any]:
    """The Organization resource of a member."""
    tree: dict[str, Any] = {"resourceType": "Organization", "meta": {"profile": [US_CORE_ORGANIZATION]}}
    if identifiers:
        tree["identifier"] = [{"system": system, "value": value} for system, value in identifiers]
    tree |= {"active": True, "name": member.name}
    if member.notify:
        tree["telecom"] = [{"system": "email", "value": email, "use": "work"} for email in member.notify]
    return tree


async def _refuse_second(network: Network, unit: Unit, row: MemberRow, identifiers: Sequence[Identifier]) -> None:
    if row.kind == "network" and await members.of_kind(unit, "network"):
        raise BusinessRule("member-network", "This network has its own organization already; there is only one.")
    number = network.numbers["Organization"]["identifier"]
    for system, value in identifiers:
        if await members.by_identifier(unit, number, system, value) is not None:
            raise BusinessRule(
                "member-identifier", "A member with this identifier takes part already; see baton organization list."
            )


def _kind(kind: str) -> str:
    if kind not in KINDS:
        raise Invalid("member-kind", f"A member is one of: {', '.join(KINDS)}.")
    return kind


def _name(name: str) -> str:
    if not 1 <= len(name.strip()) <= MAX_NAME or not name.isprintable():
        raise Invalid("member-name", f"A name has 1 to {MAX_NAME} characters and no line breaks.")
    return name.strip()


def _email(typed: str) -> str:
    address = normalized(typed)
    if not is_email(address):
        raise Invalid("member-email", "Write an e-mail address such as info@organization.example.")
    return address


def _identifier(identifier: Identifier) -> Identifier:
    system, value = (part.strip() for part in identifier)
    if ":" not in system or any(letter.isspace() for letter in system) or not value or not value.isprintable():
        raise Invalid("member-identifier-form", "An identifier is 'SYSTEM|VALUE', the system an absolute URI.")
    return system, value


def _time_zone(name: str) -> str:
    if name not in available_timezones():
        raise Invalid("member-time-zone", "A time zone is an IANA name such as America/New_York.")
    return name
