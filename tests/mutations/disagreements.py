"""Where the two validators do not agree, and who is right: disagreements.toml, one entry for each reason."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FILE = Path(__file__).parent / "disagreements.toml"
# `right`: who is right; "neither": what the packages do not decide
RIGHT = ("ours", "official", "neither")


@dataclass(frozen=True, slots=True)
class Disagreement:
    """Who is right, and why."""

    right: str
    reason: str


@cache
def disagreements() -> Mapping[str, Disagreement]:
    """By the id of the case. Raises ValueError for an entry that says too little, or a case in two of them."""
    found: dict[str, Disagreement] = {}
    for entry in tomllib.loads(FILE.read_text(encoding="utf-8")).get("disagreement", []):
        if entry["right"] not in RIGHT or not entry["reason"] or not entry["cases"]:
            raise ValueError(f"right is one of {RIGHT}, and a reason and cases must be there: {entry}")
        for name in entry["cases"]:
            if name in found:
                raise ValueError(f"{name} stands there twice")
            found[name] = Disagreement(entry["right"], entry["reason"])
    return found
