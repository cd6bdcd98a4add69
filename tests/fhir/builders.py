"""Small valid resources; a test states only what matters to it."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

from app.fhir.json import JsonObject, parse
from app.fhir.tables import PROFILES

DELETE = object()


def minimal(type_name: str, **changes: Any) -> JsonObject:
    """The shipped example of a type with members changed; `DELETE` takes one away, `for_` writes `for`."""
    tree = parse((PROFILES / "examples" / type_name / "minimal.json").read_bytes())
    for name, value in changes.items():
        name = name.rstrip("_") if not name.startswith("_") else name
        if value is DELETE:
            del tree[name]
        else:
            tree[name] = copy.deepcopy(value)
    return tree


def cases(name: str) -> list[JsonObject]:
    """The lines of a file of cases; numbers keep the form they are written in."""
    lines = (Path(__file__).parent / "cases" / f"{name}.jsonl").read_bytes().splitlines()
    return [parse(line) for line in lines]


def changed(case: JsonObject) -> JsonObject:
    """The example of the case's `type`, `without` some members and `with` others."""
    kept = {key: value for key, value in minimal(case["type"]).items() if key not in case.get("without", ())}
    return {**kept, **case.get("with", {})}
