"""The simple paths of the registry: `code`, `provision.actor.reference`, `occurrence[x]`, `output.valueReference`,
`for:Patient`, `telecom[system=phone]`.

`name[x]` is every type that a choice may have, `valueReference` one of them; `:Patient` keeps only references to that
type, `[system=phone]` only what has that in it (an extension has a `url`). Each is resolved against the R4 tables when
the registry is read, so that a misspelt path stops the start.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from app.fhir.tables import Element, Kind, r4


@dataclass(frozen=True, slots=True)
class Step:
    """One member on the way down; `repeats` when it holds an array, `where` (name, value) what is kept of it."""

    name: str
    repeats: bool
    where: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Leaf:
    """What stands at the end of a path: the way there, its type, the value set that fixes its code system, the type
    kept."""

    steps: tuple[Step, ...]
    kind: Kind
    codes: str
    only: str


_ONLY = re.compile(r":([A-Za-z]+)$")
_PART = re.compile(r"([^.\[]+(?:\[x\])?)(?:\[(\w+)=([^\]]*)\])?")


def leaves(type_name: str, path: str) -> tuple[Leaf, ...]:
    """Every place that a path leads to. Raises ValueError when the R4 tables do not know it."""
    kept_type = _ONLY.search(path)
    only, dotted = kept_type[1] if kept_type else "", _ONLY.sub("", path)
    parts = list(_PART.finditer(dotted))
    if only and only not in r4().resource_types:
        raise ValueError(f"{type_name}.{path}: no such resource type")
    found = [Leaf((), Kind(type_name), "", only)] if dotted == ".".join(part[0] for part in parts) != "" else []
    for name, kept, value in (part.groups("") for part in parts):
        found = [longer for leaf in found for longer in _below(leaf, name, (kept, value) if kept else None, type_name)]
    if not found:
        raise ValueError(f"{type_name}.{path}: R4 has no such element")
    return tuple(found)


def _below(leaf: Leaf, name: str, where: tuple[str, str] | None, type_name: str) -> list[Leaf]:
    parent = _parent_path(leaf, type_name)
    return [
        Leaf((*leaf.steps, Step(json_name, element.maximum != 1, where)), kind, element.codes, leaf.only)
        for element in r4().children(parent)
        for json_name, kind in element.json_names().items()
        if name in (element.name, json_name) and (where is None or _has(kind, where[0]))
    ]


def _has(kind: Kind, name: str) -> bool:
    return any(name == element.name for element in r4().children(kind.code))


def _parent_path(leaf: Leaf, type_name: str) -> str:
    """Where the children of a leaf stand in the tables: under its type, or under its own path when it has no type
    of its own."""
    if leaf.kind.code in ("BackboneElement", "Element"):
        return _real_path(".".join((type_name, *(step.name for step in leaf.steps))))
    return leaf.kind.code


def _real_path(path: str) -> str:
    """Follows `@Consent.provision` (the children of another element)."""
    try:
        element: Element = r4().element(path)
    except KeyError:
        return path
    return element.children_of or path
