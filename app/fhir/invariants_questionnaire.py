"""R4's rules between the elements of a Questionnaire; part of the table in `invariants.py`.

*Source*: R4 4.0.1, questionnaire.html#invs (que-0 only warns).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from app.fhir import invariant_tests as tests
from app.fhir.invariant_tests import Invariant, Node, Test

_WITH_OPTIONS = frozenset(
    ("choice", "open-choice", "decimal", "integer", "date", "dateTime", "time", "string", "quantity")
)
_WITH_LENGTH = frozenset(("boolean", "decimal", "integer", "string", "text", "url", "open-choice"))
ITEM = "Questionnaire.item"


def _link_ids(node: Any) -> Iterator[str]:
    for item in node.get("item", ()):
        yield item["linkId"]
        yield from _link_ids(item)


def _distinct(n: Node) -> bool:
    ids = list(_link_ids(n))
    return len(set(ids)) == len(ids)


def _not_for(types: frozenset[str], *names: str) -> Test:
    """Items of these types have none of these elements."""
    return lambda n: n.get("type") not in types or not any(tests.has(n, name) for name in names)


def _only_for(types: frozenset[str], *names: str) -> Test:
    return lambda n: n.get("type") in types or not any(tests.has(n, name) for name in names)


_DISPLAY, _UNASKED = frozenset(("display",)), frozenset(("group", "display"))

QUESTIONNAIRE: tuple[Invariant, ...] = (
    Invariant("Questionnaire", "que-2", "Each linkId occurs once.", _distinct),
    Invariant(
        ITEM,
        "que-1",
        "A group has items, a display item has none.",
        lambda n: tests.has(n, "item") if n.get("type") == "group" else _not_for(_DISPLAY, "item")(n),
    ),
    Invariant(ITEM, "que-3", "A display item has no code.", _not_for(_DISPLAY, "code")),
    Invariant(
        ITEM,
        "que-4",
        "Either answerOption or answerValueSet, not both.",
        tests.not_both("answerOption", "answerValueSet"),
    ),
    Invariant(
        ITEM,
        "que-5",
        "Only questions with one of several answers have answerOption or answerValueSet.",
        _only_for(_WITH_OPTIONS, "answerOption", "answerValueSet"),
    ),
    Invariant(
        ITEM, "que-6", "A display item is neither required nor repeated.", _not_for(_DISPLAY, "required", "repeats")
    ),
    Invariant(
        "Questionnaire.item.enableWhen",
        "que-7",
        "With the operator exists the answer is a boolean.",
        lambda n: n.get("operator") != "exists" or tests.has(n, "answerBoolean"),
    ),
    Invariant(ITEM, "que-8", "Only questions have an initial answer.", _not_for(_UNASKED, "initial")),
    Invariant(ITEM, "que-9", "A display item is not readOnly.", _not_for(_DISPLAY, "readOnly")),
    Invariant(ITEM, "que-10", "Only simple questions have maxLength.", _only_for(_WITH_LENGTH, "maxLength")),
    Invariant(
        ITEM, "que-11", "With answerOption, initial stands in the option.", tests.not_both("answerOption", "initial")
    ),
    Invariant(
        ITEM,
        "que-12",
        "Several enableWhen need enableBehavior.",
        lambda n: len(n.get("enableWhen", ())) <= 2 or tests.has(n, "enableBehavior"),
    ),
    Invariant(
        ITEM,
        "que-13",
        "Only a repeating item has several initial answers.",
        lambda n: n.get("repeats") is True or len(n.get("initial", ())) <= 1,
    ),
)
