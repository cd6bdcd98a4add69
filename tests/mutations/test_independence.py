"""A generator that used the program's tables would share its mistakes."""

import ast
from pathlib import Path

FOLDER = Path(__file__).parent
# what judges by the program, or asks what it serves; all else may not
ASKING = {"ours.py", "examples.py", "cases.py"}


def imported(path: Path) -> set[str]:
    tree = ast.parse(path.read_text())
    plain = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    return plain | {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}


def test_what_is_broken_is_not_taken_from_the_programs_tables() -> None:
    modules = [path for path in FOLDER.glob("*.py") if not path.name.startswith("test_") and path.name not in ASKING]
    own = {f"tests.mutations.{path.stem}" for path in modules} | {"tests.mutations", "tests.parts"}
    for path in modules:
        found = imported(path)
        assert not {each for each in found if each.split(".")[0] in ("app", "fhir_profiles")}, path.name
        assert {each for each in found if each.split(".")[0] == "tests"} <= own, path.name
