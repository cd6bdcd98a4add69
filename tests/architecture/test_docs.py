"""Documentation that lags behind the program fails the build."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.fhir import errors
from app.settings import Settings, variable
from tests.architecture.rules import APP, ROOT, name, source_files, tree_of

REFUSALS = frozenset(
    each.__name__ for each in vars(errors).values() if isinstance(each, type) and issubclass(each, errors.Refusal)
)
RULE = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


def rule_words(tree: ast.AST) -> Iterator[str]:
    """The rule word of each refusal or issue that the code makes: `BusinessRule("task-transition", ...)`."""
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        maker = ast.unparse(call.func).split(".")[-1]
        if maker in REFUSALS or maker == "Issue":
            place = 1 if maker == "Issue" else 0
            named = [keyword.value for keyword in call.keywords if keyword.arg == "rule"]
            for word in [*call.args[place : place + 1], *named]:
                if isinstance(word, ast.Constant) and isinstance(word.value, str) and RULE.fullmatch(word.value):
                    yield word.value


def rows(file: str) -> set[str]:
    """The words in backquotes in the first cell of each table row of a page."""
    lines = (ROOT / file).read_text(encoding="utf-8").splitlines()
    return {word for line in lines if line.startswith("|") for word in re.findall(r"`([^`]+)`", line.split("|")[1])}


def test_the_table_of_settings_lists_every_setting_and_no_other() -> None:
    settings = {variable(field) for field in Settings.model_fields}
    listed = {row for row in rows("docs/operator.md") if row.isupper()}
    assert listed == settings


def test_the_table_of_settings_states_the_defaults() -> None:
    """So that a changed default changes the page."""
    text = (ROOT / "docs" / "operator.md").read_text()
    for field, info in Settings.model_fields.items():
        if info.default_factory is None and info.default is not None and not info.is_required():
            row = next(line for line in text.splitlines() if line.startswith(f"| `{variable(field)}`"))
            assert f"`{info.default}`" in row.split("|")[2], variable(field)


def test_every_setting_is_read_by_the_program() -> None:
    elsewhere = " ".join(path.read_text() for path in source_files() if name(path) != "app/settings.py")
    unread = [field for field in Settings.model_fields if not re.search(rf"\.{field}\b|\b{field}=", elsewhere)]
    assert unread == []


def test_every_rule_that_refuses_is_explained() -> None:
    used = {word for path in source_files() for word in rule_words(tree_of(path))}
    assert used
    assert used - rows("docs/refusals.md") == set()


@pytest.mark.parametrize("breach", ['BusinessRule("new-rule", "text")', 'errors.Issue("value", "new-rule", "text")'])
def test_a_new_rule_is_seen(breach: str) -> None:
    assert list(rule_words(ast.parse(breach))) == ["new-rule"]


@pytest.mark.parametrize("page", sorted(ROOT.glob("docs/**/*.md")) + sorted(ROOT.glob("*.md")), ids=name)
def test_every_link_and_named_file_of_a_page_leads_somewhere(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    links = [link.split("#")[0] for link in re.findall(r"\]\(([^)\s]+)\)", text) if "://" not in link]
    dead = [link for link in links if link and not (page.parent / link).exists()]
    gone = [file for file in re.findall(r"`((?:app|tests|docs|tools|bench|migrations)/[\w./-]+\.\w+)`", text)
            if not (ROOT / file).exists()]  # fmt: skip
    assert dead + gone == []


def test_the_decisions_are_short_and_numbered_without_gaps() -> None:
    pages = sorted(ROOT.glob("docs/decisions/[0-9]*.md"))
    assert [page.name[:4] for page in pages] == [f"{n:04}" for n in range(len(pages))]
    assert {page.name: n for page in pages if (n := len(page.read_text().splitlines())) > 60} == {}


def test_every_module_says_what_it_is() -> None:
    silent = [name(path) for path in source_files(APP) if path.stat().st_size and not ast.get_docstring(tree_of(path))]
    assert silent == []
