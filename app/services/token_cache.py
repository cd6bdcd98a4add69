"""What a process knows of the access tokens it saw within the last seconds, so that a burst asks the database once."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from app.services.caller import Caller

# Revocation must be seen by every worker within 5 s.
KEPT_FOR = timedelta(seconds=2)
MAX_TOKENS = 10_000


@dataclass(frozen=True, slots=True)
class KnownToken:
    """Who a token speaks for, and until when."""

    caller: Caller
    expires_at: datetime


class TokenCache:
    """Good tokens by hash, each for `KEPT_FOR` after it was read; a bad token is looked up every time."""

    def __init__(self) -> None:
        self._known: dict[bytes, tuple[datetime, KnownToken]] = {}

    def get(self, token_hash: bytes, now: datetime) -> KnownToken | None:
        read_at, known = self._known.get(token_hash, (None, None))
        return known if read_at is not None and timedelta(0) <= now - read_at < KEPT_FOR else None

    def put(self, token_hash: bytes, known: KnownToken, read_at: datetime) -> None:
        """`read_at` is the time before the row was read: a slow read must not lengthen the life of what it saw."""
        if len(self._known) >= MAX_TOKENS:
            self._known.clear()
        self._known[token_hash] = (read_at, known)
