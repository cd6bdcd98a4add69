"""Secrets that rest in the database, encrypted under BATON_SECRET_KEY: a dump of the tables gives none of them away.

A sealed value says by which key it was sealed, and is bound to its place: moved to another row or column it does not
open. Callers name the place as `table|column|row id`.

*Source*: security sheet KEY-02; NIST SP 800-38D (AES-GCM); RFC 5869 (HKDF).
"""

from secrets import token_bytes

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

FORM = b"\x01"
KEY_BYTES, KEY_ID_BYTES, NONCE_BYTES = 32, 8, 12
_HEAD = len(FORM) + KEY_ID_BYTES


class SealBroken(Exception):
    """Not sealed by this key, for another place, or changed since. Says nothing about the content."""


class Sealer:
    """Seals under one secret. Nonces are drawn: 96 random bits serve for some 4 thousand million seals of one key."""

    def __init__(self, secret_key: bytes) -> None:
        self._cipher = AESGCM(_derived(secret_key, b"baton sealing key", KEY_BYTES))
        self._head = FORM + _derived(secret_key, b"baton sealing key id", KEY_ID_BYTES)

    def seal(self, plain: bytes, aad: str) -> bytes:
        """Form, key id, nonce, then the ciphertext with its tag; `aad` is the place it will rest in."""
        nonce = token_bytes(NONCE_BYTES)
        return self._head + nonce + self._cipher.encrypt(nonce, plain, self._bound(aad))

    def open(self, sealed: bytes, aad: str) -> bytes:
        """What was sealed for this place. Raises SealBroken."""
        if sealed[:_HEAD] != self._head:
            raise SealBroken("sealed under another key")
        nonce, secret = sealed[_HEAD : _HEAD + NONCE_BYTES], sealed[_HEAD + NONCE_BYTES :]
        try:
            return self._cipher.decrypt(nonce, secret, self._bound(aad))
        except (InvalidTag, ValueError):
            raise SealBroken("changed, or sealed for another place") from None

    def _bound(self, aad: str) -> bytes:
        return self._head + aad.encode()


def _derived(secret_key: bytes, purpose: bytes, length: int) -> bytes:
    return HKDF(algorithm=SHA256(), length=length, salt=None, info=purpose).derive(secret_key)
