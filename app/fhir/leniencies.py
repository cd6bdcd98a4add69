"""What systems in the field send that the guide does not know, and what is kept instead.

The rows stand in `fhir_profiles/leniencies.toml`.

*Source*: SDOH Clinical Care 3.0.0, sheet section 12 (defects and surprises): liberal on read, strict on write.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from app.fhir.errors import Issue
from app.fhir.json import JsonObject
from app.fhir.tables import PROFILES

LENIENCIES = PROFILES / "leniencies.toml"
# whoever is registered without a name, and whoever is forgiven nothing
ANY, STRICT = "any", "strict"


@dataclass(frozen=True, slots=True)
class Lenience:
    """One row of the file."""

    peers: tuple[str, ...]
    type: str
    element: str
    sent: str
    kept: str
    because: str

    @property
    def note(self) -> Issue:
        """What the sender is told."""
        message = f"'{self.sent}' is kept as what it means here: {self.because}."
        return Issue("informational", "lenient", message, f"{self.type}.{self.element}", "information")


@cache
def leniencies(path: Path = LENIENCIES) -> tuple[Lenience, ...]:
    """The rows. Raises ValueError that names the file and what is wrong in it."""
    try:
        rows = tomllib.loads(path.read_text(encoding="utf-8"))["lenience"]
        return tuple(Lenience(**{**row, "peers": tuple(row["peers"])}) for row in rows)
    except (KeyError, TypeError, tomllib.TOMLDecodeError) as problem:
        raise ValueError(f"{path}: {problem}") from problem


def peers() -> tuple[str, ...]:
    """The names that a system may be registered by."""
    return tuple(dict.fromkeys((ANY, STRICT, *(peer for row in leniencies() for peer in row.peers))))


def forgive(peer: str, tree: JsonObject, before: JsonObject | None) -> Iterator[Issue]:
    """Puts into the tree what is kept, and tells of each; what stands there already stays."""
    for row in leniencies():
        if peer in row.peers and row.type == tree.get("resourceType") and tree.get(row.element) == row.sent:
            tree[row.element] = before.get(row.element, row.kept) if before is not None else row.kept
            yield row.note
