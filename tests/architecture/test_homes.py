"""What must happen in one place happens there only; each rule is shown to catch what breaks it."""

import ast

import pytest

from app.log import FIELDS
from tests.architecture.rules import (
    HOMES,
    SQL_IS_JOINED_IN,
    Home,
    module_state,
    name,
    outside_home,
    source_files,
    sql_put_together,
    tree_of,
    unlogged,
)

BREACHES = {
    "the clock": "from datetime import datetime, UTC\nat = datetime.now(UTC)\n",
    "new ids": "from uuid import uuid4\nkey = uuid4()\n",
    "the environment": "import os\nport = os.environ['PORT']\n",
    "the end of a transaction": "async def save(session):\n    await session.commit()\n",
    "the JSON reader": "import json\ntree = json.loads(body)\n",
    "the XML parser": "from xml.etree import ElementTree\ntree = ElementTree.fromstring(body)\n",
}


@pytest.mark.parametrize("home", HOMES, ids=lambda home: home.what)
def test_it_stays_at_home(home: Home) -> None:
    elsewhere = [path for path in source_files() if name(path) not in home.files]
    found = {f"{name(path)}:{line}" for path in elsewhere for line in outside_home(tree_of(path), home)}
    assert not found, f"{home.what} has one home ({', '.join(sorted(home.files))}): {home.why}"


@pytest.mark.parametrize("home", HOMES, ids=lambda home: home.what)
def test_leaving_home_is_caught(home: Home) -> None:
    assert outside_home(ast.parse(BREACHES[home.what]), home)


def test_no_statement_is_put_together_from_values() -> None:
    elsewhere = [path for path in source_files() if name(path) not in SQL_IS_JOINED_IN]
    found = {f"{name(path)}:{line}" for path in elsewhere for line in sql_put_together(tree_of(path))}
    assert not found, "SQL takes parameters ($1); names come from a table of constants"


@pytest.mark.parametrize(
    "breach",
    [
        'f"SELECT body FROM version WHERE id = {key}"',
        '"DELETE FROM version WHERE id = %s" % key',
        '"UPDATE version SET id = " + key',
        '"INSERT INTO version VALUES ({})".format(key)',
        '"SELECT body " + FROM + conditions',
    ],
)
def test_a_statement_put_together_from_values_is_caught(breach: str) -> None:
    assert sql_put_together(ast.parse(breach))


@pytest.mark.parametrize("fine", ['"SELECT body " + FROM + " WHERE id = $1"', 'f"Select {what} first"', '"a" + b'])
def test_a_statement_with_parameters_and_a_sentence_are_not_caught(fine: str) -> None:
    assert sql_put_together(ast.parse(fine)) == []


def test_logs_are_words_and_listed_fields() -> None:
    found = {f"{name(path)}:{line}" for path in source_files() for line in unlogged(tree_of(path), FIELDS)}
    assert not found, "log.info('task_refused', task=..., rule=...): a word, and fields of app.log.FIELDS"


@pytest.mark.parametrize("breach", ['log.info(f"refused {who}")', 'log.info("refused", person=who)', "log.info(text)"])
def test_a_sentence_or_an_unlisted_field_in_a_log_is_caught(breach: str) -> None:
    assert unlogged(ast.parse(breach), FIELDS) == [1]


def test_no_module_keeps_what_changes() -> None:
    found = {f"{name(path)}:{line}" for path in source_files() for line in module_state(tree_of(path))}
    assert not found, "one Network value is passed in, so that a process could serve several"


@pytest.mark.parametrize("breach", ["CACHE: dict[str, str] = {}", "SEEN = set()", "def f():\n    global N"])
def test_a_module_that_keeps_what_changes_is_caught(breach: str) -> None:
    assert module_state(ast.parse(breach))
