"""A client proves who it is and receives an access token: SMART Backend Services.

*Source*: SMART App Launch 2.2, Backend Services; RFC 6749 section 4.4; security sheet AS-06 to AS-08, AS-26, AS-45.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.domain.access.scopes import MAX_SCOPES, Scopes
from app.fhir.errors import Forbidden, NotFound
from app.log import log
from app.services.identity.authenticate_client import OAuthRequest, authenticate_client
from app.services.identity.oauth_refusal import OAuthRefusal, unproven
from app.services.identity.secrets import new_secret
from app.services.network import Network
from app.store import clients, tokens
from app.store.clients import ClientKeys
from app.store.pool import Unit

GRANT_TYPES = ("client_credentials",)


@dataclass(frozen=True, slots=True)
class Granted:
    """An access token, shown this once; `expires_in` in seconds; `scope` is what was granted, in the syntax asked."""

    access_token: str
    expires_in: int
    scope: str


async def grant_token(network: Network, request: OAuthRequest) -> Granted:
    """The token that this request may have. Raises OAuthRefusal."""
    if "grant_type" not in request.parameters:
        raise OAuthRefusal("invalid_request", "The parameter grant_type is missing.")
    client, assertion = await authenticate_client(network, request)
    decision = _decide(network, client, request.parameters)
    now = network.clock.now()
    replay_until = assertion.expires_at + timedelta(seconds=network.settings.clock_skew_s)
    answer: Granted | OAuthRefusal
    async with network.store.unit((), write=True) as unit:
        # Used up also when the answer is a refusal: an assertion is good for one answer.
        fresh = await clients.use_assertion(unit, client.id, assertion.jti, expires_at=replay_until, now=now)
        if not fresh:
            answer = unproven("assertion-replayed")
        elif isinstance(decision, OAuthRefusal):
            answer = decision
        else:
            answer = await _issue(network, unit, client.id, decision, now)
    if isinstance(answer, OAuthRefusal):
        raise answer
    log.info("token_granted", client=client.id)
    return answer


async def development_token(network: Network, client_id: str) -> Granted:
    """A token with all scopes of a client, for `baton token`. Raises Forbidden outside development, NotFound."""
    if not network.settings.development:
        raise Forbidden(
            "token-development", "Tokens are handed out by command in development only; use POST /oauth/token."
        )
    async with network.store.unit((), write=True) as unit:
        client = await clients.find_enabled(unit, client_id)
        if client is None:
            raise NotFound("client-unknown", "There is no enabled client with this id.")
        return await _issue(network, unit, client.id, Scopes.parse(client.scopes), network.clock.now())


def _decide(network: Network, client: ClientKeys, parameters: Mapping[str, str]) -> Scopes | OAuthRefusal:
    """The scopes to grant: those registered and asked for, of types that are served."""
    if parameters["grant_type"] not in GRANT_TYPES:
        return OAuthRefusal("unsupported_grant_type", "This grant type is not offered; see the SMART configuration.")
    asked = parameters.get("scope", "")
    if len(asked.split()) > MAX_SCOPES:
        return OAuthRefusal("invalid_scope", f"Ask for at most {MAX_SCOPES} scopes.")
    granted = Scopes.parse(client.scopes).granted(Scopes.understood(asked), network.registry.types)
    if not granted:
        return OAuthRefusal("invalid_scope", "Name scopes that this client is registered for, such as system/Task.rs.")
    return granted


async def _issue(network: Network, unit: Unit, client_id: str, scopes: Scopes, now: datetime) -> Granted:
    text, token_hash = new_secret(network.ids)
    life_s = network.settings.access_token_s
    expires_at = now + timedelta(seconds=life_s)
    await tokens.insert(unit, token_hash, client_id, str(scopes), issued_at=now, expires_at=expires_at)
    return Granted(text, life_s, str(scopes))
