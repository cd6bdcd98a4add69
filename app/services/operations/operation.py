"""What an operation is to dispatch and to the CapabilityStatement. *Source*: R4 operations.html."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal

from app.services.caller import Caller
from app.services.network import Network
from app.services.requests import FhirRequest, FhirResponse

Level = Literal["system", "type", "instance"]
Handler = Callable[[Network, Caller, FhirRequest], Awaitable[FhirResponse]]


@dataclass(frozen=True, slots=True)
class Operation:
    """`name` without the `$`; `types` empty means every served type but those in `never`; `letter` is the scope that it
    needs on the type, None where its handler asks for what it needs. One that `affects_state` is called by POST alone.

    The handler gets the request's whole path: ("Patient", "<id>", "$everything"), ("Patient", "$everything").
    """

    name: str
    levels: tuple[Level, ...]
    types: tuple[str, ...]
    affects_state: bool
    definition_url: str
    handler: Handler
    letter: str | None = "r"
    # types that are no endpoints and on which it can be called, too
    beyond: tuple[str, ...] = ()
    never: frozenset[str] = frozenset()

    def offered(self, level: Level, type_name: str = "") -> bool:
        """Whether it can be called at this level, on this type."""
        if type_name in self.beyond:
            return level == "type"
        listed = type_name in self.types if self.types else type_name not in self.never
        return level in self.levels and (level == "system" or listed)
