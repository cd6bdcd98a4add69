"""Who takes which delivery. Handlers are safe to repeat."""

from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import Any

from app.services.network import Network
from app.services.referrals.notify import notify
from app.services.referrals.react import react

Handler = Callable[[Network, dict[str, Any]], Awaitable[None]]

EVENT_HANDLERS: Mapping[str, Handler] = MappingProxyType({"react": react, "notify": notify})
