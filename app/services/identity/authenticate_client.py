"""Which client presents itself, by which method, and whether its assertion proves it.

*Source*: SMART App Launch 2.2, Client Authentication: Asymmetric; security sheet AS-06, AS-20 to AS-28, decision 15.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from app.gateways.assertion import Assertion, AssertionRefused, Terms, judge_assertion, read_assertion
from app.services.identity.oauth_refusal import OAuthRefusal, unproven
from app.services.identity.throttle import too_often
from app.services.network import Network
from app.store import clients
from app.store.clients import ClientKeys

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


@dataclass(frozen=True, slots=True)
class OAuthRequest:
    """A form as it arrived: its parameters (none empty), the Authorization header, the sender's address."""

    parameters: Mapping[str, str]
    authorization: str | None
    address: str


def token_address(network: Network) -> str:
    """The one audience of client assertions."""
    return f"{network.settings.public_url}/oauth/token"


async def authenticate_client(network: Network, request: OAuthRequest) -> tuple[ClientKeys, Assertion]:
    """The client whose key signed the assertion; its `jti` is not used up yet. Raises OAuthRefusal."""
    basic, compact = _method(request)
    claimed = _read(compact) if compact is not None else None
    client = await _find(network, claimed.client_id if claimed else "", request.address)
    if claimed is None:
        raise unproven("client-method", by_basic=basic)
    if client is None or request.parameters.get("client_id", client.id) != client.id:
        raise unproven("client-unknown")
    try:
        judge_assertion(claimed, client.keys, client.jwks_url, _terms(network), network.clock.now())
    except AssertionRefused as refused:
        raise unproven(refused.rule) from None
    return client, claimed


def _method(request: OAuthRequest) -> tuple[bool, str | None]:
    """Whether Basic was tried, and the assertion if there is one. `client_id` beside another method is not a method."""
    given = request.parameters
    assertion = "client_assertion" in given or "client_assertion_type" in given
    if sum((assertion, "client_secret" in given, request.authorization is not None)) > 1:
        raise OAuthRefusal("invalid_request", "Use one method of client authentication.")
    right_type = given.get("client_assertion_type") == ASSERTION_TYPE
    return request.authorization is not None, given.get("client_assertion") if right_type else None


def _read(compact: str) -> Assertion | None:
    """None when nothing can be read: it then counts as nobody's attempt from that address."""
    try:
        return read_assertion(compact)
    except AssertionRefused:
        return None


async def _find(network: Network, client_id: str, address: str) -> ClientKeys | None:
    async with network.store.unit((), write=True) as unit:
        wait_s = await too_often(network, unit, purpose="token", who=client_id, address=address)
        client = await clients.find_enabled(unit, client_id) if wait_s is None and client_id else None
    if wait_s is not None:
        raise OAuthRefusal(
            "temporarily_unavailable", "Too many requests; wait as Retry-After says.", retry_after_s=wait_s
        )
    return client


def _terms(network: Network) -> Terms:
    settings = network.settings
    life, skew = timedelta(seconds=settings.client_assertion_s), timedelta(seconds=settings.clock_skew_s)
    return Terms(token_address(network), life, skew)
