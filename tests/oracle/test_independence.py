"""An oracle that used the program's code would share its mistakes."""

import ast
from pathlib import Path

MATCHER = ("definitions", "extraction", "values", "times", "amounts", "matching", "sorting", "oracle")


def imported(path: Path) -> set[str]:
    tree = ast.parse(path.read_text())
    plain = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    return plain | {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}


def test_the_oracle_imports_nothing_of_the_program() -> None:
    own = {f"tests.oracle.{name}" for name in MATCHER} | {"tests.parts"}
    for name in MATCHER:
        found = imported(Path(__file__).parent / f"{name}.py")
        assert not {each for each in found if each.split(".")[0] == "app"}, name
        assert {each for each in found if each.split(".")[0] == "tests"} <= own, name


def test_what_it_shares_with_other_tests_imports_nothing_of_the_program_either() -> None:
    assert not {each for each in imported(Path(__file__).parents[1] / "parts.py") if each.split(".")[0] == "app"}
