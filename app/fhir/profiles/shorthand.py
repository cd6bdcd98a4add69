"""A differential may name an element with a choice of types by one of them: `valueQuantity.unit`. In full that is
`value[x]:valueQuantity.unit`, a slice by type. *Source*: R4 profiling.html#slicing, elementdefinition.html (path)."""

from __future__ import annotations

from app.fhir.tables import Element, Kind, r4


class NoElement(ValueError):
    """R4 has no such element."""


def in_full(path: str, type_name: str) -> tuple[str, dict[str, Kind], Element | None]:
    """(path, the slices by type in it: their type by their name, R4's row of what it leads to, None where nobody can
    tell). Raises NoElement."""
    place: str | None = type_name
    found: dict[str, Kind] = {}
    parts: list[str] = []
    row: Element | None = None
    for part in path.split(".") if path else ():
        row = None
        if place is not None:
            part, row, kind = _element(part, place)
            if kind is not None:
                found[".".join([*parts, part])] = kind
            place = _below(row, kind)
        parts.append(part)
    return ".".join(parts), found, row


def _element(part: str, place: str) -> tuple[str, Element, Kind | None]:
    """(the part in full, its row, its type where it is a choice and says so)"""
    name, _, slice_name = part.partition(":")
    rows = r4().children(place)
    for row in rows:
        if row.name == name:
            return part, row, row.json_names().get(slice_name) if row.is_choice else None
    for row in rows:
        if row.is_choice and name in row.json_names():
            return f"{row.name}:{name}", row, row.json_names()[name]
    raise NoElement(f"R4 has no element {name} in {place}")


def _below(row: Element, kind: Kind | None) -> str | None:
    """Where the tables have what stands below; None where nobody can tell yet."""
    kinds = [kind] if kind is not None else list(row.json_names().values())
    if len(kinds) != 1 or kinds[0].code == "Resource":
        return None
    known = r4().types.get(kinds[0].code)
    if known is not None and known.kind == "primitive":  # which has a value and no element for it
        return None
    own = kinds[0].code in ("BackboneElement", "Element")
    return row.children_of or (row.path if own else kinds[0].code)
