"""The compiled walkers find what the official FHIRPath expressions find, on every example that HL7 gives.

The examples are those of SDOH Clinical Care and the instances inside the US Core packages.
"""

import json as stdlib_json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import cache
from typing import Any

import pytest

from app.fhir import json
from app.fhir.index_values import IndexValues, extract
from app.fhir.registry import Registry
from tests.oracle.amounts import amounts
from tests.oracle.definitions import BUILT_IN, Json, Parameter, examples, served
from tests.oracle.extraction import Node, below, nodes
from tests.oracle.values import canonicals, displayed, is_read, links, strings, times, tokens, typed

pytestmark = pytest.mark.needs("shared")

BASE = "https://network.example/fhir"
YEAR_1 = datetime(1, 1, 1, tzinfo=UTC)


@cache
def registry() -> Registry:
    return Registry.load()


@dataclass(frozen=True)
class Example:
    """A resource, what the index keeps of it, and what each parameter's expression selects in it."""

    where: str
    values: IndexValues
    nodes: Mapping[str, list[Node]]


@cache
def examples_of(type_name: str) -> tuple[Example, ...]:
    return tuple(example(where, tree) for where, tree in all_examples() if tree["resourceType"] == type_name)


@cache
def all_examples() -> tuple[tuple[str, Json], ...]:
    return tuple(examples())


def example(where: str, tree: Json) -> Example:
    values = extract(registry().types[tree["resourceType"]], json.parse(source_of(tree)), BASE)
    parameters = served()[tree["resourceType"]].parameters.values()
    return Example(where, values, {each.code: nodes(each, tree) for each in parameters if each.code not in BUILT_IN})


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


def of_quantity(found: list[Node]) -> Iterator[Any]:
    """What has no unit has '' there."""
    for node in found:
        for amount in amounts(node):
            yield (*amount[:4], *(text or "" for text in amount[4:]))


# kind -> (what the oracle has, what the index has), each value in one shape
SHAPES: Mapping[str, tuple[Callable[[list[Node]], Iterator[Any]], str, Callable[[Any], Any]]] = {
    "token": (of_token, "tokens", lambda row: (row.system, row.value)),
    "reference": (of_reference, "references", lambda row: (row.text, row.identifier_system, row.identifier_value)),
    "date": (of_date, "dates", lambda row: (row.start, row.end)),
    "string": (lambda found: (text for node in found for text in strings(node)), "strings", lambda row: row.exact),
    "quantity": (of_quantity, "quantities", lambda row: tuple(row)[1:]),
    "number": (of_quantity, "quantities", lambda row: tuple(row)[1:]),
    "uri": (lambda found: (text for node in found for text in canonicals(node)), "uris", lambda row: row.value),
}


def expected(parameter: Parameter, selected: list[Node]) -> set[Any]:
    found = [node for node in selected if is_read(parameter.kind, node)]
    if parameter.kind == "composite":
        return set(together(parameter, found))
    return set(SHAPES[parameter.kind][0](found))


def together(parameter: Parameter, found: list[Node]) -> Iterator[Any]:
    """Each token of the one component with each of the other, below the same element."""
    for node in found:
        first, second = (
            [token for each in below(part.expressions, node) if is_read(part.kind, each) for token in tokens(each)]
            for part in parameter.components
        )
        yield from ((*one, *other) for one in first for other in second)


def indexed(parameter: Parameter, values: IndexValues) -> set[Any]:
    if parameter.kind == "composite":
        return {tuple(row)[1:] for row in values.pairs if row.param == parameter.code}
    _, rows, shape = SHAPES[parameter.kind]
    return {shape(row) for row in getattr(values, rows) if row.param == parameter.code}


def source_of(tree: Json) -> bytes:
    """The JSON again, its numbers in the form that they were written in."""
    return re.sub(r'"\u2060([^"]*)\u2060"', r"\1", stdlib_json.dumps(marked(tree), ensure_ascii=False)).encode()


def marked(node: Any) -> Any:
    if isinstance(node, dict):
        return {name: marked(value) for name, value in node.items()}
    if isinstance(node, list):
        return [marked(each) for each in node]
    return f"\u2060{node}\u2060" if isinstance(node, Decimal) else node


@pytest.mark.parametrize("type_name", sorted(registry().types))
def test_the_walkers_find_what_the_official_expressions_find(type_name: str) -> None:
    for each in examples_of(type_name):
        for code, selected in each.nodes.items():
            parameter = served()[type_name].parameters[code]
            assert indexed(parameter, each.values) == expected(parameter, selected), (each.where, code)


@pytest.mark.parametrize("type_name", sorted(registry().types))
def test_the_walkers_find_the_words_of_codes_and_the_types_of_identifiers(type_name: str) -> None:
    """`:text` and `:of-type`."""
    tokens_of = {each.code for each in served()[type_name].parameters.values() if each.kind == "token"}
    for each in examples_of(type_name):
        for code in tokens_of & each.nodes.keys():
            words = {row.exact for row in each.values.strings if row.param == code}
            assert words == {text for node in each.nodes[code] for text in displayed(node)}, (each.where, code)
            types = {(row.first_system, row.first, row.second) for row in each.values.pairs if row.param == code}
            wanted = {(*kind, value) for node in each.nodes[code] for kind, value in typed(node) if kind.code and value}
            assert types == wanted, (each.where, code)


def test_there_are_examples_with_values_of_every_kind() -> None:
    found = [
        served()[type_name].parameters[code].kind
        for type_name in served()
        for each in examples_of(type_name)
        for code, selected in each.nodes.items()
        if selected
    ]
    assert {"token", "reference", "date", "string", "uri", "quantity", "composite"} <= set(found)
    assert len(found) > 3000
