"""Hashing and comparing passwords: slow on purpose, a few at a time, in threads.

One value per process, held by the network; `services/identity` uses it.

*Source*: security sheet PWD-01, PWD-03, PWD-05; OWASP's password storage figures (argon2id, 19 MiB, 2 passes).
"""

import unicodedata
from base64 import b64encode

import anyio
import anyio.to_thread
from argon2 import PasswordHasher, Type, extract_parameters
from argon2.exceptions import InvalidHashError, VerificationError

MEMORY_KIB = 19 * 1024
PASSES = 2
LANES = 1
# Each hash takes 19 MiB and a core: more at once would only make everybody wait longer.
AT_ONCE = 2
# A form field can be long, and one character can become eighteen by normalization.
MAX_TYPED = 1_024


class Passwords:
    """Makes and checks password hashes; at most `AT_ONCE` together."""

    def __init__(self) -> None:
        self._hasher = PasswordHasher(time_cost=PASSES, memory_cost=MEMORY_KIB, parallelism=LANES, type=Type.ID)
        self._limiter = anyio.CapacityLimiter(AT_ONCE)

    async def hash(self, password: str) -> str:
        """The hash to store; its parameters stand in it."""
        return await anyio.to_thread.run_sync(self._hasher.hash, as_bytes(password), limiter=self._limiter)

    async def matches(self, password_hash: str | None, password: str) -> bool:
        """True when this is the password. Without a hash (no such person) it takes as long, and is False."""
        return await anyio.to_thread.run_sync(self._matches, password_hash, password, limiter=self._limiter)

    def is_outdated(self, password_hash: str) -> bool:
        """True when the hash was made with other parameters than today's."""
        return self._hasher.check_needs_rehash(password_hash)

    def _matches(self, password_hash: str | None, password: str) -> bool:
        if len(password) > MAX_TYPED:
            password_hash, password = None, ""
        try:
            return self._hasher.verify(password_hash or NOBODYS_HASH, as_bytes(password)) and password_hash is not None
        except (VerificationError, InvalidHashError):
            return False


def as_bytes(password: str) -> bytes:
    """The same bytes however the keyboard composed the characters (NFKC). Lone surrogates are hashed as they are."""
    return unicodedata.normalize("NFKC", password).encode("utf-8", "surrogatepass")


def _nobodys_hash() -> str:
    """A well-formed hash that no password is known to match: checking against it costs what a real check costs."""
    salt, digest = (b64encode(bytes(size)).decode().rstrip("=") for size in (16, 32))
    return f"$argon2id$v=19$m={MEMORY_KIB},t={PASSES},p={LANES}${salt}${digest}"


NOBODYS_HASH = _nobodys_hash()
extract_parameters(NOBODYS_HASH)
