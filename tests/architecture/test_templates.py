"""Every template compiles, and none switches off the escaping."""

from pathlib import Path

import pytest
from jinja2 import TemplateSyntaxError

from app.web.pages.templates import load_pages
from tests.architecture.rules import APP, name

TEMPLATES = sorted(path for path in (APP / "web").rglob("templates/**/*") if path.is_file())


@pytest.mark.parametrize("template", TEMPLATES, ids=name)
def test_the_template_compiles_and_escapes(template: Path) -> None:
    text = template.read_text(encoding="utf-8")
    load_pages().environment.parse(text)
    assert "|safe" not in text.replace(" ", "")
    assert "autoescape false" not in text


def test_there_are_templates() -> None:
    assert TEMPLATES


def test_a_broken_template_is_caught() -> None:
    with pytest.raises(TemplateSyntaxError):
        load_pages().environment.parse("{% if x %}")
