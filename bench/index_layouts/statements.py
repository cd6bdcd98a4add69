"""The named statements of the `.sql` files beside this module."""

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

_NAME = re.compile(r"^-- name: (\w+)$", re.MULTILINE)


@cache
def statements(file: str) -> Mapping[str, str]:
    """Name -> SQL text of `sql/<file>.sql`."""
    text = (Path(__file__).parent / "sql" / f"{file}.sql").read_text(encoding="utf-8")
    parts = _NAME.split(text)
    return {name: sql.strip() for name, sql in zip(parts[1::2], parts[2::2], strict=True)}


def fill(sql: str, **slots: str | int) -> str:
    """The statement with its {slots} filled, by replacement, because SQL has braces of its own ('{}' arrays)."""
    for name, value in slots.items():
        sql = sql.replace("{" + name + "}", str(value))
    return sql
