"""Secrets that we hand out once and keep only as a hash."""

from base64 import urlsafe_b64encode
from hashlib import sha256

from app.clock import Ids

SECRET_BYTES = 32


def new_secret(ids: Ids) -> tuple[str, bytes]:
    """A secret of 256 random bits as text for its holder, and the hash to store."""
    text = urlsafe_b64encode(ids.secret(SECRET_BYTES)).decode().rstrip("=")
    return text, hash_of(text)


def hash_of(secret: str) -> bytes:
    """SHA-256: the secrets are random, so nothing slower is needed. Any text has one, also what nobody handed out."""
    return sha256(secret.encode("utf-8", "surrogatepass")).digest()
