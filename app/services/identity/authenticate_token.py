"""From an access token to the caller it speaks for.

*Source*: security sheet AS-09 (revocation seen within 5 s), AS-10, D57 to D61.
"""

from dataclasses import replace

from app.domain.access.scopes import Scopes
from app.fhir.errors import Issue, Login
from app.services.caller import Caller
from app.services.identity.secrets import hash_of
from app.services.network import Network
from app.services.token_cache import KnownToken
from app.store import tokens

MAX_TOKEN_LENGTH = 128


async def authenticate_token(network: Network, token: str, request_id: str) -> Caller:
    """The client behind a Bearer token, its members and scopes. Raises Login (code "expired" when it ran out)."""
    if not 1 <= len(token) <= MAX_TOKEN_LENGTH:
        raise _unknown()
    now = network.clock.now()
    token_hash = hash_of(token)
    known: KnownToken | None = network.token_cache.get(token_hash, now)
    if known is None:
        known = await _look_up(network, token_hash)
        network.token_cache.put(token_hash, known, now)
    if known.expires_at <= now:
        raise Login.of_issues((Issue("expired", "token-expired", "The access token has expired; ask for a new one."),))
    return replace(known.caller, request_id=request_id)


async def _look_up(network: Network, token_hash: bytes) -> KnownToken:
    async with network.store.unit(()) as unit:
        found = await tokens.find(unit, token_hash)
    if found is None:
        raise _unknown()
    caller = Caller(
        members=found.members,
        kind="client",
        client_id=found.client,
        account=None,
        role=None,
        scopes=Scopes.parse(found.scopes),
        require_if_match=found.require_if_match,
        may_assign_ids=found.may_assign_ids,
        peer=found.peer,
        request_id="",
    )
    return KnownToken(caller, found.expires_at)


def _unknown() -> Login:
    return Login("token-unknown", "The access token is not valid here.")
