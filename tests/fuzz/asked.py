"""One request of the fuzzer, before it is sent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

FHIR_JSON = "application/fhir+json"

Tree = dict[str, Any]


@dataclass
class Asked:
    """`path` is what follows /fhir, `query` decoded pairs (`raw_query` is sent as it is instead); `damage` is done to
    the bytes of the body. `sound`: R4 and this server's statement take it as it stands."""

    method: str
    path: str
    query: list[tuple[str, str]] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    tree: Any = None
    body: bytes = b""
    damage: Callable[[bytes], bytes] | None = None
    raw_query: str | None = None
    by_network: bool = False  # what only the network's own systems may ask
    sound: bool = True
