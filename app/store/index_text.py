"""Texts as index rows hold them: PostgreSQL refuses an index entry past 2,700 bytes, so long ones are cut and hashed.

Whatever is compared with an index row (searches, conditional creates, members' identifiers) goes through here too.
"""

import hashlib

# two such texts and a key fit into one index entry
MAX_BYTES = 600
KEPT_CHARACTERS = 100


def short(text: str) -> str:
    """The text itself, or its beginning and a hash of all of it: equal for equal texts, other for others."""
    if len(text) <= MAX_BYTES // 4 or len(text.encode()) <= MAX_BYTES:
        return text
    return text[:KEPT_CHARACTERS] + "#sha256:" + hashlib.sha256(text.encode()).hexdigest()


def beginning(text: str) -> str:
    """What an index of beginnings holds: as much as both sides of the comparison keep."""
    return text[: MAX_BYTES // 4]
