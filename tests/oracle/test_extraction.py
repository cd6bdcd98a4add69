"""The compiled walkers find what the official FHIRPath expressions find, on every example that HL7 gives.

The examples are those of SDOH Clinical Care and the instances inside the US Core packages.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from functools import cache
from typing import Any

import pytest

from app.fhir import json
from app.fhir.index_values import IndexValues, extract
from app.fhir.registry import Registry
from tests.oracle.definitions import Json, Parameter, examples, served
from tests.oracle.extraction import Node, nodes
from tests.oracle.values import is_read, links, strings, times, tokens

pytestmark = pytest.mark.needs("shared")

BASE = "https://network.example/fhir"
YEAR_1 = datetime(1, 1, 1, tzinfo=UTC)


@cache
def registry() -> Registry:
    return Registry.load()


@cache
def examples_of(type_name: str) -> tuple[tuple[str, Json], ...]:
    return tuple((where, tree) for where, tree in examples() if tree["resourceType"] == type_name)


def instant(seconds: Fraction) -> datetime:
    """As the index holds it: fractions are cut to microseconds."""
    return YEAR_1 + timedelta(microseconds=int(seconds * 1_000_000))


def of_token(found: list[Node]) -> Iterator[Any]:
    return ((token.system, token.code) for node in found for token in tokens(node))


def of_reference(found: list[Node]) -> Iterator[Any]:
    for node in found:
        for link in links(node):
            if node.type == "Reference":
                yield link.text, *(link.identifier or (None, None))
            else:
                yield from ((text, None, None) for text in (link.text, link.text.partition("|")[0]))


def of_date(found: list[Node]) -> Iterator[Any]:
    return ((instant(time.start), instant(time.end)) for node in found for time in times(node))


# kind -> (what the oracle has, what the index has), each value in one shape
SHAPES: Mapping[str, tuple[Callable[[list[Node]], Iterator[Any]], str, Callable[[Any], Any]]] = {
    "token": (of_token, "tokens", lambda row: (row.system, row.value)),
    "reference": (of_reference, "references", lambda row: (row.text, row.identifier_system, row.identifier_value)),
    "date": (of_date, "dates", lambda row: (row.start, row.end)),
    "string": (lambda found: (text for node in found for text in strings(node)), "strings", lambda row: row.exact),
    "uri": (lambda found: (node.value for node in found), "uris", lambda row: row.value),
}


def expected(parameter: Parameter, tree: Json) -> set[Any]:
    found = [node for node in nodes(parameter, tree) if is_read(parameter.kind, node)]
    return set(SHAPES[parameter.kind][0](found))


def indexed(parameter: Parameter, values: IndexValues) -> set[Any]:
    _, rows, shape = SHAPES[parameter.kind]
    return {shape(row) for row in getattr(values, rows) if row.param == parameter.code}


def indexes_of(tree: Json) -> IndexValues:
    return extract(registry().types[tree["resourceType"]], json.parse(json.dump(tree)), BASE)


@pytest.mark.parametrize("type_name", sorted(registry().types))
def test_the_walkers_find_what_the_official_expressions_find(type_name: str) -> None:
    for where, tree in examples_of(type_name):
        values = indexes_of(tree)
        for parameter in served()[type_name].parameters.values():
            if parameter.kind in SHAPES and parameter.code not in ("_id", "_lastUpdated"):
                assert indexed(parameter, values) == expected(parameter, tree), (where, parameter.code)


def test_there_are_examples_with_values_of_every_kind() -> None:
    found = [
        parameter.kind
        for type_name, type_ in served().items()
        for _, tree in examples_of(type_name)
        for parameter in type_.parameters.values()
        if nodes(parameter, tree)
    ]
    assert {"token", "reference", "date", "string", "uri", "quantity", "composite"} <= set(found)
    assert len(found) > 3000
