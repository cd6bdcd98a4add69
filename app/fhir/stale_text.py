"""A narrative that data have outlived.

*Source*: R4 http.html#patch (no narrative may be unsafe after a change that it was not made for), narrative.html.
"""

from __future__ import annotations

from app.fhir.json import JsonObject

MADE_OF_DATA = ("generated", "extensions")


def without_made_text(tree: JsonObject) -> JsonObject:
    """The resource without a narrative that was made of its data; whoever shows it makes a new one."""
    return {name: value for name, value in tree.items() if name != "text"} if _status(tree) in MADE_OF_DATA else tree


def is_by_hand(tree: JsonObject) -> bool:
    """Whether its narrative says more than its data."""
    return _status(tree) == "additional"


def _status(tree: JsonObject) -> object:
    text = tree.get("text")
    return text.get("status") if type(text) is dict else None
