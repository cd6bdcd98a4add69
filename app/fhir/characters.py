"""Which characters a text from outside may hold. *Source*: security sheet INP-08."""

from __future__ import annotations

import re

_PLANE_ENDS = "".join(f"{chr(plane + 0xFFFE)}{chr(plane + 0xFFFF)}" for plane in range(0x10000, 0x110000, 0x10000))
_FORBIDDEN = re.compile(f"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff{_PLANE_ENDS}]")


def has_forbidden(text: str) -> bool:
    """True for control characters (but tab, CR and LF), lone surrogates and noncharacters: the database takes none
    of them."""
    return _FORBIDDEN.search(text) is not None
