"""Which problems a write brings that only moves a resource on: its status, the reason for it, the output.

What was wrong before, by the same profiles, does not count; what is wrong in an element that changes does. Outputs are
told apart one by one: a bad one that is already there is passed over, a bad one beside it is not.
*Source*: decision 24.
"""

import re
from collections.abc import Callable, Hashable
from dataclasses import replace
from typing import Any

from app.domain.referral import task
from app.fhir.errors import Issue
from app.fhir.json import JsonObject
from app.fhir.problems import MORE

# how a referral moves on; a sender that moves it also says when
MOVES = frozenset(("status", "statusReason", "output", "lastModified"))
OURS = ("versionId", "lastUpdated")
_OUTPUT = re.compile(r"[A-Za-z]+\.output\[(\d+)\]")


def only_moves(before: JsonObject, after: JsonObject) -> bool:
    """Whether nothing else differs."""
    return set(task.changed_elements(before, after)) <= MOVES


def passed_over(
    before: JsonObject | None, after: JsonObject, issues: list[Issue], judge: Callable[[JsonObject], list[Issue]]
) -> list[Issue]:
    """The same issues; where a write only moves on what stood there `before`, those that it does not bring are
    warnings. `judge` tells what is wrong with a tree."""
    if before is None or not only_moves(before, after) or not any(each.severity == "error" for each in issues):
        return issues
    moved = Moved(before, after, judge)
    return [
        replace(each, severity="warning") if each.severity == "error" and not moved.brings(each) else each
        for each in issues
    ]


class Moved:
    """What a move brings. `judge` tells what is wrong with a tree."""

    def __init__(self, before: JsonObject, after: JsonObject, judge: Callable[[JsonObject], list[Issue]]) -> None:
        meta = () if _told_of_meta(before) == _told_of_meta(after) else ("meta",)
        self._changed = frozenset((*task.changed_elements(before, after), *meta)) - {"output"}
        self._kept = _kept(before, after)
        self._older = frozenset(judge(before))
        added = [each for number, each in enumerate(_outputs(after)) if number not in self._kept]
        # a rule about all outputs, broken already, is broken anew where the added ones alone break it
        self._by_added = frozenset(judge(_with(after, added)) if added else ()) - frozenset(judge(_with(before, [])))

    def brings(self, issue: Issue) -> bool:
        """Whether a problem of the new tree comes by the move."""
        if issue.rule == MORE:
            return True  # nobody knows what is among them
        output = _OUTPUT.match(issue.at)
        if output is not None:
            older = self._kept.get(int(output[1]))
            return older is None or _at(issue, output, older) not in self._older
        element = re.split(r"[.\[]", issue.at.partition(".")[2], maxsplit=1)[0]
        return element in self._changed or issue not in self._older or issue in self._by_added


def _told_of_meta(tree: JsonObject) -> JsonObject:
    """What a sender says in it; versionId and lastUpdated are ours."""
    meta = tree.get("meta")
    return {name: meta[name] for name in meta if name not in OURS} if type(meta) is dict else {"meta": meta}


def _outputs(tree: JsonObject) -> list[JsonObject]:
    listed = tree.get("output")
    return listed if type(listed) is list else []


def _kept(before: JsonObject, after: JsonObject) -> dict[int, int]:
    """Place of each output that stood there before -> its place then; each counts once."""
    places: dict[Hashable, list[int]] = {}
    for number, each in enumerate(_outputs(before)):
        places.setdefault(_canonical(each), []).append(number)
    kept = {}
    for number, each in enumerate(_outputs(after)):
        if waiting := places.get(_canonical(each)):
            kept[number] = waiting.pop(0)
    return kept


def _canonical(node: Any) -> Hashable:
    """The same for trees that differ in nothing but the order of their keys."""
    if type(node) is dict:
        return frozenset((name, _canonical(value)) for name, value in node.items())
    return tuple(map(_canonical, node)) if type(node) is list else (type(node), node)


def _with(tree: JsonObject, outputs: list[JsonObject]) -> JsonObject:
    rest = {name: value for name, value in tree.items() if name != "output"}
    return rest | {"output": outputs} if outputs else rest


def _at(issue: Issue, output: re.Match[str], number: int) -> Issue:
    start, end = output.span(1)
    return replace(issue, at=f"{issue.at[:start]}{number}{issue.at[end:]}")
