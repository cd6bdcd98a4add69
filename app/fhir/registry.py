"""The one registry of served types: `fhir_profiles/resources/<Type>.toml` says what each can do.

Routes, search parameters, includes and the CapabilityStatement all come from here; adding a type or an ordinary
parameter is adding data. A mistake in a file (an element that R4 does not have, an include of a parameter that is no
reference) stops the start with the file's name.

*Source*: SDOH Clinical Care 3.0.0, CapabilityStatement SDOHCC-CoordinationPlatform (sheet section 4).
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from app.fhir.paths import leaves
from app.fhir.tables import PROFILES, r4

INTERACTIONS = ("create", "read", "vread", "update", "search-type")
# Which types of element each kind of parameter can read.
READABLE = MappingProxyType(
    {
        "token": frozenset(
            ("code", "CodeableConcept", "Coding", "Identifier", "ContactPoint", "boolean", "string", "id", "uri")
        ),
        "reference": frozenset(("Reference", "canonical")),
        "date": frozenset(("date", "dateTime", "instant", "Period", "Timing")),
        "string": frozenset(("string", "markdown", "HumanName", "Address")),
        "uri": frozenset(("uri", "url", "canonical", "oid", "uuid")),
    }
)


@dataclass(frozen=True, slots=True)
class SearchParameter:
    """One line of a file: how a type can be searched; `targets` of a reference is empty when it may lead to any
    type."""

    type: str
    code: str
    kind: str
    paths: tuple[str, ...]
    targets: tuple[str, ...]
    url: str


@dataclass(frozen=True, eq=False)
class ResourceType:
    """One served type; equal only to itself, so that what is compiled from it can be kept beside it."""

    name: str
    interactions: tuple[str, ...]
    parameters: Mapping[str, SearchParameter]
    includes: tuple[str, ...]
    profiles: tuple[str, ...]


@dataclass(frozen=True)
class Registry:
    """All served types by name."""

    types: Mapping[str, ResourceType]

    @classmethod
    def load(cls, folder: Path = PROFILES / "resources") -> Registry:
        """Every file of the folder, read once. Raises ValueError that names the file and what is wrong in it."""
        return cls(_read_all(folder))


@cache
def _read_all(folder: Path) -> Mapping[str, ResourceType]:
    """Once in a process: what is compiled from a type is kept beside it, and would be made anew for its double."""
    types = [_read(path) for path in sorted(folder.glob("*.toml"))]
    return MappingProxyType({resource_type.name: resource_type for resource_type in types})


def _read(path: Path) -> ResourceType:
    name = path.stem
    try:
        tree = tomllib.loads(path.read_text(encoding="utf-8"))
        if name not in r4().resource_types:
            raise ValueError("R4 has no such resource type")
        parameters = {code: _parameter(name, code, line) for code, line in tree["parameters"].items()}
        _check(tree, parameters)
    except (KeyError, TypeError, ValueError) as problem:
        raise ValueError(f"{path}: {problem}") from problem
    return ResourceType(
        name,
        tuple(tree["interactions"]),
        MappingProxyType(parameters),
        tuple(tree["includes"]),
        tuple(tree["profiles"]),
    )


def _parameter(type_name: str, code: str, line: dict[str, Any]) -> SearchParameter:
    if set(line) != {"kind", "path", "url"}:
        raise ValueError(f"{code}: a parameter has kind, path and url")
    kind = line["kind"]
    paths = (line["path"],) if isinstance(line["path"], str) else tuple(line["path"])
    found = [leaf for path in paths for leaf in leaves(type_name, path)]
    readable = [leaf for leaf in found if leaf.kind.code in READABLE[kind]]
    # A whole choice, `occurrence[x]`, may have types that this kind of parameter does not read; a plain path may not.
    if not readable or any(leaf not in readable for leaf in found if "[x]" not in "".join(paths)):
        raise ValueError(
            f"{code}: a {kind} parameter cannot read {', '.join(sorted({leaf.kind.code for leaf in found}))}"
        )
    return SearchParameter(type_name, code, kind, paths, _targets(readable), line["url"])


def _targets(found: list[Any]) -> tuple[str, ...]:
    if any(not leaf.only and not leaf.kind.targets for leaf in found):
        return ()
    return tuple(sorted({target for leaf in found for target in ((leaf.only,) if leaf.only else leaf.kind.targets)}))


def _check(tree: dict[str, Any], parameters: Mapping[str, SearchParameter]) -> None:
    unknown = set(tree) - {"interactions", "includes", "profiles", "parameters"}
    if unknown:
        raise ValueError(f"unknown setting {', '.join(sorted(unknown))}")
    for interaction in tree["interactions"]:
        if interaction not in INTERACTIONS:
            raise ValueError(f"unknown interaction {interaction}")
    for include in tree["includes"]:
        if include not in parameters or parameters[include].kind != "reference":
            raise ValueError(f"include {include} is not a reference parameter of this type")
