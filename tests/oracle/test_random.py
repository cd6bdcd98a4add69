"""Random resources, random searches: the server's ids, and their order, are the oracle's.

Each example stores a few resources of one type, and some that they may refer to, by one transaction; changes some of
them; asks; and hides them, so that the next example begins with nothing. `SOAK=1` makes it long.
"""

import os
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.oracle.asking import Questions
from tests.oracle.oracle import Oracle, Pairs
from tests.oracle.shelf import Shelf, settled

pytestmark = [pytest.mark.needs("shared"), pytest.mark.long]

EXAMPLES, SEARCHES = (2000, 15) if os.environ.get("SOAK") else (40, 8)
ALL = 500


def ask(shelf: Shelf, oracle: Oracle, kind: str, pairs: Pairs, count: int) -> None:
    found = oracle.search(kind, pairs)
    expected = found, oracle.included(kind, found, pairs)
    if any(name.startswith("_lastUpdated") for name, _ in pairs):
        assert settled(lambda: shelf.find(kind, pairs, count), expected) == expected, (kind, pairs)
    else:
        assert shelf.find(kind, pairs, count) == expected, (kind, pairs)


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_the_server_finds_what_the_oracle_finds(shelf: Shelf, data: Any) -> None:
    try:
        kind, oracle = shelf.fill(data.draw)
        questions = Questions(oracle, data.draw)
        for _ in range(SEARCHES):
            ask(shelf, oracle, kind, questions.search(kind), data.draw(st.sampled_from((ALL, ALL, 1, 2))))
    finally:
        shelf.hide()
