"""People who sign in, the members they act for, their invitations, and how often somebody failed to be them."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.store.pool import Unit


@dataclass(frozen=True, slots=True)
class Account:
    """A person. `password_hash` is None until she accepts her invitation."""

    id: UUID
    email: str
    password_hash: str | None
    disabled: bool
    development_only: bool


@dataclass(frozen=True, slots=True)
class Membership:
    """A member for which somebody acts, and the role she has there."""

    member: UUID
    name: str
    role: str


async def add(unit: Unit, account: UUID, email: str, *, development_only: bool, now: datetime) -> Account:
    """The account of this address: a new one with the given id, or the one that was there."""
    await unit.conn.execute(ADD, account, email, development_only, now)
    found = await by_email(unit, email)
    if found is None:
        raise LookupError("an account vanished inside its own transaction")
    return found


ADD = """
INSERT INTO account (id, email, development_only, created_at)
VALUES ($1, $2, $3, $4)
ON CONFLICT (email) DO NOTHING
"""


async def by_email(unit: Unit, email: str) -> Account | None:
    row = await unit.conn.fetchrow(BY_EMAIL, email)
    return Account(**row) if row else None


BY_EMAIL = """
SELECT id, email, password_hash, disabled_at IS NOT NULL AS disabled, development_only
FROM account WHERE email = $1
"""


async def by_id(unit: Unit, account: UUID) -> Account | None:
    row = await unit.conn.fetchrow(BY_ID, account)
    return Account(**row) if row else None


BY_ID = """
SELECT id, email, password_hash, disabled_at IS NOT NULL AS disabled, development_only
FROM account WHERE id = $1
"""


async def set_password(unit: Unit, account: UUID, password_hash: str) -> None:
    await unit.conn.execute("UPDATE account SET password_hash = $2 WHERE id = $1", account, password_hash)


async def disable(unit: Unit, account: UUID, now: datetime) -> bool:
    """True when the account was enabled until now."""
    return await unit.conn.fetchval(DISABLE, account, now) is not None


DISABLE = "UPDATE account SET disabled_at = $2 WHERE id = $1 AND disabled_at IS NULL RETURNING true"


async def add_membership(unit: Unit, account: UUID, member: UUID, role: str, now: datetime) -> None:
    await unit.conn.execute(ADD_MEMBERSHIP, account, member, role, now)


ADD_MEMBERSHIP = """
INSERT INTO membership (account, member, role, created_at)
VALUES ($1, $2, $3, $4)
ON CONFLICT (account, member, role) DO UPDATE SET ended_at = NULL
"""


async def memberships(unit: Unit, account: UUID) -> tuple[Membership, ...]:
    """What she may act as now, oldest first; one line per role."""
    return tuple(Membership(**row) for row in await unit.conn.fetch(MEMBERSHIPS, account))


MEMBERSHIPS = """
SELECT membership.member, member.name, membership.role
FROM membership JOIN member ON member.organization = membership.member
WHERE membership.account = $1 AND membership.ended_at IS NULL
ORDER BY membership.created_at, member.name, membership.role
LIMIT 500
"""


async def add_invitation(unit: Unit, token_hash: bytes, account: UUID, expires_at: datetime) -> None:
    await unit.conn.execute(ADD_INVITATION, token_hash, account, expires_at)


ADD_INVITATION = "INSERT INTO invitation (token_hash, account, expires_at) VALUES ($1, $2, $3)"


async def find_invitation(unit: Unit, token_hash: bytes, now: datetime) -> Account | None:
    """Whom an invitation that is still good invites."""
    row = await unit.conn.fetchrow(FIND_INVITATION, token_hash, now)
    return Account(**row) if row else None


FIND_INVITATION = """
SELECT account.id, account.email, account.password_hash, account.disabled_at IS NOT NULL AS disabled,
       account.development_only
FROM invitation JOIN account ON account.id = invitation.account
WHERE invitation.token_hash = $1 AND invitation.used_at IS NULL AND invitation.expires_at > $2
  AND account.disabled_at IS NULL
"""


async def use_invitation(unit: Unit, token_hash: bytes, now: datetime) -> bool:
    """True for one caller only, however many hold the link; the account's other invitations are used up with it."""
    return await unit.conn.fetchval(USE_INVITATION, token_hash, now) is not None


USE_INVITATION = """
WITH mine AS (
    UPDATE invitation SET used_at = $2
    WHERE token_hash = $1 AND used_at IS NULL AND expires_at > $2
    RETURNING account
), others AS (
    UPDATE invitation SET used_at = $2
    FROM mine
    WHERE invitation.account = mine.account AND invitation.token_hash <> $1 AND invitation.used_at IS NULL
)
SELECT true FROM mine
"""


async def begin_attempt(unit: Unit, email_hash: bytes, now: datetime) -> int | None:
    """Counts an attempt as failed before it is judged; how many there are in a row, or None when it comes too soon.

    Counting first means that a hundred attempts sent at once are counted as a hundred.
    """
    failures: int | None = await unit.conn.fetchval(BEGIN_ATTEMPT, email_hash, now)
    return failures


BEGIN_ATTEMPT = """
INSERT INTO sign_in_failure AS failed (email_hash, failures, not_before)
VALUES ($1, 1, $2)
ON CONFLICT (email_hash) DO UPDATE SET failures = failed.failures + 1 WHERE failed.not_before <= $2
RETURNING failures
"""


async def delay_attempts(unit: Unit, email_hash: bytes, not_before: datetime) -> None:
    await unit.conn.execute(DELAY_ATTEMPTS, email_hash, not_before)


DELAY_ATTEMPTS = "UPDATE sign_in_failure SET not_before = greatest(not_before, $2) WHERE email_hash = $1"


async def clear_failures(unit: Unit, email_hash: bytes) -> None:
    await unit.conn.execute("DELETE FROM sign_in_failure WHERE email_hash = $1", email_hash)


async def forget_failures(unit: Unit, now: datetime) -> None:
    """Removes counts of failures that ended a month ago; a locked address keeps its own (`not_before` lies ahead)."""
    await unit.conn.execute(FORGET_FAILURES, now)


FORGET_FAILURES = "DELETE FROM sign_in_failure WHERE not_before <= $1::timestamptz - interval '30 days'"
