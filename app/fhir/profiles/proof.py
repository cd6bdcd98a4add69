"""What is kept of a profile can be read again, and says the same then. Who calls it: whoever installs a package."""

from __future__ import annotations

from dataclasses import astuple, replace

from app.fhir.profiles.facts import ProfileFacts, read, written


def proved(facts: ProfileFacts) -> str:
    """The table as text. Raises ValueError where it would not say the same when it is read."""
    text = written(facts)
    if _in_order(read(text)) != _in_order(facts):
        raise ValueError("what it says cannot be written as a table")
    return text


def _in_order(facts: ProfileFacts) -> ProfileFacts:
    """A table has the lines about slices and further bindings where their elements are."""
    slicings = sorted(facts.slicings, key=lambda each: each.path)
    return replace(facts, slicings=tuple(slicings), also=tuple(sorted(facts.also, key=astuple)))
