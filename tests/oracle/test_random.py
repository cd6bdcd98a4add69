"""Random resources, random searches: the server's ids, and their order, are the oracle's.

Each example stores a few resources of one type, and some that they may refer to, by one transaction; changes some of
them, deletes one; asks; and hides them, so that the next example begins with nothing. `SOAK=1` makes it long.
"""

import os
from collections.abc import Callable
from random import Random

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.oracle.asking import Questions
from tests.oracle.oracle import Oracle, Pairs
from tests.oracle.shelf import KINDS, Shelf, settled

pytestmark = [pytest.mark.needs("shared"), pytest.mark.long]

EXAMPLES, SEARCHES = (40, 15) if os.environ.get("SOAK") else (2, 8)
SIZES = (500, 500, 1, 2)


def differs(shelf: Shelf, oracle: Oracle, kind: str, pairs: Pairs, size: int) -> str:
    """What the server answers instead of what the oracle expects; '' when they agree."""
    found = oracle.search(kind, pairs)
    expected = found, oracle.included(kind, found, pairs)
    if any("_lastUpdated" in name for name, _ in pairs):
        answered = settled(lambda: shelf.find(kind, pairs, size), expected)
    else:
        answered = shelf.find(kind, pairs, size)
    return "" if answered == expected else f"the server finds {answered}, the oracle {expected}"


def least(pairs: list[tuple[str, str]], wrong: Callable[[list[tuple[str, str]]], str]) -> list[tuple[str, str]]:
    """As few of the pairs as are still answered wrongly."""
    for pair in list(pairs):
        fewer = [each for each in pairs if each is not pair]
        if fewer and wrong(fewer):
            pairs = fewer
    return pairs


@pytest.mark.parametrize("kind", KINDS)
# a seed has no smaller form: what is wrong is made smaller by `least`
@settings(
    max_examples=EXAMPLES,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
@given(chance=st.randoms(use_true_random=True))
def test_the_server_finds_what_the_oracle_finds(shelf: Shelf, kind: str, chance: Random) -> None:
    try:
        oracle = shelf.fill(kind, chance)
        questions = Questions(oracle, chance)
        for _ in range(SEARCHES):
            pairs, size = questions.search(kind), chance.choice(SIZES)
            if differs(shelf, oracle, kind, pairs, size):
                pairs = least(pairs, lambda fewer: differs(shelf, oracle, kind, fewer, size))  # noqa: B023
                pytest.fail(f"{kind}?{pairs}: {differs(shelf, oracle, kind, pairs, size)}\n{oracle.told()}")
    finally:
        shelf.hide()
