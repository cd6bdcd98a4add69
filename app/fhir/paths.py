"""The simple paths of the registry: `code`, `provision.actor.reference`, `occurrence[x]`, `output.valueReference`,
`for:Patient`.

`name[x]` is every type that a choice may have, `valueReference` one of them; `:Patient` keeps only references to that
type. Each is resolved against the R4 tables when the registry is read, so that a misspelt path stops the start.
"""

from __future__ import annotations

from dataclasses import dataclass

from app.fhir.tables import Element, Kind, r4


@dataclass(frozen=True, slots=True)
class Step:
    """One member on the way down; `repeats` when it holds an array."""

    name: str
    repeats: bool


@dataclass(frozen=True, slots=True)
class Leaf:
    """What stands at the end of a path: the way there, its type, the value set that fixes its code system, the type
    kept."""

    steps: tuple[Step, ...]
    kind: Kind
    codes: str
    only: str


def leaves(type_name: str, path: str) -> tuple[Leaf, ...]:
    """Every place that a path leads to. Raises ValueError when the R4 tables do not know it."""
    dotted, _, only = path.partition(":")
    if only and only not in r4().resource_types:
        raise ValueError(f"{type_name}.{path}: no such resource type")
    found = [Leaf((), Kind(type_name), "", only)]
    for name in dotted.split("."):
        found = [longer for leaf in found for longer in _below(leaf, name, type_name)]
    if not found:
        raise ValueError(f"{type_name}.{path}: R4 has no such element")
    return tuple(found)


def _below(leaf: Leaf, name: str, type_name: str) -> list[Leaf]:
    parent = _parent_path(leaf, type_name)
    return [
        Leaf((*leaf.steps, Step(json_name, element.maximum != 1)), kind, element.codes, leaf.only)
        for element in r4().children(parent)
        for json_name, kind in element.json_names().items()
        if name in (element.name, json_name)
    ]


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
