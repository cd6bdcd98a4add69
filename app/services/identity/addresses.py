"""E-mail addresses as accounts keep them, and as failures are counted for them."""

import re
from hashlib import sha256

from app.fhir.errors import Invalid

# ASCII only: look-alike letters cannot make two addresses look like one.
_EMAIL = re.compile(r"[a-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63}){1,8}", re.ASCII)


def normalized(typed: str) -> str:
    """What was typed, trimmed and lower-cased; any text."""
    return typed.strip().lower()


def is_email(address: str) -> bool:
    """True when an account may have this (normalized) address."""
    return _EMAIL.fullmatch(address) is not None


def read_email(typed: str) -> str:
    """The address as accounts keep it. Raises Invalid."""
    address = normalized(typed)
    if not is_email(address):
        raise Invalid("staff-email", "Write an e-mail address such as name@organization.example.")
    return address


def email_hash(address: str) -> bytes:
    """Under which failures are counted: of addresses that nobody has, nothing readable is kept."""
    return sha256(address.encode("utf-8", "surrogatepass")).digest()
