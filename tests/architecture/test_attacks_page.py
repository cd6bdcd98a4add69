"""The list of attacks: each line has a test or somebody who owes it, and the page of security says so."""

import re

import pytest

from tests.parts import SHARED
from tools import security

SHEET = SHARED / "spec" / "security.md"


def test_every_line_has_a_test_or_an_owner() -> None:
    assert security.unanswered(security.lines(), security.tested()) == []


def test_a_line_without_a_test_and_an_owner_is_caught() -> None:
    known = {"A01": {"what": "x"}, "A02": {"what": "x", "owed": "somebody"}, "C38": {"what": "x", "void": "y"}}
    assert security.unanswered({**known, "A03": {"what": "x"}}, {"A01": {"test_x.py"}}) == ["A03"]


def test_a_line_that_is_tested_is_on_the_list() -> None:
    assert security.tested().keys() - security.lines().keys() == set()


def test_a_line_is_tested_where_it_should_be() -> None:
    """What is owed in full has no answer yet, and no test that says it had one."""
    bare = {line for line, said in security.lines().items() if "answer" not in said}
    assert bare & security.tested().keys() == set()


def test_the_page_says_what_the_tests_say() -> None:
    """`make golden` writes it."""
    now = security.PAGE.read_text(encoding="utf-8")
    assert security.page(now) == now


@pytest.mark.needs("shared")
def test_the_list_is_that_of_the_sheet() -> None:
    part = SHEET.read_text(encoding="utf-8").partition("## 5. Attacks")[2]
    written = part[part.index("### A.") : part.index("### D.")]
    assert re.findall(r"^- ([ABC]\d\d) ", written, re.MULTILINE) == list(security.lines())
