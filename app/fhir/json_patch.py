"""JSON Patch for resources: RFC 6902 with bounds. The whole patch is carried out on a copy, or nothing of it is.

Who a resource is, whom it is about, who asked and what protects it are changed by no patch.

*Source*: RFC 6902, RFC 6901; R4 http.html#patch; security sheet INP-16, B38, B40, B41.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from typing import Any

from app.fhir import json
from app.fhir.errors import BusinessRule, Invalid, Structure, TooCostly, TooLong
from app.fhir.json import JsonObject, Number, copied
from app.fhir.links import turned

MEDIA_TYPE = "application/json-patch+json"
MAX_OPERATIONS = 100
MAX_SEGMENTS = json.MAX_DEPTH
# all that its operations put in and take out, in sizes of the largest result: what is taken out again has been work too
MAX_WORK = 4
PROTECTED = (("id",), ("resourceType",), ("meta", "security"), ("for",), ("requester",))

_INDEX = re.compile(r"0|[1-9][0-9]{0,8}", re.ASCII)
_POINTER = re.compile(r"(?:/(?:[^/~]|~[01])*)*")
Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Operation:
    """One step of a patch; `source` is its `from`, `at` its place in the patch."""

    name: str
    path: Path
    source: Path
    value: Any
    at: str


def read(body: bytes) -> tuple[Operation, ...]:
    """The operations of a patch. Raises Structure, Invalid, TooCostly, and BusinessRule for what none may change."""
    tree = _wrapped(body)
    listed = tree["patch"]
    if len(tree) != 1 or type(listed) is not list:
        raise Structure("patch-form", "A JSON Patch is one array of operations.")
    if len(listed) > MAX_OPERATIONS:
        raise TooCostly("patch-operations", f"A patch may have at most {MAX_OPERATIONS} operations.")
    return tuple(_operation(item, f"patch[{place}]") for place, item in enumerate(listed))


def _wrapped(body: bytes) -> JsonObject:
    """The patch in an object, since the strict reader reads objects."""
    if not body.strip():
        raise Structure("patch-form", "A JSON Patch is one array of operations.")
    try:
        return json.parse(b'{"patch":%b}' % body)
    except Structure as refusal:
        if refusal.issues[0].rule in ("json-syntax", "json-encoding"):
            json.parse(body)  # says where, counted from the patch's own beginning
        raise


@dataclass(slots=True)
class Budget:
    """How many bytes patches may still put in and take out; those of one transaction share it."""

    left: int


def apply(
    tree: JsonObject, operations: Sequence[Operation], most_bytes: int, budget: Budget | None = None
) -> JsonObject:
    """What the operations make of a resource, which stays as it is. Raises Invalid, BusinessRule (a `test` failed),
    TooLong where the result would outgrow `most_bytes`, TooCostly where the operations move a multiple of that, or more
    than the budget, from which it is taken."""
    own = Budget(MAX_WORK * most_bytes)
    patched = _Patched(copied(tree), len(json.dump(tree)), most_bytes, (own, budget) if budget else (own,))
    for operation in operations:
        _STEPS[operation.name](patched, operation)
    return patched.tree


def rewritten(operations: Sequence[Operation], mapping: Mapping[str, str]) -> tuple[Operation, ...]:
    """The same patch, the links in its values turned as `links.rewrite` turns those of a resource."""
    return tuple(replace(each, value=_turned(each, mapping)) for each in operations)


def _turned(operation: Operation, mapping: Mapping[str, str]) -> Any:
    """An item of a list is named as its list is."""
    name = next((part for part in reversed(operation.path) if not _INDEX.fullmatch(part) and part != "-"), "")
    return turned(name, copied(operation.value), mapping)


def _operation(item: Any, at: str) -> Operation:
    if type(item) is not dict:
        raise Structure("patch-form", "An operation is an object with op and path.", at)
    name = item.get("op")
    if type(name) is not str or name not in _STEPS:
        raise Invalid("patch-operation", f"op is one of {', '.join(_STEPS)}.", f"{at}.op")
    if name in ("add", "replace", "test") and "value" not in item:
        raise Invalid("patch-operation", "This operation needs a value.", at)
    path = _pointer(item.get("path"), f"{at}.path")
    source = _pointer(item.get("from"), f"{at}.from") if name in ("move", "copy") else ()
    changed = {"test": (), "move": (path, source)}.get(name, (path,))
    if any(_touches(each, protected) for each in changed for protected in PROTECTED):
        raise BusinessRule("patch-protected", _PROTECTED, at)
    if name == "move" and path[: len(source)] == source and path != source:
        raise Invalid("patch-operation", "Nothing can be moved into itself.", at)
    return Operation(name, path, source, item.get("value"), at)


_PROTECTED = "a patch changes neither id, resourceType, meta.security, for nor requester, nor what holds them"


def _pointer(text: Any, at: str) -> Path:
    """The segments of a JSON Pointer, unescaped."""
    if type(text) is not str or text.count("/") > MAX_SEGMENTS or not _POINTER.fullmatch(text):
        raise _bad_pointer(at)
    return tuple(part.replace("~1", "/").replace("~0", "~") for part in text.split("/")[1:])


def _touches(path: Path, protected: Path) -> bool:
    shorter = min(len(path), len(protected))
    return path[:shorter] == protected[:shorter]


def _bad_pointer(at: str) -> Invalid:
    message = (
        "A pointer is /name/0/name with at most 64 parts, each of which is there; - is the end of an array to add to."
    )
    return Invalid("patch-pointer", message, at)


class _Patched:
    """A resource under the hands of a patch; `size` is its length in bytes, about."""

    def __init__(self, tree: JsonObject, size: int, most_bytes: int, budgets: tuple[Budget, ...]) -> None:
        self.tree = tree
        self.size = size
        self.most_bytes = most_bytes
        self.budgets = budgets

    def find(self, path: Path, at: str) -> Any:
        node: Any = self.tree
        for part in path:
            if type(node) is dict and part in node:
                node = node[part]
            elif type(node) is list:
                node = node[_index(part, len(node) - 1, at)]
            else:
                raise _bad_pointer(at)
        return node

    def add(self, path: Path, value: Any, at: str) -> None:
        """Puts a copy of the value there: a member's new value, or one more item."""
        holder, last = self._holder(path, at)
        self._grow(value, len(path), at)
        if type(holder) is dict:
            if last in holder:
                self.size -= self._weigh(holder[last], at)
            holder[last] = copied(value)
        else:
            holder.insert(len(holder) if last == "-" else _index(last, len(holder), at), copied(value))

    def remove(self, path: Path, at: str) -> Any:
        holder, last = self._holder(path, at)
        self.find(path, at)
        removed = holder.pop(last) if type(holder) is dict else holder.pop(int(last))
        self.size -= self._weigh(removed, at)
        return removed

    def replace(self, path: Path, value: Any, at: str) -> None:
        holder, last = self._holder(path, at)
        self.size -= self._weigh(self.find(path, at), at)
        self._grow(value, len(path), at)
        holder[last if type(holder) is dict else int(last)] = copied(value)

    def _holder(self, path: Path, at: str) -> tuple[Any, str]:
        """The object or array in which the last part of a path lies. The root itself is nobody's to change."""
        holder = self.find(path[:-1], at)
        if not path or type(holder) not in (dict, list):
            raise _bad_pointer(at)
        return holder, path[-1]

    def _weigh(self, value: Any, at: str) -> int:
        """Bytes of what is put in or taken out. Raises TooCostly where a patch comes to more than all of them may."""
        size = len(json.dump(value))
        for budget in self.budgets:
            budget.left -= size
            if budget.left < 0:
                raise TooCostly("patch-work", "The operations of these patches move too much; send the resources.", at)
        return size

    def _grow(self, value: Any, depth: int, at: str) -> None:
        size = self._weigh(value, at)
        if depth + _depth(value) > json.MAX_DEPTH:
            raise Structure("json-depth", f"The JSON is nested deeper than {json.MAX_DEPTH} levels.", at)
        self.size += size
        if self.size > self.most_bytes:
            raise TooLong("patch-result", f"What a patch makes has at most {self.most_bytes} bytes.", at)


