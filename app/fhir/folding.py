"""How names are compared: without case, accents and doubled spaces, so that "Núñez" is found by "nunez"."""

from __future__ import annotations

import unicodedata


def folded(text: str) -> str:
    """The text as string searches compare it. *Source*: R4 search.html#string (case and accents do not matter)."""
    if text.isascii():
        return " ".join(text.lower().split())
    plain = "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c))
    return " ".join(plain.casefold().split())
