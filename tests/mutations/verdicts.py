"""What the official validator said, kept as facts in verdicts.tsv: no test needs Java.

A line is one resource: id, digest, good or bad, then place and message id of each error. `python -m tools.verdicts`
writes the file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FILE = Path(__file__).parent / "verdicts.tsv"
MAX_ERRORS = 3


@dataclass(frozen=True, slots=True)
class Verdict:
    """`errors`: (place, message id) of the first few. `digest` tells on which resource it was given."""

    digest: str
    good: bool
    errors: tuple[tuple[str, str], ...] = ()


@cache
def verdicts() -> Mapping[str, Verdict]:
    """By the id of the case; none when there is no file yet."""
    lines = FILE.read_text(encoding="utf-8").splitlines() if FILE.exists() else []
    return dict(map(_read, lines))


def written(found: Mapping[str, Verdict]) -> str:
    """The file's text, in the order of ids."""
    return "".join(_line(name, found[name]) for name in sorted(found))


def _line(name: str, verdict: Verdict) -> str:
    errors = [cell for place, message in verdict.errors for cell in (place, message)]
    return "\t".join((name, verdict.digest, "good" if verdict.good else "bad", *errors)) + "\n"


def _read(line: str) -> tuple[str, Verdict]:
    name, digest, word, *cells = line.split("\t")
    return name, Verdict(digest, word == "good", tuple(zip(cells[::2], cells[1::2], strict=True)))
