"""Time and ids come in through the door, so that tests, demos and replays are exact."""

import os
import secrets
import time
from datetime import UTC, datetime
from typing import Protocol
from uuid import UUID


class Clock(Protocol):
    def now(self) -> datetime:
        """The time in UTC."""
        ...


class Ids(Protocol):
    def next(self) -> UUID:
        """A new UUIDv7: sorts by the time it was made."""
        ...

    def secret(self, n_bytes: int = 32) -> bytes:
        """Random bytes fit for tokens and keys."""
        ...


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)


class SystemIds:
    """UUIDv7 (RFC 9562): 48 bits of milliseconds, then a counter seeded at random so that ids of one process ascend."""

    def __init__(self) -> None:
        self._last_ms = 0
        self._counter = 0

    def next(self) -> UUID:
        now_ms = time.time_ns() // 1_000_000
        if now_ms > self._last_ms:
            self._last_ms = now_ms
            self._counter = int.from_bytes(os.urandom(5)) & ((1 << 35) - 1)
        else:
            self._counter += 1
        sequence = self._counter & ((1 << 42) - 1)
        high = (self._last_ms << 16) | (7 << 12) | (sequence >> 30)
        low = (0b10 << 62) | ((sequence & ((1 << 30) - 1)) << 32) | int.from_bytes(os.urandom(4))
        return UUID(int=(high << 64) | low)

    def secret(self, n_bytes: int = 32) -> bytes:
        return secrets.token_bytes(n_bytes)
