"""The buttons of a referral: their words, their address, what they ask for. Which are allowed now, the service says."""

from dataclasses import dataclass
from typing import Literal

from app.fhir.errors import NotFound


@dataclass(frozen=True, slots=True)
class Button:
    """`asks`: nothing, a reason, or what was done (with the day). `look`: the first choice is filled, a no is red."""

    words: str
    slug: str
    asks: Literal["", "reason", "outcome"] = ""
    look: Literal["", "second", "stop"] = "second"


BUTTONS: tuple[Button, ...] = (
    Button("Accept", "accept", look=""),
    Button("Start", "start", look=""),
    Button("Resume", "resume", look=""),
    Button("Complete", "complete", asks="outcome", look=""),
    Button("Put on hold", "hold", asks="reason"),
    Button("Decline", "decline", asks="reason", look="stop"),
    Button("Could not be done", "fail", asks="reason", look="stop"),
)


def allowed_buttons(words: tuple[str, ...]) -> tuple[Button, ...]:
    """The buttons with these words, in the order in which a page shows them; only the first one is filled."""
    allowed = [button for button in BUTTONS if button.words in words]
    filled = next((button for button in allowed if not button.look), None)
    return tuple(button if button is filled or button.look else _second(button) for button in allowed)


def by_slug(slug: str) -> Button:
    """The button behind an address. NotFound when there is none."""
    for button in BUTTONS:
        if button.slug == slug:
            return button
    raise NotFound("page", "There is no such page.")


def _second(button: Button) -> Button:
    return Button(button.words, button.slug, button.asks, "second")
