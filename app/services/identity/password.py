"""Which passwords are accepted, and why one is not.

No rules about kinds of characters and no expiry: length, and words that a guesser would try here first.

*Source*: security sheet PWD-01, PWD-02 (context words; the list of leaked passwords is not part of this yet).
"""

import re
import unicodedata
from collections.abc import Iterable

from app.fhir.errors import Invalid
from app.services.passwords import MAX_TYPED

LENGTH = range(15, 129)
# What must remain of a password when the words of its surroundings are taken out.
OWN_CHARACTERS = 8
MIN_WORD = 4

_WORDS = re.compile(r"[^\W_]+")


def check_password(password: str, *, context: Iterable[str]) -> None:
    """Returns when the password is good enough. `context` are names and addresses around its owner. Raises Invalid."""
    text = unicodedata.normalize("NFKC", password) if len(password) <= MAX_TYPED else password
    if len(text) not in LENGTH:
        raise Invalid(
            "password-length",
            f"A password has {LENGTH.start} to {LENGTH.stop - 1} characters; several words are a good one.",
        )
    own = text.casefold()
    for word in sorted(_context_words(context), key=len, reverse=True):
        own = own.replace(word, " ")
    if len("".join(_WORDS.findall(own))) < OWN_CHARACTERS:
        raise Invalid(
            "password-context",
            "A password may not be made of your name, your organization's or the product's; add words of your own.",
        )


def _context_words(texts: Iterable[str]) -> set[str]:
    folded = (unicodedata.normalize("NFKC", text).casefold() for text in ("baton", "password", *texts))
    return {word for text in folded for word in _WORDS.findall(text) if len(word) >= MIN_WORD}
