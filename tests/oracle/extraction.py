"""Which nodes of a resource a search parameter looks at: its official FHIRPath expression, run by fhirpathpy.

*Source*: R4 search.html#2.1.1.4 (a parameter's values are what its expression selects).
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import fhirpathpy
from fhirpathpy.engine.nodes import ResourceNode
from fhirpathpy.models import models

from tests.oracle.definitions import Json, Parameter, codes, element


@dataclass(frozen=True, slots=True)
class Node:
    """A value in a resource: its data type, and of a code the system that its value set implies."""

    type: str
    value: Any
    implied_system: str | None = None


def nodes(parameter: Parameter, resource: Json) -> list[Node]:
    """What the parameter's expression selects in the resource."""
    return [
        node for expression in parameter.expressions for node in _selected(expression, resource, parameter.type)
    ]  # fmt: skip


def below(expressions: tuple[str, ...], node: Node) -> list[Node]:
    """What a component's expression selects below the element of its composite."""
    start = ResourceNode.create_node(node.value, node.type)
    return [found for expression in expressions for found in _selected(expression, start, node.type)]


def _selected(expression: str, start: Any, type_name: str) -> list[Node]:
    found = (_node(each, expression, type_name) for each in _compiled(expression, type_name)(start))
    return [node for node in found if node.value is not None and not _is_only_extended(node)]


def _is_only_extended(node: Node) -> bool:
    """A primitive that has extensions but no value (`_birthDate` alone)."""
    return node.type[:1].islower() and isinstance(node.value, dict)


def get(each: Any) -> Any:
    return each.data if isinstance(each, ResourceNode) else each


def _node(found: Any, expression: str, type_name: str) -> Node:
    kind = found.path if isinstance(found, ResourceNode) else type(found).__name__
    return Node(kind, get(found), implied_system(_path(expression, type_name)) if kind == "code" else None)


@cache
def _compiled(expression: str, type_name: str) -> Callable[[Any], list[Any]]:
    """R4's `Resource.meta.tag` is `Task.meta.tag` of a Task: fhirpathpy knows no supertypes at the beginning."""
    text = re.sub(r"^(\(*)(Resource|DomainResource)\b", rf"\g<1>{type_name}", expression)
    compiled = fhirpathpy.compile(text, models["r4"], {"returnRawData": True, "userInvocationTable": _RESOLVE})
    return lambda start: compiled(start, None)


def _resolve(found: list[Any]) -> list[ResourceNode]:
    """A resource of the type that a Reference names, by its text or its `type`: all that `is` asks for."""
    kinds = [named_type(get(each)) for each in found]
    return [ResourceNode.create_node({"resourceType": kind}, kind) for kind in kinds if kind]


_RESOLVE = {"resolve": {"fn": _resolve, "arity": {0: []}}}


def named_type(reference: Any) -> str:
    """The resource type that a reference's text tells, else the one that it states; '' when it says nothing."""
    text = reference.get("reference", "") if isinstance(reference, dict) else str(reference)
    told = re.search(r"(?:^|/)([A-Z][A-Za-z]+)/[A-Za-z0-9\-.]{1,64}(?:/_history/[A-Za-z0-9\-.]{1,64})?$", text)
    if told is not None:
        return told[1]
    return "" if text.startswith("#") or not isinstance(reference, dict) else str(reference.get("type", ""))


@cache
def implied_system(path: str) -> str | None:
    """The one system of the codes that may stand at a path; None where its value set has several, or none."""
    try:
        binding = element(path).get("binding", {})
    except KeyError:
        return None
    systems = {system for system, _ in codes(binding.get("valueSet", "x/x"))}
    return systems.pop() if len(systems) == 1 else None


def _path(expression: str, type_name: str) -> str:
    """`Task.status` of an expression that only walks; below a composite's element the path goes on from there."""
    text = re.sub(r"\.(ofType|where)\(.*\)", "", expression)
    return text if text.split(".")[0] == type_name.split(".")[0] else f"{type_name}.{text}"
