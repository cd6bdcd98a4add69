"""What a person agrees to, in plain words: shown on the screen or read aloud, and kept as it was shown.

What a valid authorization has to say is here, one sentence each; a change of these words is a change of every consent.
*Source*: product sheet G02 (45 CFR 164.508(c)): what, who gives, who gets, why, until when, that it may be taken back,
that no care depends on it, that the receiver may be bound by other rules.
"""

from dataclasses import dataclass
from datetime import date

MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


@dataclass(frozen=True, slots=True)
class Sharing:
    """One sharing: `shared` are the kinds of information, each a few words."""

    person: str
    giver: str
    receiver: str
    network: str
    shared: tuple[str, ...]
    until: date


def sentences(sharing: Sharing) -> tuple[str, ...]:
    """What is shown or read aloud before somebody says yes, sentence by sentence."""
    return (
        f"{sharing.giver} may share information about {sharing.person or 'me'} with {sharing.receiver}, "
        f"by way of {sharing.network}, so that {sharing.receiver} can help.",
        f"This is shared: {', '.join(sharing.shared)}.",
        f"{sharing.receiver} may tell {sharing.giver} what came of it.",
        f"This holds until {written(sharing.until)}.",
        "I can take this back at any time, by telling either of them. What was shared before stays shared.",
        "I get the same care if I say no.",
        f"{sharing.receiver} may not be bound by the privacy rules that bind {sharing.giver}.",
    )


def record(sharing: Sharing, how: str) -> str:
    """The document that is kept: the sentences, and `how` they were agreed to."""
    return "\n".join((*sentences(sharing), "", how, ""))


def written(day: date) -> str:
    return f"{MONTHS[day.month - 1]} {day.day}, {day.year}"
