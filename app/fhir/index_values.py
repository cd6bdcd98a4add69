"""What the search index keeps of a resource: the values of its search parameters, by kind.

Each parameter's paths are compiled once to small walkers (a few microseconds a resource; FHIRPath took fifty times as
long). Values of a wrong shape are passed over, because another system's copy may be kept with its mistakes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from app.fhir.index_readers import Read, reader
from app.fhir.index_rows import (
    DateValue,
    IndexValues,
    PairValue,
    QuantityValue,
    ReferenceValue,
    StringValue,
    TokenValue,
    UriValue,
)
from app.fhir.paths import Leaf, Step, leaves
from app.fhir.registry import READABLE, ResourceType, SearchParameter

__all__ = [
    "DateValue",
    "IndexValues",
    "PairValue",
    "QuantityValue",
    "ReferenceValue",
    "StringValue",
    "TokenValue",
    "UriValue",
    "extract",
]

# a composite keeps each token of one side with each of the other: of so many at most, lest a resource of thousands of
# codings become millions of rows
MOST_OF_A_SIDE = 20

Walker = Callable[[Mapping[str, Any], IndexValues, str], None]


def extract(resource_type: ResourceType, tree: Mapping[str, Any], base: str) -> IndexValues:
    """The values of every search parameter of the type; `base` tells which absolute references are our own."""
    found = IndexValues()
    for walk in _walkers(resource_type):
        walk(tree, found, base)
    return found.each_once()


@cache
def _walkers(resource_type: ResourceType) -> tuple[Walker, ...]:
    walkers = []
    for parameter in resource_type.parameters.values():
        if parameter.kind == "composite":
            walkers.append(_composite(resource_type, parameter))
        for leaf in _leaves(parameter):
            walkers.append(_walker(leaf.steps, reader(parameter.code, parameter.kind, leaf)))
    return tuple(walkers)


def _leaves(parameter: SearchParameter) -> list[Leaf]:
    found = [leaf for path in parameter.paths for leaf in leaves(parameter.type, path)]
    return [leaf for leaf in found if leaf.kind.code in READABLE[parameter.kind]]


def _composite(resource_type: ResourceType, parameter: SearchParameter) -> Walker:
    """The pairs of each place that holds both components: each `Observation.component`, or the resource itself."""
    sides = [_leaves(resource_type.parameters[code]) for code in parameter.components]
    depth = _common([leaf.steps[:-1] for side in sides for leaf in side])
    first, second = (
        [_walker(leaf.steps[depth:], reader(parameter.code, "token", leaf)) for leaf in side] for side in sides
    )
    to_the_place = sides[0][0].steps[:depth]

    def pairs(node: Any, found: IndexValues, base: str) -> None:
        for one in _tokens(first, node, base):
            for other in _tokens(second, node, base):
                found.pairs.append(PairValue(parameter.code, one.system, one.value, other.system, other.value))

    return _walker(to_the_place, _guarded(pairs)) if to_the_place else pairs


def _common(ways: list[tuple[Step, ...]]) -> int:
    """How many steps all ways begin with."""
    together = zip(*ways, strict=False)
    return next((depth for depth, steps in enumerate(together) if len(set(steps)) > 1), min(map(len, ways)))


def _tokens(walkers: list[Walker], node: Any, base: str) -> list[TokenValue]:
    found = IndexValues()
    for walk in walkers:
        walk(node, found, base)
    return list(dict.fromkeys(found.tokens))[:MOST_OF_A_SIDE]


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
