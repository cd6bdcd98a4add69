"""Small valid resources; a test states only what matters to it."""

from __future__ import annotations

import copy
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
