"""FHIRPath, through the library fhirpathpy: the one file that imports it.

For rules of profiles that nobody has written in Python. It takes some 40 microseconds for a small expression, and its
parser a tenth of a second to load, so that it is loaded when the first such rule is met.
*Source*: FHIRPath 2.0 (N1); R4 fhirpath.html (resolve, memberOf).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from app.fhir.json import JsonObject, Number

# reference -> its resource, or None; (value set, system, code) -> yes, no, or None: not known
Resolve = Callable[[Any], JsonObject | None]
MemberOf = Callable[[str, str | None, str], bool | None]
# value, its data type (or a resource's name), the resource that it is in -> whether it holds; None: nobody can tell
Test = Callable[[Any, str, JsonObject, Resolve, MemberOf], bool | None]


class NotFhirPath(ValueError):
    """The expression cannot be read."""


class _Unknown(Exception):
    """Something was asked that nobody knows here."""


def test_of(expression: str) -> Test:
    """The expression as a test. Raises NotFhirPath."""
    import fhirpathpy
    from fhirpathpy.engine.nodes import ResourceNode
    from fhirpathpy.models import models

    def node(tree: Any, kind: str) -> Any:
        return ResourceNode.create_node(_plain(tree), kind)  # type: ignore[no-untyped-call]

    asked: list[tuple[Resolve, MemberOf]] = []

    def resolved(found: list[Any]) -> list[Any]:
        trees = [asked[-1][0](_data(each)) for each in found]
        if None in trees:
            raise _Unknown
        return [node(tree, tree["resourceType"]) for tree in trees if tree is not None]

    def member_of(found: list[Any], value_set: str) -> list[bool]:
        answers = [_is_member(_data(each), value_set, asked[-1][1]) for each in found]
        if None in answers:
            raise _Unknown
        return [bool(answer) for answer in answers]

    table = {
        "resolve": {"fn": resolved, "arity": {0: []}},
        "memberOf": {"fn": member_of, "arity": {1: ["String"]}},
    }
    try:
        compiled = fhirpathpy.compile(expression, models["r4"], {"userInvocationTable": table})
    except Exception as problem:  # its parser raises whatever it stumbles over
        raise NotFhirPath("the expression cannot be read") from problem

    def test(value: Any, kind: str, resource: JsonObject, resolve: Resolve, member: MemberOf) -> bool | None:
        asked.append((resolve, member))
        try:
            start = node(value, kind)
            answer = compiled(start, {"resource": _plain(resource), "rootResource": _plain(resource)})
        except Exception:  # what it does not know, or cannot do
            return None
        finally:
            asked.pop()
        return bool(answer) and answer[0] is not False

    return test


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
