"""How texts are compared: without case, accents, punctuation and doubled spaces, so that "Núñez" is found by "nunez",
"O’Brien" by "obrien".
"""

from __future__ import annotations

import re
import unicodedata

# Unicode counts these among letters and accents; who types them means an apostrophe
APOSTROPHES = frozenset("`ʹʻʼʽ")
ACUTE = "´"  # would come apart into a space and an accent
_MARKS = re.compile(
    "[" + re.escape("".join(c for c in map(chr, range(128)) if unicodedata.category(c)[0] == "P")) + "`]"
)


def folded(text: str) -> str:
    """The text as string searches compare it; what is nothing but punctuation keeps it, and is found by it.

    *Source*: R4 search.html#string (case and accents do not matter, nor should punctuation and repeated spaces).
    """
    if text.isascii():
        base = text.lower()
        kept = _MARKS.sub("", base)
    else:
        base = _base(text.replace(ACUTE, "'"))
        kept = "".join(c for c in base if c not in APOSTROPHES and unicodedata.category(c)[0] != "P")
    return _spaced(kept) or _spaced(base)


def with_punctuation(text: str) -> str:
    """As releases before migration 0007 compared it; of their rows some are there until they are renewed."""
    return _spaced(text.lower() if text.isascii() else _base(text))


def _base(text: str) -> str:
    """Letters in one case, without what combines with them."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c))
    return plain.casefold()


def _spaced(text: str) -> str:
    return " ".join(text.split())
