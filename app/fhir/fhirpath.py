"""FHIRPath, through the library fhirpathpy: the one file that imports it.

For rules of profiles that nobody has written in Python. It takes some 40 microseconds for a small expression, and its
parser a tenth of a second to load, so that it is loaded when the first such rule is met.

Rules come with packages, and meet what anybody sends: so an expression may only be so long, its regular expressions
are RE2's, which take time in proportion to the text, and its evaluation may call so many functions, which are counted
(`Work`); what grows with what they are given (`fhirpath_weights.py`) is counted before it is made.
*Source*: FHIRPath 2.0 (N1); R4 fhirpath.html (resolve, memberOf).
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import re2  # type: ignore[import-untyped]

from app.fhir.fhirpath_weights import WORK, made, read, weigh
from app.fhir.json import JsonObject, Number

# reference -> its resource, or None; (value set, system, code) -> yes, no, or None: not known
Resolve = Callable[[Any], JsonObject | None]
MemberOf = Callable[[str, str | None, str], bool | None]
MAX_EXPRESSION = 5_000
# functions that take a regular expression
_MATCHING = ("matches", "matchesFull", "replaceMatches")
_GROUP = re.compile(r"\$(\d+)")
# a point is any character, a new line too
_AS_FHIRPATH = re2.Options()
_AS_FHIRPATH.dot_nl = True
_AS_FHIRPATH.log_errors = False


class NotFhirPath(ValueError):
    """The expression cannot be read."""


class TooMuch(Exception):
    """It would take too long."""


class Work:
    """How many functions may be called, by all evaluations that share it: these take some 0.3 seconds, and make
    10 MB of text."""

    def __init__(self, calls: int = 500_000) -> None:
        self.left = calls

    def __enter__(self) -> None:
        self._before = sys.getprofile()
        sys.setprofile(self._count)

    def __exit__(self, *_: object) -> None:
        sys.setprofile(self._before)

    def spend(self, calls: int) -> None:
        """For what is about to be done. Raises TooMuch."""
        self.left -= calls
        if self.left < 0:
            raise TooMuch

    def _count(self, *_: object) -> None:
        self.left -= 1
        if self.left < 0:
            raise TooMuch


class Subject(NamedTuple):
    """What a rule is about: a value, its data type (or where R4 has it), and what stands beside it if a primitive."""

    value: Any
    kind: str
    beside: JsonObject | None = None


# what it is about, its resource, that which contains it -> whether it holds; None: nobody can tell. Raises TooMuch.
Test = Callable[[Subject, JsonObject, JsonObject, Resolve, MemberOf, Work], bool | None]


class _Asked(NamedTuple):
    """Who is asked during one evaluation."""

    resolve: Resolve
    member: MemberOf
    work: Work


class _Unknown(Exception):
    """Something was asked that nobody knows here."""


def test_of(expression: str) -> Test:
    """The expression as a test. Raises NotFhirPath."""
    import fhirpathpy
    from fhirpathpy.engine.invocations import invocation_registry
    from fhirpathpy.models import models

    if len(expression) > MAX_EXPRESSION:
        raise NotFhirPath("the expression is too long")
    asked: list[_Asked] = []
    table = _functions(asked)
    weigh(invocation_registry)
    options = {"userInvocationTable": table, "traceFn": lambda *_: None}  # the library would print what it is given
    try:
        called = list(_called(_parsed(expression)))
        compiled: Any = fhirpathpy.compile(expression, models["r4"], options)
    except Exception as problem:  # its parser raises whatever it stumbles over
        raise NotFhirPath("the expression cannot be read") from problem
    _refuse(called, invocation_registry.keys() | table.keys())
    asks_for_all = "%" in expression
    asks_for_extensions = "extension" in expression

    def test(
        subject: Subject, resource: JsonObject, root: JsonObject, resolve: Resolve, member: MemberOf, work: Work
    ) -> bool | None:
        asked.append(_Asked(resolve, member, work))
        try:
            with work:
                around: dict[object, Any] = {WORK: work}
                if asks_for_all:
                    around |= {"resource": _plain(resource), "rootResource": _plain(root)}
                answer = compiled(_start(subject, asks_for_extensions), around)
        except TooMuch:
            raise
        except Exception:  # what it does not know, or cannot do
            return None
        finally:
            asked.pop()
        return bool(answer) and answer[0] is not False

    return test


def _start(subject: Subject, with_extensions: bool) -> list[Any]:
    """To the library a primitive with extensions is two: its value, and an object that has them."""
    given = [] if subject.value is None else [_node(subject.value, subject.kind)]
    beside = (subject.beside or {}).get("extension")
    extended = beside is not None and (with_extensions or not given)
    return [*given, *([_node({"extension": beside}, subject.kind)] if extended else [])]


def _node(tree: Any, kind: str) -> Any:
    from fhirpathpy.engine.nodes import ResourceNode

    return ResourceNode.create_node(_plain(tree), kind)  # type: ignore[no-untyped-call]


def _functions(asked: list[_Asked]) -> dict[str, Any]:
    """Ours, in the place of the library's or beside them. `asked`: who is asked, last."""

    def resolved(found: list[Any]) -> list[Any]:
        trees = [asked[-1].resolve(_data(each)) for each in found]
        if None in trees:
            raise _Unknown
        return [_node(tree, tree["resourceType"]) for tree in trees if tree is not None]

    def member_of(found: list[Any], value_set: str) -> list[bool]:
        answers = [_is_member(_data(each), value_set, asked[-1].member) for each in found]
        if None in answers:
            raise _Unknown
        return [bool(answer) for answer in answers]

    return {
        "resolve": {"fn": resolved, "arity": {0: []}},
        "memberOf": {"fn": member_of, "arity": {1: ["String"]}},
        "hasValue": {"fn": _has_value, "arity": {0: []}},
        "matches": {"fn": _matching(re2.search, asked), "arity": {1: ["String"]}},
        "matchesFull": {"fn": _matching(re2.fullmatch, asked), "arity": {1: ["String"]}},
        "replaceMatches": {"fn": _replacing(asked), "arity": {2: ["String", "String"]}},
    }


