"""People who act for members: inviting them, giving them one more membership, setting a password, ending their access.

*Source*: `baton staff add`; security sheet MFA-04 (sessions end on change), SES-02, G37.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from app.domain.access.roles import OPERATOR, ROLES
from app.fhir.errors import BusinessRule, Invalid, NotFound
from app.services.identity.addresses import email_hash, read_email
from app.services.identity.password import check_password
from app.services.identity.secrets import hash_of, new_secret
from app.services.network import Network
from app.store import accounts, members, sessions
from app.store.accounts import Account
from app.store.pool import Unit

INVITATION_LIFE = timedelta(hours=72)


@dataclass(frozen=True, slots=True)
class Added:
    """A person's account. `invitation` is the secret for her link while she has no password; it is shown this once."""

    account: UUID
    invitation: str | None


async def add_staff(
    network: Network,
    *,
    email: str,
    organization: UUID,
    role: str,
    password: str | None = None,
    development_only: bool = False,
) -> Added:
    """Gives the person of this address a membership; makes and invites her account when there is none.

    A `password` is set at once, in place of an invitation. Raises Invalid, NotFound, BusinessRule.
    """
    address = read_email(email)
    password_hash = None
    async with network.store.unit(()) as unit:
        await _check_role(unit, organization, role)
        if password is not None:
            check_password(password, context=await _context(network, unit, address, (organization,)))
    if password is not None:
        password_hash = await network.passwords.hash(password)
    now = network.clock.now()
    async with network.store.unit((), write=True) as unit:
        new_id = network.ids.next()
        account = await accounts.add(unit, new_id, address, development_only=development_only, now=now)
        if account.disabled:
            raise BusinessRule("staff-disabled", "The account of this address has been closed; use another address.")
        await accounts.add_membership(unit, account.id, organization, role, now)
        if password_hash is not None:
            await _set_password(network, unit, account, password_hash)
            return Added(account.id, None)
        return Added(account.id, None if account.password_hash else await _invite(network, unit, account.id))


async def invited(network: Network, invitation: str) -> str | None:
    """The address of whom a good invitation invites, else None."""
    async with network.store.unit(()) as unit:
        account = await accounts.find_invitation(unit, hash_of(invitation), network.clock.now())
    return account.email if account else None


async def accept_invitation(network: Network, invitation: str, password: str) -> None:
    """Sets the first password and uses the invitation up. Raises NotFound for a bad one, Invalid for the password."""
    async with network.store.unit(()) as unit:
        account = await accounts.find_invitation(unit, hash_of(invitation), network.clock.now())
        if account is None:
            raise _no_invitation()
        organizations = [each.member for each in await accounts.memberships(unit, account.id)]
        check_password(password, context=await _context(network, unit, account.email, organizations))
    password_hash = await network.passwords.hash(password)
    async with network.store.unit((), write=True) as unit:
        if not await accounts.use_invitation(unit, hash_of(invitation), network.clock.now()):
            raise _no_invitation()
        await _set_password(network, unit, account, password_hash)


async def disable_staff(network: Network, account: UUID) -> None:
    """Ends a person's access: every session of hers is refused from the next request on. Raises NotFound."""
    async with network.store.unit((), write=True) as unit:
        if not await accounts.disable(unit, account, network.clock.now()):
            raise NotFound("account-unknown", "There is no enabled account with this id.")
        await sessions.end_all(unit, account, network.clock.now())


async def _check_role(unit: Unit, organization: UUID, role: str) -> None:
    if role not in ROLES:
        raise Invalid("staff-role", f"A role is one of: {', '.join(reversed(ROLES))}.")
    member = (await members.get(unit, (organization,))).get(organization)
    if member is None:
        raise NotFound("staff-organization", "Not a member: admit the organization first (baton organization add).")
    if role == OPERATOR and member.kind != "network":
        raise BusinessRule("staff-operator", "The operator acts for the network's own organization only.")


async def _context(network: Network, unit: Unit, email: str, organizations: Iterable[UUID]) -> list[str]:
    """Names that a guesser would try first: the person's address, the organizations she acts for, the network's."""
    around = {*organizations, *([network.organization] if network.organization else ())}
    return [email, *(member.name for member in (await members.get(unit, around)).values())]


async def _invite(network: Network, unit: Unit, account: UUID) -> str:
    text, token_hash = new_secret(network.ids)
    await accounts.add_invitation(unit, token_hash, account, network.clock.now() + INVITATION_LIFE)
    return text


async def _set_password(network: Network, unit: Unit, account: Account, password_hash: str) -> None:
    """Whoever was signed in with the old one is not any more; failures are forgotten."""
    await accounts.set_password(unit, account.id, password_hash)
    await accounts.clear_failures(unit, email_hash(account.email))
    await sessions.end_all(unit, account.id, network.clock.now())


def _no_invitation() -> NotFound:
    return NotFound("invitation", "This invitation is not good any more; ask for a new one.")
