"""A file past 300 lines, or a function past 50, holds two ideas."""

import ast

import pytest

from tests.architecture.rules import ROOT, long_functions, name, source_files, tree_of

MAX_FILE_LINES = 300
MAX_FUNCTION_LINES = 50
FOLDERS = ("app", "bench", "tools", "tests", "migrations")


@pytest.mark.parametrize("folder", FOLDERS)
def test_no_file_holds_two_ideas(folder: str) -> None:
    sizes = {name(path): len(path.read_text().splitlines()) for path in source_files(ROOT / folder)}
    assert {path: lines for path, lines in sizes.items() if lines > MAX_FILE_LINES} == {}


@pytest.mark.parametrize("folder", FOLDERS)
def test_no_function_holds_two_ideas(folder: str) -> None:
    found = {name(path): long_functions(tree_of(path), MAX_FUNCTION_LINES) for path in source_files(ROOT / folder)}
    assert {path: functions for path, functions in found.items() if functions} == {}


def test_a_long_function_is_caught() -> None:
    body = "    x = 1\n" * MAX_FUNCTION_LINES
    assert long_functions(ast.parse(f"def short():\n    pass\ndef long():\n{body}"), MAX_FUNCTION_LINES) == ["long"]
