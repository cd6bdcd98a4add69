"""What the search index keeps of a resource: the values of its search parameters, by kind.

Each parameter's paths are compiled once to small walkers (a few microseconds a resource; FHIRPath took fifty times as
long). Values of a wrong shape are passed over, because another system's copy may be kept with its mistakes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from app.fhir.index_readers import Read, reader
from app.fhir.index_rows import DateValue, IndexValues, ReferenceValue, StringValue, TokenValue, UriValue
from app.fhir.paths import Step, leaves
from app.fhir.registry import READABLE, ResourceType

__all__ = ["DateValue", "IndexValues", "ReferenceValue", "StringValue", "TokenValue", "UriValue", "extract"]

Walker = Callable[[Mapping[str, Any], IndexValues, str], None]


def extract(resource_type: ResourceType, tree: Mapping[str, Any], base: str) -> IndexValues:
    """The values of every search parameter of the type; `base` tells which absolute references are our own."""
    found = IndexValues()
    for walk in _walkers(resource_type):
        walk(tree, found, base)
    return found


@cache
def _walkers(resource_type: ResourceType) -> tuple[Walker, ...]:
    walkers = []
    for parameter in resource_type.parameters.values():
        for path in parameter.paths:
            for leaf in leaves(resource_type.name, path):
                if leaf.kind.code in READABLE[parameter.kind]:
                    walkers.append(_walker(leaf.steps, reader(parameter.code, parameter.kind, leaf)))
    return tuple(walkers)


def _walker(steps: tuple[Step, ...], read: Read) -> Walker:
    name = steps[0].name
    then = _only(steps[0].where, read if len(steps) == 1 else _guarded(_walker(steps[1:], read)))

    def one(node: Mapping[str, Any], found: IndexValues, base: str) -> None:
        value = node.get(name)
        if value is not None:
            then(value, found, base)

    def many(node: Mapping[str, Any], found: IndexValues, base: str) -> None:
        value = node.get(name)
        if type(value) is list:
            for item in value:
                then(item, found, base)

    return many if steps[0].repeats else one


def _only(where: tuple[str, str] | None, then: Read) -> Read:
    """What is kept of a member: all, or what has this value in it."""
    if where is None:
        return then
    name, wanted = where

    def read(value: Any, found: IndexValues, base: str) -> None:
        if type(value) is dict and value.get(name) == wanted:
            then(value, found, base)

    return read


def _guarded(walk: Walker) -> Read:
    def below(value: Any, found: IndexValues, base: str) -> None:
        if type(value) is dict:
            walk(value, found, base)

    return below
