"""The facts of R4 4.0.1 as they stand in `fhir_profiles/r4/*.tsv`: types, elements in their order, codes of
required bindings.

Read once for each process and never changed. Who compiles them: `structure.py` (checks), `registry.py` (search
parameters).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

PROFILES = Path(__file__).resolve().parents[2] / "fhir_profiles"


@dataclass(frozen=True, slots=True)
class Kind:
    """One type that an element may have; `targets` is empty when a reference may lead anywhere."""

    code: str
    targets: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Element:
    """One row: `maximum` is None for "any number"; `codes` names the value set of a required binding, `suggested` that
    of an extensible one; `kinds` of `@Path` are `children_of`."""

    path: str
    name: str
    minimum: int
    maximum: int | None
    kinds: tuple[Kind, ...]
    children_of: str
    codes: str
    flags: str
    suggested: str = ""

    @property
    def is_choice(self) -> bool:
        """True for `value[x]` and its like, whose JSON name carries the type."""
        return self.name.endswith("[x]")

    def json_names(self) -> dict[str, Kind]:
        """The names that the element has in JSON, each with its type."""
        if not self.is_choice:
            return {self.name: self.kinds[0] if self.kinds else Kind("BackboneElement")}
        stem = self.name[:-3]
        return {stem + kind.code[0].upper() + kind.code[1:]: kind for kind in self.kinds}


@dataclass(frozen=True, slots=True)
class Type:
    """A type's name, `kind` (resource, datatype, primitive) and base."""

    name: str
    kind: str
    base: str
    abstract: bool


class Tables:
    """All three tables. `children("Task.input")` are the elements below a path, `children("Task")` those of a type,
    base first."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._rows: dict[str, list[str]] = {}
        for line in _lines(folder / "elements.tsv"):
            self._rows.setdefault(line[: line.index("\t")].rpartition(".")[0], []).append(line)

    @cached_property
    def types(self) -> Mapping[str, Type]:
        rows = (line.split("\t") for line in _lines(self._folder / "types.tsv"))
        return {name: Type(name, kind, base, bool(abstract)) for name, kind, base, abstract in rows}

    @cached_property
    def resource_types(self) -> frozenset[str]:
        """The types that a resource may have."""
        return frozenset(t.name for t in self.types.values() if t.kind == "resource" and not t.abstract)

    @cached_property
    def codes(self) -> Mapping[str, Mapping[str, tuple[str, ...]]]:
        """Value set -> code system -> codes."""
        found: dict[str, dict[str, tuple[str, ...]]] = {}
        for line in _lines(self._folder / "codes.tsv"):
            name, system, codes = line.split("\t")
            found.setdefault(name, {})[system] = tuple(codes.split(" "))
        return found

    def children(self, path: str) -> tuple[Element, ...]:
        """The elements of a type or below a path, inherited ones first, in the order of the specification."""
        if path in self.types:
            base = self.types[path].base
        else:
            base = (
                "BackboneElement"
                if any(kind.code == "BackboneElement" for kind in self.element(path).kinds)
                else "Element"
            )
        inherited = self.children(base) if base in self.types else ()
        return inherited + tuple(_element(line) for line in self._rows.get(path, ()))

    def element(self, path: str) -> Element:
        """The row of one path. Raises KeyError when there is none."""
        parent = path.rpartition(".")[0]
        for line in self._rows.get(parent, ()):
            if line.startswith(path + "\t"):
                return _element(line)
        raise KeyError(path)


@cache
def r4() -> Tables:
    """The tables of R4 4.0.1."""
    return Tables(PROFILES / "r4")


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines()[1:]


def _element(line: str) -> Element:
    path, minimum, maximum, types, codes, flags = line.split("\t")
    children_of = types[1:] if types.startswith("@") else ""
    kinds = () if children_of else tuple(_kind(text) for text in types.split(" "))
    return Element(
        path,
        path.rpartition(".")[2],
        int(minimum),
        None if maximum == "*" else int(maximum),
        kinds,
        children_of,
        "" if codes.startswith("+") else codes,
        flags,
        codes[1:] if codes.startswith("+") else "",
    )


def _kind(text: str) -> Kind:
    code, _, targets = text.rstrip(")").partition("(")
    return Kind(code, tuple(targets.split(",")) if targets else ())
