"""Who takes which delivery. Handlers are safe to repeat."""

from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from app.services.network import Network
from app.services.referrals.notify import notify
from app.services.referrals.react import react
from app.services.referrals.write_back import write_back

Handler = Callable[[Network, dict[str, Any]], Awaitable[None]]

EVENT_HANDLERS: Mapping[str, Handler] = MappingProxyType({"react": react, "notify": notify, "write-back": write_back})

# these wait for other people's servers, so that they are claimed apart: nothing of ours waits with them
CALLING: Final = frozenset({"notify", "write-back"})
