"""Strict, lossless JSON: the one reader for bytes that others send, and the one writer of trees.

Numbers that Python would rewrite (`1.10`, `1e2`, `-0`, 19 digits and more) stay the text they were. Refused are
anything but UTF-8, duplicate keys, NaN and Infinity, lone surrogates, control characters, noncharacters, trailing
data, and what passes the limits below. The standard library's scanner (in C) reads; a body that it or a glance at the
text suspects is read again slowly, to say where.

*Source*: security sheet INP-01, INP-02, INP-04, INP-08 and its table of limits; R4 json.html.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, NoReturn

import orjson

from app.fhir.characters import has_forbidden
from app.fhir.errors import Refusal, Structure, TooCostly, Value
from app.fhir.tables import r4

JsonObject = dict[str, Any]

MAX_DEPTH = 64
MAX_KEYS = 2_000
MAX_ITEMS = 10_000
MAX_NUMBER_LENGTH = 64
# Objects and arrays, and commas, in one body: a Bundle of 10 MiB has fewer, and the tree of more would fill the memory.
MAX_CONTAINERS = 200_000
MAX_COMMAS = 1_000_000
MAX_INT_DIGITS = 18

_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?", re.ASCII)
_ELEMENT_NAME = re.compile(r"_?[A-Za-z][A-Za-z0-9]{0,63}", re.ASCII)


class Number:
    """A JSON number that keeps the form it was written in."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        if len(text) > MAX_NUMBER_LENGTH:
            raise _Found("number-length")
        self.text = text

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Number) and other.text == self.text

    def __hash__(self) -> int:
        return hash(self.text)

    def __repr__(self) -> str:
        return f"Number({self.text})"


def parse(body: bytes) -> JsonObject:
    """The object that a body holds. Raises Structure, Value or TooCostly (an endless array) with the place, not the
    content."""
    if body.count(b"[") + body.count(b"{") > MAX_CONTAINERS or body.count(b",") > MAX_COMMAS:
        raise TooCostly("json-size", f"A body may have at most {MAX_CONTAINERS} objects and arrays.")
    text = _decode(body)
    try:
        tree, end = _FAST.raw_decode(text, _skip_space(text, 0))
    except _Found as found:
        _locate(text, found.rule)
    except json.JSONDecodeError as problem:
        raise _malformed(problem) from None
    except RecursionError:
        raise _too_deep() from None
    if _skip_space(text, end) != len(text):
        raise Structure("json-trailing", "There is something after the resource; a body holds exactly one.")
    if type(tree) is not dict:
        raise Structure("json-object", "The body must be a JSON object with a resourceType.")
    if (_may_be_large(body) and _is_too_large(tree, 1)) or (_may_hold_forbidden(text) and _holds_forbidden(tree)):
        raise next(_problems(tree))
    return tree


def reread(body: bytes) -> JsonObject:
    """The tree of bytes that `dump` wrote: as lossless as `parse`, without the limits for what others send."""
    tree: JsonObject = _OWN.decode(body.decode("utf-8"))
    return tree


def copied(node: Any) -> Any:
    """A tree of its own: what is changed in it must not change elsewhere too. Never deeper than the reader's limit."""
    if type(node) is dict:
        return {name: copied(value) for name, value in node.items()}
    return [copied(item) for item in node] if type(node) is list else node


def dump(tree: Any, *, pretty: bool = False) -> bytes:
    """UTF-8 JSON of a tree, compact or indented: keys in their order, numbers as they were written."""
    return orjson.dumps(tree, default=_write_number, option=orjson.OPT_INDENT_2 if pretty else None)


def number(text: str) -> int | Number | None:
    """A number written as JSON writes it, as `parse` would keep it; None when it is none, or too long for one."""
    found = _NUMBER.fullmatch(text) if len(text) <= MAX_NUMBER_LENGTH else None
    if found is None:
        return None
    return Number(text) if found[1] or found[2] else _int(text)


def is_element_name(key: str) -> bool:
    """True when a key looks like an element's name, so that an error may repeat it; any other key might be anything."""
    return _ELEMENT_NAME.fullmatch(key) is not None


class _Found(Exception):
    """The scanner met something forbidden; where it is, a second, slower reading finds out."""

    def __init__(self, rule: str) -> None:
        super().__init__(rule)
        self.rule = rule


class _Pairs(list[tuple[str, Any]]):
    """An object as the second reading keeps it: every pair, duplicates included."""


def _object(pairs: list[tuple[str, Any]]) -> JsonObject:
    tree = dict(pairs)
    if len(tree) != len(pairs):
        raise _Found("json-duplicate-key")
    if len(tree) > MAX_KEYS:
        raise _Found("json-keys")
    return tree


def _int(text: str) -> int | Number:
    digits = len(text) - (text[0] == "-")
    return int(text) if digits <= MAX_INT_DIGITS and text != "-0" else Number(text)


def _constant(_: str) -> NoReturn:
    raise _Found("json-constant")


def _write_number(value: object) -> orjson.Fragment:
    if type(value) is Number:
        return orjson.Fragment(value.text)
    raise TypeError(type(value).__name__)


_FAST = json.JSONDecoder(object_pairs_hook=_object, parse_float=Number, parse_int=_int, parse_constant=_constant)
_OWN = json.JSONDecoder(parse_float=Number, parse_int=_int)
_SPACE = re.compile(r"[ \t\n\r]*")


def _skip_space(text: str, start: int) -> int:
    found = _SPACE.match(text, start)
    return found.end() if found else start


