"""A page that asks something before it acts: what it shows, and what can be wrong with the answer.

The words of each question stand in `templates/parts/actions.html` under its slug; the template is `cbo/ask.html`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from app.fhir.errors import BusinessRule, Invalid, Required
from app.web.pages.forms import MAX_WORDS, Form

# What a service refuses because of what was typed or chosen: the page says so and keeps the words.
REFUSED = (BusinessRule, Invalid, Required)


@dataclass(frozen=True, slots=True)
class Asked:
    """`version` is the Task's ETag when the page was made; `wrong` maps a field to a problem word or a sentence."""

    slug: str
    button: str
    look: str
    person: str
    need: str
    version: str
    back: str
    today: str
    asks_day: bool = False
    words: str = ""
    day: str = ""
    wrong: Mapping[str, str] = field(default_factory=dict)


def problems_with(form: Form, today: date, *, asks_day: bool) -> dict[str, str]:
    """Field name -> problem word; empty when the answer is complete."""
    words = form.text("words")
    found = {"words": "missing" if not words else "too-long" if len(words) > MAX_WORDS else ""}
    if asks_day:
        found["day"] = _problem_with_day(form.text("day"), today)
    return {name: word for name, word in found.items() if word}


def _problem_with_day(text: str, today: date) -> str:
    if not text:
        return "date-missing"
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return "date-wrong"
    return "date-future" if day > today else ""
