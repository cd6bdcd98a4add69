"""What the authorization server remembers, in memory: launches, requests, codes, tokens. Everything is used once."""

import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeVar

LAUNCH_LIFE = timedelta(minutes=5)
REQUEST_LIFE = timedelta(minutes=10)
CODE_LIFE = timedelta(seconds=60)


@dataclass(slots=True)
class Launch:
    """Opened by the user for a patient ('' where none is chosen); `framed` inside a page of the EHR."""

    patient: str
    framed: bool
    until: datetime


@dataclass(frozen=True, slots=True)
class Request:
    """An authorization request that stands; `launch` None for a standalone launch."""

    redirect_uri: str
    state: str
    scopes: tuple[str, ...]
    challenge: str
    nonce: str | None
    launch: Launch | None
    until: datetime


@dataclass(slots=True)
class Grant:
    """What one user has allowed one app; its tokens die together."""

    scopes: tuple[str, ...]
    patient: str
    framed: bool
    nonce: str | None
    dead: bool = False


@dataclass(slots=True)
class Code:
    grant: Grant
    redirect_uri: str
    challenge: str
    until: datetime
    used: bool = False


@dataclass(frozen=True, slots=True)
class Access:
    grant: Grant
    until: datetime


@dataclass(slots=True)
class Refresh:
    grant: Grant
    used: bool = False


Kept = TypeVar("Kept")


@dataclass(slots=True)
class Grants:
    """By handle: what a handle stands for is known here only."""

    launches: dict[str, Launch] = field(default_factory=dict)
    requests: dict[str, Request] = field(default_factory=dict)
    codes: dict[str, Code] = field(default_factory=dict)
    access: dict[str, Access] = field(default_factory=dict)
    refresh: dict[str, Refresh] = field(default_factory=dict)
    assertions: dict[str, datetime] = field(default_factory=dict)


def keep(place: dict[str, Kept], what: Kept, kind: str) -> str:
    """The handle under which it is kept; it says its kind, so that a leaked one is known wherever it lies."""
    handle = f"ehr-{kind}-{secrets.token_urlsafe(32)}"
    place[handle] = what
    return handle
