"""Admits the members and invites the people of the demo world; what is there already stays as it is."""

from uuid import UUID

from app.demo.cast import NETWORK, PASSWORD, PEOPLE, SOURCE, TARGETS
from app.services.directory.admit import admit
from app.services.directory.members import all_members
from app.services.identity.staff import add_staff
from app.services.network import Network
from app.store import accounts

TIME_ZONE = "America/Chicago"


async def ensure_members(network: Network) -> dict[str, UUID]:
    """Name of each demo member -> its key. Raises BusinessRule where another network has settled."""
    found = {(member.kind, member.name): member.id for member in await all_members(network)}
    keys = {}
    for each in (NETWORK, SOURCE, *TARGETS):
        known = found.get((each.kind, each.name))
        keys[each.name] = known or await admit(
            network, name=each.name, kind=each.kind, emails=(each.email,), time_zone=TIME_ZONE
        )
    return keys


async def ensure_people(network: Network, members: dict[str, UUID]) -> None:
    """Everybody can sign in with the demo password, in development only."""
    for person in PEOPLE:
        async with network.store.unit(()) as unit:
            account = await accounts.by_email(unit, person.email)
        if account is None or account.password_hash is None:
            await add_staff(
                network,
                email=person.email,
                organization=members[person.organization],
                role=person.role,
                password=PASSWORD,
                development_only=True,
            )


async def account_of(network: Network, email: str) -> UUID:
    async with network.store.unit(()) as unit:
        account = await accounts.by_email(unit, email)
    if account is None:
        raise LookupError("the demo world's people are not there")
    return account.id
