"""What the chapter on search says is found, the server finds; and the oracle reads the chapter in the same way.

*Source*: R4 search.html; each table of cases.toml names its place.
"""

import json
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote

import pytest

from tests.oracle.datatypes import number
from tests.oracle.oracle import Oracle
from tests.oracle.shelf import Draft, Shelf

FOLDER = Path(__file__).parent / "chapter"
TABLES: dict[str, dict[str, list[str]]] = tomllib.loads((FOLDER / "cases.toml").read_text())
CASES = [pytest.param(ask, found, id=f"{at} {ask}") for at, table in TABLES.items() for ask, found in table.items()]


@dataclass
class Chapter:
    """The resources of the cases on the server: name -> `Type/id`."""

    shelf: Shelf
    oracle: Oracle
    names: dict[str, str]

    def question(self, ask: str) -> tuple[str, list[tuple[str, str]]]:
        text = re.sub(r"{(\w+)}", lambda found: self.names[found[1]].split("/")[1], ask)
        type_name, _, query = text.replace("BASE", self.shelf.base).partition("?")
        return type_name, parse_qsl(quote(query, safe="=&"), strict_parsing=True)

    def called(self, found: list[str]) -> list[str]:
        calls = {name: called for called, name in self.names.items()}
        return [calls[name] for name in found if name in calls]


@pytest.fixture(scope="module")
def chapter(shelf: Shelf) -> Iterator[Chapter]:
    trees: dict[str, Any] = json.loads((FOLDER / "resources.json").read_text())
    urns = {name: f"urn:uuid:0198c0de-0000-7000-8000-{place:012}" for place, name in enumerate(trees)}
    drafts = [Draft(tree["resourceType"], urns[name], _written(tree, urns)) for name, tree in trees.items()]
    oracle = Oracle(shelf.base, [*shelf.everybody, *shelf.store(drafts)])
    yield Chapter(shelf, oracle, dict(zip(trees, [draft.name for draft in drafts], strict=True)))
    shelf.hide()


def _written(node: Any, urns: dict[str, str]) -> Any:
    """`"{eve}"` is a reference to the resource of that name, `"#5.40"` a number in the form that it is written in."""
    if isinstance(node, dict):
        return {key: _written(value, urns) for key, value in node.items()}
    if isinstance(node, list):
        return [_written(each, urns) for each in node]
    if isinstance(node, str) and re.fullmatch(r"#[0-9.]+", node):
        return number(node[1:])
    return {"reference": urns[node[1:-1]]} if isinstance(node, str) and node[:1] == "{" else node


def test_there_are_sixty_cases_and_each_place_is_in_the_chapter() -> None:
    assert len(CASES) >= 60
    assert all(re.match(r"search\.html#\w+", at) for at in TABLES)


@pytest.mark.parametrize(("ask", "found"), CASES)
def test_a_search_of_the_chapter_finds_what_it_says(chapter: Chapter, ask: str, found: list[str]) -> None:
    type_name, pairs = chapter.question(ask)
    answered = chapter.called(chapter.shelf.find(type_name, pairs)[0])
    assert answered == found if "_sort" in ask else sorted(answered) == sorted(found)


@pytest.mark.needs("shared")
@pytest.mark.parametrize(("ask", "found"), CASES)
def test_the_oracle_reads_the_chapter_in_the_same_way(chapter: Chapter, ask: str, found: list[str]) -> None:
    computed = chapter.called(chapter.oracle.search(*chapter.question(ask)))
    assert computed == found if "_sort" in ask else sorted(computed) == sorted(found)