def _parsed(expression: str) -> Any:
    """Its tree. The library takes what it understands of a broken expression, and leaves out the rest: `true) or false`
    would be `true`. Raises NotFhirPath."""
    from fhirpathpy import parser as library

    grammar: Any = library
    tree = grammar.parse(expression)
    lexer = grammar.FHIRPathLexer(grammar.InputStream(expression))
    parser = grammar.FHIRPathParser(grammar.CommonTokenStream(lexer))
    parser.removeErrorListeners()
    parser.entireExpression()
    if parser.getNumberOfSyntaxErrors():
        raise NotFhirPath
    return tree


def _called(tree: Any) -> Iterator[tuple[str, str]]:
    """(function, its first parameter where that is a string, else '') of all functions in an expression."""
    if tree.get("type") == "Functn":
        name, *listed = tree["children"]
        first = listed[0]["children"][0].get("text", "") if listed and listed[0].get("children") else ""
        yield name["text"].strip("`"), first[1:-1] if first[:1] == "'" and first.count("'") == 2 else ""
    for each in tree.get("children", ()):
        yield from _called(each)


def _refuse(called: list[tuple[str, str]], known: set[str]) -> None:
    for name, first in called:
        if name not in known:
            raise NotFhirPath("it calls a function that is not known")
        if name in _MATCHING:
            try:
                re2.compile(_unescaped(first), _AS_FHIRPATH)
            except re2.error as problem:
                raise NotFhirPath("its regular expression is not one of RE2") from problem


def _unescaped(text: str) -> str:
    return text.replace("\\\\", "\\")


def _has_value(found: list[Any]) -> list[bool]:
    """Whether it is one primitive with a value."""
    return [len(found) == 1 and not isinstance(found[0], dict) and found[0] is not None]


def _matching(
    find: Callable[[str, str, re2.Options], object], asked: list[_Asked]
) -> Callable[[list[Any], Any], list[bool]]:
    def matches(found: list[Any], pattern: Any) -> list[bool]:
        if not found or type(pattern) is not str:
            return []
        text = str(found[0])
        asked[-1].work.spend(len(pattern) + read(len(text)))
        return [find(pattern, text, _AS_FHIRPATH) is not None]

    return matches


def _replacing(asked: list[_Asked]) -> Callable[[list[Any], Any, Any], list[str]]:
    """`$1` is the first group of a match."""

    def replaced(found: list[Any], pattern: Any, by: Any) -> list[str]:
        if not found or type(pattern) is not str or type(by) is not str:
            return []
        text, parts, end = str(found[0]), list[str](), 0
        asked[-1].work.spend(len(pattern) + read(len(text)))
        words = _GROUP.split(by)  # every second one is the number of a group
        for match in re2.finditer(pattern, text, options=_AS_FHIRPATH):
            groups = [match.group(int(word)) or "" for word in words[1::2]]
            asked[-1].work.spend(1 + made(match.start() - end + len(by) + sum(map(len, groups))))
            parts += [text[end : match.start()], *(a + b for a, b in zip(words[::2], [*groups, ""], strict=True))]
            end = match.end()
        return ["".join([*parts, text[end:]])]

    return replaced


def _is_member(value: Any, value_set: str, member: MemberOf) -> bool | None:
    if isinstance(value, str):
        return member(value_set, None, value)
    codings = value.get("coding", ()) if "coding" in value else (value,)
    answers = [member(value_set, each.get("system", ""), each.get("code", "")) for each in codings]
    return True if True in answers else None if None in answers else False


def _data(each: Any) -> Any:
    return getattr(each, "data", each)


def _plain(node: Any) -> Any:
    """A copy with numbers of Python: the library counts with them, and writes into what it is given."""
    if type(node) is dict:
        return {name: _plain(value) for name, value in node.items()}
    if type(node) is list:
        return [_plain(item) for item in node]
    return float(node.text) if type(node) is Number else node