def _add(patched: _Patched, operation: Operation) -> None:
    patched.add(operation.path, operation.value, operation.at)


def _remove(patched: _Patched, operation: Operation) -> None:
    patched.remove(operation.path, operation.at)


def _replace(patched: _Patched, operation: Operation) -> None:
    patched.replace(operation.path, operation.value, operation.at)


def _move(patched: _Patched, operation: Operation) -> None:
    patched.add(operation.path, patched.remove(operation.source, operation.at), operation.at)


def _copy_over(patched: _Patched, operation: Operation) -> None:
    patched.add(operation.path, patched.find(operation.source, operation.at), operation.at)


def _test(patched: _Patched, operation: Operation) -> None:
    if not _equal(patched.find(operation.path, operation.at), operation.value):
        raise BusinessRule("patch-test", "the resource does not hold what this test expects", operation.at)


_STEPS: dict[str, Callable[[_Patched, Operation], None]] = {
    "add": _add,
    "remove": _remove,
    "replace": _replace,
    "move": _move,
    "copy": _copy_over,
    "test": _test,
}


def _index(part: str, last: int, at: str) -> int:
    if not _INDEX.fullmatch(part) or int(part) > last:
        raise _bad_pointer(at)
    return int(part)


def _depth(node: Any) -> int:
    inner = node.values() if type(node) is dict else node if type(node) is list else None
    return 0 if inner is None else 1 + max(map(_depth, inner), default=0)


def _equal(one: Any, other: Any) -> bool:
    """RFC 6902, 4.6: objects whatever their order, numbers by their value (`1.1` is `1.10`), the rest to the letter."""
    if _is_number(one) and _is_number(other):
        return _value(one) == _value(other)
    if type(one) is not type(other):
        return False
    if type(one) is dict:
        return one.keys() == other.keys() and all(_equal(value, other[name]) for name, value in one.items())
    if type(one) is list:
        return len(one) == len(other) and all(map(_equal, one, other))
    return bool(one == other)


def _is_number(node: Any) -> bool:
    return type(node) in (int, Number)


def _value(number: int | Number) -> Decimal | str:
    text = number.text if isinstance(number, Number) else str(number)
    try:
        return Decimal(text)
    except InvalidOperation:  # an exponent past all reason equals itself only
        return text
