"""The operator registers a system that may ask for tokens, and ends it.

*Source*: security sheet AS-05, SCO-07; SMART App Launch 2.2, Client Authentication: Asymmetric (registering).
"""

from dataclasses import dataclass
from uuid import UUID

from app.domain.access.scopes import Scopes
from app.fhir.errors import Invalid, NotFound, NotSupported
from app.fhir.leniencies import ANY, peers
from app.gateways.keys import read_jwks
from app.services.network import Network
from app.store import clients, members
from app.store.clients import NewClient

MAX_NAME = 250


@dataclass(frozen=True, slots=True)
class Registration:
    """What the operator says about a system. Exactly one of `jwks` (the bytes of a key set), `jwks_url`, `basic`."""

    name: str
    organizations: tuple[UUID, ...]
    scopes: str
    jwks: bytes | None = None
    jwks_url: str | None = None
    basic: bool = False
    require_if_match: bool = False
    may_assign_ids: bool = False
    may_introspect: bool = False
    peer: str = ANY


async def register_client(network: Network, registration: Registration) -> str:
    """The new client's id. Raises Invalid, NotSupported, NotFound (organization), each one clear line."""
    new = NewClient(
        id=str(network.ids.next()),
        name=_name(registration.name),
        scopes=str(_scopes(network, registration.scopes)),
        keys=read_jwks(_key_set(registration)),
        members=tuple(dict.fromkeys(registration.organizations)),
        require_if_match=registration.require_if_match,
        may_assign_ids=registration.may_assign_ids,
        may_introspect=registration.may_introspect,
        peer=_peer(registration.peer),
    )
    if not new.members:
        raise Invalid("client-organization", "Name at least one organization that this system speaks for.")
    async with network.store.unit((), write=True) as unit:
        if len(await members.get(unit, new.members)) != len(new.members):
            raise NotFound(
                "client-organization", "An organization named is not a member; admit it first (baton organization add)."
            )
        await clients.insert(unit, new, network.clock.now())
    return new.id


async def disable_client(network: Network, client_id: str) -> None:
    """Ends a client: no new tokens at once, those it holds within seconds. Raises NotFound."""
    async with network.store.unit((), write=True) as unit:
        if not await clients.disable(unit, client_id, network.clock.now()):
            raise NotFound("client-unknown", "There is no enabled client with this id.")


def _name(name: str) -> str:
    if not 1 <= len(name.strip()) <= MAX_NAME or not name.isprintable():
        raise Invalid("client-name", f"A name has 1 to {MAX_NAME} characters and no line breaks.")
    return name.strip()


def _peer(name: str) -> str:
    if name not in peers():
        raise Invalid("client-peer", f"A peer is one of {', '.join(peers())}; fhir_profiles/leniencies.toml has them.")
    return name


def _scopes(network: Network, text: str) -> Scopes:
    scopes = Scopes.parse(text)
    if not scopes.within(("system",), network.registry.types):
        raise Invalid(
            "client-scopes",
            "A system takes system/ scopes of types that this server has (see /fhir/metadata), or system/*.",
        )
    return scopes


def _key_set(registration: Registration) -> bytes:
    """The bytes of the key set; the two other ways are refused until they can be served safely."""
    if registration.jwks_url is not None:
        # Fetching needs an HTTP client that never connects to inside addresses; without it this would be a hole.
        raise NotSupported(
            "client-jwks-url", "Key sets by URL are not fetched yet; register the same keys with --jwks-file."
        )
    if registration.basic:
        raise NotSupported("client-basic", "Client secrets are not offered yet; register public keys with --jwks-file.")
    if registration.jwks is None:
        raise Invalid("client-keys", "Register the system's public keys with --jwks-file.")
    return registration.jwks