def _decode(body: bytes) -> str:
    if not body:
        raise Structure("json-empty", "The body is empty; it must be a JSON object with a resourceType.")
    if body.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")) or b"\x00" in body[:4]:
        raise Structure("json-encoding", "The body must be UTF-8 without a byte order mark.")
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError as problem:
        raise Structure("json-encoding", f"The body is not UTF-8: see byte {problem.start}.") from None


def _malformed(problem: json.JSONDecodeError) -> Structure:
    return Structure("json-syntax", f"The body is not JSON: see line {problem.lineno}, column {problem.colno}.")


def _too_deep() -> Structure:
    return Structure("json-depth", f"The JSON is nested deeper than {MAX_DEPTH} levels.")


_NO_CHARACTERS = "may not hold control characters, lone surrogates or noncharacters."
_SCANNER_RULES = {
    "json-constant": (Value, "NaN and Infinity are not JSON numbers."),
    "number-length": (Value, f"A number may have at most {MAX_NUMBER_LENGTH} characters."),
    "json-duplicate-key": (Structure, "A member occurs twice in one object; each may occur once."),
    "json-keys": (Structure, f"An object may have at most {MAX_KEYS} members."),
}


def _locate(text: str, rule: str) -> NoReturn:
    """Reads once more, keeping all that the first reading stopped at, and raises the refusal with its place."""

    def number(literal: str) -> _Mark:
        return _Mark("number-length" if len(literal) > MAX_NUMBER_LENGTH else "")

    def constant(_: str) -> _Mark:
        return _Mark("json-constant")

    slow = json.JSONDecoder(object_pairs_hook=_Pairs, parse_float=number, parse_int=number, parse_constant=constant)
    kind, message = _SCANNER_RULES[rule]
    try:
        tree, _ = slow.raw_decode(text, _skip_space(text, 0))
    except json.JSONDecodeError as problem:
        raise _malformed(problem) from None
    except RecursionError:
        raise _too_deep() from None
    raise kind(rule, message, next(_marked(tree, rule), ""))


class _Mark:
    """A number of the second reading, and the rule that it breaks."""

    __slots__ = ("rule",)

    def __init__(self, rule: str) -> None:
        self.rule = rule


def _marked(tree: Any, rule: str) -> Iterator[str]:
    for at, node in _walk(tree):
        if isinstance(node, _Mark):
            found = node.rule == rule
        elif isinstance(node, _Pairs):
            distinct = len({name for name, _ in node})
            found = (
                distinct != len(node) if rule == "json-duplicate-key" else rule == "json-keys" and distinct > MAX_KEYS
            )
        else:
            found = False
        if found:
            yield at


def _may_be_large(body: bytes) -> bool:
    """A glance that spares small bodies a walk through the tree; so does the next one for characters."""
    return body.count(b"[") + body.count(b"{") > MAX_DEPTH or body.count(b",") >= MAX_ITEMS


def _may_hold_forbidden(text: str) -> bool:
    return any(escape in text for escape in ("\\u", "\\b", "\\f")) or (not text.isascii() and has_forbidden(text))


def _is_too_large(node: JsonObject | list[Any], depth: int) -> bool:
    """True when something is too deep or too long; recursion ends at MAX_DEPTH."""
    if depth > MAX_DEPTH or (type(node) is list and len(node) > MAX_ITEMS):
        return True
    for value in node.values() if type(node) is dict else node:
        if isinstance(value, _CONTAINERS) and _is_too_large(value, depth + 1):
            return True
    return False


_CONTAINERS = (dict, list)


def _holds_forbidden(node: Any) -> bool:
    """True when a string or a key is not text. Called where nothing is too deep."""
    kind = type(node)
    if kind is str:
        return has_forbidden(node)
    if kind is dict:
        return any(has_forbidden(key) or _holds_forbidden(value) for key, value in node.items())
    return kind is list and any(map(_holds_forbidden, node))


def _problems(tree: JsonObject) -> Iterator[Refusal]:
    """What the scanner lets pass, with its place: depth, length of arrays, characters."""
    for at, node in _walk(tree):
        if type(node) is list and len(node) > MAX_ITEMS:
            yield TooCostly("json-items", f"An array may have at most {MAX_ITEMS} items.", at)
        elif type(node) is str and has_forbidden(node):
            yield Value("character", f"A string {_NO_CHARACTERS}", at)
        elif type(node) is dict and any(has_forbidden(key) for key in node):
            yield Value("character", f"A member's name {_NO_CHARACTERS}", at)


def _walk(tree: Any) -> Iterator[tuple[str, Any]]:
    """Every value with its place, without recursion. Raises Structure below the deepest level allowed."""
    root = _members(tree)
    name = next((value for key, value in root if key == "resourceType"), "") if root else ""
    stack: list[tuple[str, Any, int]] = [(name if type(name) is str and name in r4().resource_types else "", tree, 1)]
    while stack:
        at, node, depth = stack.pop()
        members = _members(node)
        items = node if type(node) is list else None
        if (members is not None or items is not None) and depth > MAX_DEPTH:
            raise _too_deep()
        yield at, node
        if members is not None:
            stack.extend((_below(at, key), value, depth + 1) for key, value in reversed(members))
        elif items is not None:
            stack.extend((f"{at}[{i}]", items[i], depth + 1) for i in range(len(items) - 1, -1, -1))


def _members(node: Any) -> list[tuple[str, Any]] | None:
    if isinstance(node, _Pairs):
        return node
    return list(node.items()) if type(node) is dict else None


def _below(at: str, key: str) -> str:
    name = key if is_element_name(key) else "?"
    return f"{at}.{name}" if at else name
