"""A person signs in with e-mail address and password, and her browser is known from then on.

Unknown address, wrong password and disabled account give the same answer after the same work. Failures slow down the
address they are made for, known or not, on all workers together.

*Source*: security sheet PWD-04, PWD-05, SES-01, SES-02; table of limits.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from app.domain.access.roles import strongest
from app.fhir.errors import Forbidden, Login, Throttled
from app.log import log
from app.services.caller import Caller
from app.services.identity.addresses import email_hash, is_email, normalized
from app.services.identity.secrets import hash_of, new_secret
from app.services.identity.throttle import too_often
from app.services.network import Network
from app.store import accounts, sessions
from app.store.accounts import Account, Membership
from app.store.pool import Unit
from app.store.sessions import LiveSession

FREE_FAILURES = 5
MAX_FAILURES = 100
FIRST_DELAY_S = 5
MAX_DELAY_S = 900
# After so many failures in a row only a new password, set by the operator or an administrator, opens the account.
LOCKED_FOR = timedelta(days=3650)
# Writing "seen now" at every request would turn each page into a write.
TOUCH_EVERY = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class NewSession:
    """What the browser gets: the secret for its cookie, and when the session ends at the latest (UTC)."""

    secret: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Who sits in front of a page: the caller for the services, and what the page shows and checks."""

    caller: Caller
    email: str
    member: UUID
    member_name: str
    csrf_secret: bytes


async def sign_in(network: Network, *, email: str, password: str, address: str) -> NewSession:
    """A new session for her first membership. Raises Login, or Throttled when it comes too soon after failures."""
    typed = normalized(email)
    await _begin(network, typed, address)
    async with network.store.unit(()) as unit:
        account = await accounts.by_email(unit, typed) if is_email(typed) else None
    right = await network.passwords.matches(account.password_hash if account else None, password)
    if account is None or not right or not _may_enter(network, account):
        log.warning("sign_in_refused", account=account.id if account else None)
        raise _refused()
    return await _enter(network, account, password)


async def authenticate_session(network: Network, secret: str, request_id: str) -> SignedIn:
    """Who holds this session now: asked of the database each time, so a sign-out is seen at once. Raises Login."""
    now = network.clock.now()
    id_hash = hash_of(secret)
    seen_after = now - timedelta(seconds=network.settings.session_idle_s)
    async with network.store.unit(()) as unit:
        found = await sessions.find(unit, id_hash, now, seen_after)
    if found is None or (found.development_only and not network.settings.development):
        raise Login("session-ended", "You are signed out. Sign in again.")
    if now - found.seen_at > TOUCH_EVERY:
        async with network.store.unit((), write=True) as unit:
            await sessions.touch(unit, id_hash, now)
    return SignedIn(_caller(found, request_id), found.email, found.member, found.member_name, found.csrf_secret)


async def choices(network: Network, account: UUID) -> tuple[Membership, ...]:
    """The members for which this person may act, one line per member and role, oldest first."""
    async with network.store.unit(()) as unit:
        return await accounts.memberships(unit, account)


async def switch_member(network: Network, secret: str, signed_in: SignedIn, member: UUID) -> NewSession:
    """A new session for another of her members; the old one is dead. Raises Forbidden."""
    account = signed_in.caller.account
    now = network.clock.now()
    async with network.store.unit((), write=True) as unit:
        memberships = await accounts.memberships(unit, account) if account else ()
        if account is None or member not in {each.member for each in memberships}:
            raise Forbidden("member-switch", "You do not act for this organization.")
        await sessions.end(unit, hash_of(secret), now)
        return await _open(network, unit, account, member, now)


async def _begin(network: Network, typed: str, address: str) -> None:
    """Counts the attempt before it is judged, and sets when the next one may come."""
    now = network.clock.now()
    async with network.store.unit((), write=True) as unit:
        often = await too_often(network, unit, purpose="sign-in", who=address, address=address)
        failures = await accounts.begin_attempt(unit, email_hash(typed), now) if often is None else None
        if failures is not None and failures >= FREE_FAILURES:
            await accounts.delay_attempts(unit, email_hash(typed), now + delay_after(failures))
    if failures is None:
        log.warning("sign_in_throttled")
        raise Throttled("sign-in-throttled", "There were too many attempts. Wait some minutes, then try again.")


def delay_after(failures: int) -> timedelta:
    """How long the next attempt must wait after so many failures in a row."""
    if failures >= MAX_FAILURES:
        return LOCKED_FOR
    if failures < FREE_FAILURES:
        return timedelta(0)
    return timedelta(seconds=min(FIRST_DELAY_S * 2 ** (failures - FREE_FAILURES), MAX_DELAY_S))


def _may_enter(network: Network, account: Account) -> bool:
    return not account.disabled and (network.settings.development or not account.development_only)


async def _enter(network: Network, account: Account, password: str) -> NewSession:
    outdated = account.password_hash is not None and network.passwords.is_outdated(account.password_hash)
    new_hash = await network.passwords.hash(password) if outdated else None
    now = network.clock.now()
    async with network.store.unit((), write=True) as unit:
        memberships = await accounts.memberships(unit, account.id)
        if memberships:
            await accounts.clear_failures(unit, email_hash(account.email))
            if new_hash is not None:
                await accounts.set_password(unit, account.id, new_hash)
            log.info("signed_in", account=account.id, member=memberships[0].member)
            return await _open(network, unit, account.id, memberships[0].member, now)
    raise _refused()


async def _open(network: Network, unit: Unit, account: UUID, member: UUID, now: datetime) -> NewSession:
    secret, id_hash = new_secret(network.ids)
    expires_at = now + timedelta(seconds=network.settings.session_absolute_s)
    csrf_secret = network.ids.secret()
    await sessions.insert(
        unit, id_hash, account=account, member=member, csrf_secret=csrf_secret, now=now, expires_at=expires_at
    )
    return NewSession(secret, expires_at)


def _caller(found: LiveSession, request_id: str) -> Caller:
    return Caller(
        members=frozenset((found.member,)),
        kind="person",
        client_id=None,
        account=found.account,
        role=strongest(found.roles),
        scopes=None,
        require_if_match=False,
        may_assign_ids=False,
        request_id=request_id,
    )


def _refused() -> Login:
    return Login("sign-in", "The e-mail address or the password is not right.")
