"""Systems that may ask for tokens, the members they speak for, and the assertions they have used up."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from app.fhir import json
from app.store.pool import Unit


@dataclass(frozen=True, slots=True)
class NewClient:
    """A registration. `scopes` and `keys` have been checked."""

    id: str
    name: str
    scopes: str
    keys: tuple[dict[str, Any], ...]
    members: tuple[UUID, ...]
    require_if_match: bool
    may_assign_ids: bool
    may_introspect: bool
    peer: str = "any"


@dataclass(frozen=True, slots=True)
class ClientKeys:
    """What is needed to believe an enabled client and to grant it something."""

    id: str
    scopes: str
    keys: tuple[dict[str, Any], ...]
    jwks_url: str | None


async def insert(unit: Unit, client: NewClient, now: datetime) -> None:
    jwks = json.dump({"keys": client.keys}).decode()
    flags = (client.require_if_match, client.may_assign_ids, client.may_introspect)
    rest = (*flags, now, list(client.members), client.peer)
    await unit.conn.execute(INSERT, client.id, client.name, client.scopes, jwks, *rest)


# The key set travels as text, so that it does not matter whether the connection has a JSON codec.
INSERT = """
WITH registered AS (
    INSERT INTO client (id, name, scopes, jwks, require_if_match, may_assign_ids, may_introspect, created_at, peer)
    VALUES ($1, $2, $3, $4::text::jsonb, $5, $6, $7, $8, $10)
    RETURNING id
)
INSERT INTO client_member (client, member)
SELECT registered.id, member FROM registered, unnest($9::uuid[]) AS member
"""


async def find_enabled(unit: Unit, client_id: str) -> ClientKeys | None:
    """The client, or None when it is unknown or disabled: the two look the same to whoever asks."""
    row = await unit.conn.fetchrow(FIND_ENABLED, client_id)
    if row is None:
        return None
    keys = json.parse(row["jwks"].encode())["keys"] if row["jwks"] else []
    return ClientKeys(row["id"], row["scopes"], tuple(keys), row["jwks_url"])


FIND_ENABLED = """
SELECT id, scopes, jwks::text AS jwks, jwks_url
FROM client
WHERE id = $1 AND disabled_at IS NULL
"""


async def use_assertion(unit: Unit, client_id: str, jti: str, *, expires_at: datetime, now: datetime) -> bool:
    """True once per (client, jti) until `expires_at`, whichever workers ask and however close together."""
    return await unit.conn.fetchval(USE_ASSERTION, client_id, jti, expires_at, now) is not None


USE_ASSERTION = """
INSERT INTO client_assertion AS used (client, jti, expires_at)
VALUES ($1, $2, $3)
ON CONFLICT (client, jti) DO UPDATE SET expires_at = excluded.expires_at WHERE used.expires_at <= $4
RETURNING true
"""


async def disable(unit: Unit, client_id: str, now: datetime) -> bool:
    """True when the client was enabled until now. Its tokens die with it: each check of a token asks for the client."""
    return await unit.conn.fetchval(DISABLE, client_id, now) is not None


DISABLE = "UPDATE client SET disabled_at = $2 WHERE id = $1 AND disabled_at IS NULL RETURNING true"
