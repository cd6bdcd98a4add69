"""Writes the tables of attacks into docs/security.md: what each gets, where its test is, who owes what is lacking.

`python -m tools.security` after a change of tests/attacks (`make golden` calls it); a test compares.
"""

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
PAGE: Final = ROOT / "docs" / "security.md"
ATTACKS: Final = ROOT / "tests" / "attacks"
BEGIN: Final = "<!-- written by `python -m tools.security` -->"
END: Final = "<!-- until here -->"
SECTIONS: Final = (("A", "HTTP and JSON"), ("B", "FHIR and writes"), ("C", "Searching and seeing"))
HEAD: Final = (
    "| line | what comes | what it gets | test in `tests/attacks/` | owed by |",
    "| --- | --- | --- | --- | --- |",
)
LINE: Final = re.compile(r"[A-Z]\d\d")
TEST: Final = re.compile(r"test_([a-z]\d\d)_")

Lines = dict[str, dict[str, str]]


def main() -> None:
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")


def page(now: str) -> str:
    """The page with its tables written anew; what stands around them is nobody's but its author's."""
    head, _, rest = now.partition(BEGIN)
    _, _, tail = rest.partition(END)
    return "".join((head, BEGIN, "\n", _tables(lines(), tested()), END, tail))


def lines() -> Lines:
    """Every line of the list, by its id."""
    return tomllib.loads((ATTACKS / "lines.toml").read_text(encoding="utf-8"))


def tested() -> dict[str, set[str]]:
    """Id -> the files of tests that attack by it."""
    found: dict[str, set[str]] = {}
    for path in sorted(ATTACKS.glob("test_*.py")):
        for line in _attacks(ast.parse(path.read_text(encoding="utf-8"))):
            found.setdefault(line, set()).add(path.name)
    return found


def unanswered(known: Lines, by: dict[str, set[str]]) -> list[str]:
    """The lines that have neither a test, nor somebody who owes it, nor a reason to be void."""
    return [line for line, said in known.items() if line not in by and not said.keys() & {"owed", "void"}]


def _attacks(tree: ast.Module) -> Iterator[str]:
    """The ids in `Attack("A05", ...)`, and those in names of tests."""
    for node in ast.walk(tree):
        if isinstance(node, ast.AsyncFunctionDef | ast.FunctionDef):
            named = TEST.match(node.name)
            yield from [named[1].upper()] if named else []
        elif isinstance(node, ast.Call) and ast.unparse(node.func) == "Attack" and node.args:
            first = node.args[0]
            if isinstance(first, ast.Constant) and LINE.fullmatch(str(first.value)):
                yield str(first.value)


def _tables(known: Lines, by: dict[str, set[str]]) -> str:
    return "\n".join(_table(title, known, by, letter) for letter, title in SECTIONS)


def _table(title: str, known: Lines, by: dict[str, set[str]], letter: str) -> str:
    rows = [_row(line, said, by.get(line, set())) for line, said in known.items() if line.startswith(letter)]
    return "\n".join([f"### {title}", "", *HEAD, *rows, ""])


def _row(line: str, said: dict[str, str], files: set[str]) -> str:
    answer = f"void: {said['void']}" if "void" in said else said.get("answer", "")
    noted = f"{answer} ({said['note']})" if "note" in said else answer
    tests = ", ".join(f"`{name}`" for name in sorted(files))
    return f"| {line} | {said['what']} | {noted} | {tests} | {said.get('owed', '')} |"


if __name__ == "__main__":
    main()
