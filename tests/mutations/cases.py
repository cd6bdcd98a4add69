"""Everything that is judged by both validators."""

from __future__ import annotations

from functools import cache

from tests.mutations.examples import of_the_guide, of_us_core
from tests.mutations.generate import Case, bases, mutations


@cache
def all_cases() -> dict[str, Case]:
    """By id."""
    return {case.id: case for case in (*of_the_guide(), *of_us_core(), *bases(), *mutations())}
