"""Where a resource stands in a sorted answer. *Source*: R4 search.html#sort."""

from collections.abc import Callable, Mapping
from functools import total_ordering
from typing import Any

from tests.oracle.amounts import amounts
from tests.oracle.definitions import Parameter
from tests.oracle.extraction import Node
from tests.oracle.values import canonicals, folded, strings, times, tokens


def rank(parameter: Parameter, found: list[Node], descending: bool) -> tuple[bool, Any]:
    """Of several values the one that comes first in the order asked for; what has no value comes last."""
    keys = [key for node in found for key in _KEYS[parameter.kind](node)]
    if not keys:
        return True, None
    return False, _Reversed(max(keys)) if descending else min(keys)


@total_ordering
class _Reversed:
    def __init__(self, key: Any) -> None:
        self.key = key

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Reversed) and self.key == other.key

    def __lt__(self, other: "_Reversed") -> bool:
        return bool(other.key < self.key)


_KEYS: Mapping[str, Callable[[Node], list[Any]]] = {
    "string": lambda node: [folded(text) for text in strings(node)],
    "token": lambda node: [token.code for token in tokens(node) if token.code is not None],
    "uri": canonicals,
    "date": lambda node: [time.start for time in times(node)],
    "number": lambda node: [each.low for each in amounts(node)],
    "quantity": lambda node: [each.low for each in amounts(node)],
}
