"""Which elements that a profile wants supported a resource does not have. No mistake: a sender that has the data sends
it. *Source*: R4 profiling.html#mustsupport; SDOH Clinical Care 3.0.0, conf-1 to conf-9.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from app.fhir.invariant_tests import has
from app.fhir.json import JsonObject
from app.fhir.profiles.facts import ProfileFacts


def gaps(facts: ProfileFacts, tree: JsonObject) -> list[str]:
    """The paths that are absent, without those below an absent one, without slices, without what must be there (that is
    an error of its own), and without `meta`, in which the server writes when it was stored."""
    wanted = [
        each.path
        for each in facts.elements
        if each.must_support and not each.minimum and ":" not in each.path and each.path
    ]
    return [path for path in wanted if path.partition(".")[0] != "meta" and _is_gap(tree, path)]


def _is_gap(tree: JsonObject, path: str) -> bool:
    """Whether what holds it is there somewhere, and it nowhere."""
    *above, name = path.split(".")
    holders: list[Any] = [tree]
    for part in above:
        holders = [each for holder in holders for each in _below(holder, part)]
    return bool(holders) and not any(type(holder) is dict and has(holder, name) for holder in holders)


def _below(node: Any, name: str) -> Iterator[Any]:
    stem = name.removesuffix("[x]")
    for key, value in node.items() if type(node) is dict else ():
        if key == name or (name.endswith("[x]") and key.startswith(stem) and key[len(stem) :][:1].isupper()):
            yield from value if type(value) is list else (value,)
