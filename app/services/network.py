"""The one value that holds what a process works with; passed in, never global, so one process could serve several."""

from dataclasses import dataclass, field
from typing import Protocol
from uuid import UUID

from app.clock import Clock, Ids
from app.fhir.profiles.guides import Conformance, conformance
from app.fhir.registry import Registry
from app.gateways.ehr.discoveries import Discoveries
from app.gateways.outbound.client import Outbound
from app.services.answerable import Answerable
from app.services.passwords import Passwords
from app.services.token_cache import TokenCache
from app.settings import Settings
from app.store import members
from app.store.pool import Store
from app.store.search_parameters import Numbers


class Mail(Protocol):
    async def send(self, to: str, subject: str, text: str) -> None:
        """Sends one message without personal content; raises when it could not be handed over."""
        ...


@dataclass(slots=True)
class Coordination:
    """Which member is the network itself: learnt once, by whichever process asks first after it was admitted."""

    organization: UUID | None = None

    async def learn(self, store: Store) -> None:
        if self.organization is None:
            async with store.unit(()) as unit:
                own = await members.of_kind(unit, "network")
            self.organization = own[0].organization if own else None


@dataclass(frozen=True, slots=True)
class Network:
    """`registry` has every type and parameter, `answerable` says which of them may be asked for by now."""

    settings: Settings
    store: Store
    registry: Registry
    clock: Clock
    ids: Ids
    mail: Mail
    base: str
    answerable: Answerable
    coordination: Coordination
    # the one way to other people's servers
    outbound: Outbound = field(default_factory=Outbound)
    discoveries: Discoveries = field(default_factory=Discoveries)
    # type -> search parameter -> its number in index rows
    numbers: Numbers = field(default_factory=dict)
    token_cache: TokenCache = field(default_factory=TokenCache)
    passwords: Passwords = field(default_factory=Passwords)
    # the profiles and value sets that resources are judged by
    conformance: Conformance = field(default_factory=conformance)

    @property
    def asking(self) -> Registry:
        """What may be asked for: parameters that are still being built are absent."""
        return self.answerable.registry

    async def asking_by_now(self) -> Registry:
        """The same, looked up anew while something is being built."""
        return await self.answerable.look_again(self.store, self.clock.now())

    @property
    def organization(self) -> UUID | None:
        """The network's own member, or None until the operator has admitted it."""
        return self.coordination.organization

    @property
    def coordinator(self) -> UUID:
        """The network's Organization; without one nothing can be received."""
        if self.organization is None:
            raise LookupError("this network has no Organization yet: baton organization add NAME --kind network")
        return self.organization
