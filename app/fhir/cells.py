"""The lines of a table of facts: cells parted by tabs, empty ones at the end left out.

Who calls it: `profiles/facts.py`, `terminology/facts.py`. Lines end with a line feed and with nothing else: other
characters that Python takes for a line's end may stand in a value.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

# control characters, and halves of characters, which no database keeps
_CONTROL = re.compile(r"[\x00-\x1f\ud800-\udfff]")


class Unwritable(ValueError):
    """A cell that could not be read again; the message says in which line."""


def joined(lines: Iterable[tuple[str, ...]]) -> str:
    """The table as text. Raises Unwritable."""
    return "".join(_line(cells) for cells in lines)


def parted(text: str) -> Iterable[tuple[int, list[str]]]:
    """(number, cells) of each line, from 1 on."""
    return ((number, line.split("\t")) for number, line in enumerate(text.split("\n"), 1))


def in_one_line(text: object) -> str:
    """Words without what no cell can hold, parted by single spaces."""
    return " ".join(_CONTROL.sub(" ", str(text)).split())


def fits(text: str) -> bool:
    """Whether a cell can hold it and it says anything."""
    return text != "" and _CONTROL.search(text) is None


def _line(cells: tuple[str, ...]) -> str:
    for cell in cells:
        if type(cell) is not str:
            raise Unwritable(f"a {cells[0]} holds something else than text where text belongs")
        if _CONTROL.search(cell):
            raise Unwritable(
                f"an address, a code, a key or a version of its {cells[0]} holds a tab or the end of a line"
            )
    return "\t".join(cells).rstrip("\t") + "\n"
