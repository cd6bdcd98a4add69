"""How commands print lists: columns for people, JSON for programs."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

Line = Mapping[str, Any]


def print_list(lines: Sequence[Line], *, as_json: bool, empty: str) -> None:
    """One line each, with a head; `empty` is said, to people only, when there is none."""
    if as_json:
        print(json.dumps([dict(line) for line in lines], default=str, indent=1, ensure_ascii=False))
    elif lines:
        heads = list(lines[0])
        cells = [[head.upper() for head in heads], *([_cell(line[head]) for head in heads] for line in lines)]
        widths = [max(len(row[column]) for row in cells) for column in range(len(heads))]
        for row in cells:
            print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    else:
        print(empty)


def _cell(value: Any) -> str:
    if value is None or value in ("", [], ()):
        return "-"
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
