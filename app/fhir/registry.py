"""The one registry of served types: `fhir_profiles/resources/<Type>.toml` says what each can do.

Routes, search parameters, includes and the CapabilityStatement all come from here; adding a type or an ordinary
parameter is adding data. A mistake in a file (an element that R4 does not have, an include of a parameter that is no
reference) stops the start with the file's name.

*Source*: SDOH Clinical Care 3.0.0, CapabilityStatement SDOHCC-CoordinationPlatform (sheet section 4).
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from app.fhir.index_unsearched import OF_TYPES, UNSEARCHED
from app.fhir.paths import leaves
from app.fhir.tables import PROFILES, r4

INTERACTIONS = (
    "create",
    "read",
    "vread",
    "update",
    "patch",
    "delete",
    "history-instance",
    "history-type",
    "search-type",
)
SETTINGS = frozenset(("interactions", "profiles", "includes", "revincludes", "compartment", "public", "parameters"))
QUANTITIES = frozenset(("Quantity", "Age", "Count", "Distance", "Duration", "Money", "Range"))
# Which types of element each kind of parameter can read; a composite reads what its components read.
READABLE = MappingProxyType(
    {
        "token": frozenset(
            ("code", "CodeableConcept", "Coding", "Identifier", "ContactPoint", "boolean", "string", "id", "uri")
        ),
        "reference": frozenset(("Reference", "canonical")),
        "date": frozenset(("date", "dateTime", "instant", "Period", "Timing")),
        "string": frozenset(("string", "markdown", "HumanName", "Address")),
        "uri": frozenset(("uri", "url", "canonical", "oid", "uuid")),
        "quantity": QUANTITIES,
        "number": frozenset(("decimal", "integer", "positiveInt", "unsignedInt")),
        "composite": frozenset(),
    }
)


@dataclass(frozen=True, slots=True)
class SearchParameter:
    """One line of a file: how a type can be searched; `targets` of a reference is empty when it may lead to any
    type; a composite has two `components`, token parameters of the same type, and no paths; `reads` are the data types
    that it finds at its paths."""

    type: str
    code: str
    kind: str
    paths: tuple[str, ...]
    targets: tuple[str, ...]
    url: str
    components: tuple[str, ...] = ()
    reads: frozenset[str] = frozenset()


@dataclass(frozen=True, eq=False)
class ResourceType:
    """One served type; equal only to itself, so that what is compiled from it can be kept beside it.

    `revincludes` are `Type:parameter` of other served types; `compartment` the parameters by which a resource lies in
    a Patient's compartment; `public`: it tells nothing about anybody, and everybody sees it. Of `renewing` parameters
    resources stored before lack some rows; `building` ones answer nothing yet and are no parameters here.
    """

    name: str
    interactions: tuple[str, ...]
    parameters: Mapping[str, SearchParameter]
    includes: tuple[str, ...]
    profiles: tuple[str, ...]
    revincludes: tuple[str, ...] = ()
    compartment: tuple[str, ...] = ()
    public: bool = False
    renewing: frozenset[str] = frozenset()
    building: frozenset[str] = frozenset()

    @property
    def stored(self) -> bool:
        """Whether somebody writes it; what is computed when it is asked for has no search rows."""
        return "create" in self.interactions

    @property
    def indexed(self) -> frozenset[str]:
        """The codes under which it has rows: its parameters, and what no parameter reads where that is kept too."""
        return frozenset(self.parameters) | ({UNSEARCHED} if self.name in OF_TYPES else set())


Pairs = frozenset[tuple[str, str]]


@dataclass(frozen=True)
class Registry:
    """All served types by name."""

    types: Mapping[str, ResourceType]

    @classmethod
    def load(cls, folder: Path = PROFILES / "resources", every_type: Path = PROFILES / "every_type.toml") -> Registry:
        """Every file of the folder, read once; `every_type` holds the parameters that all types have. Raises ValueError
        that names the file and what is wrong in it."""
        return cls(_read_all(folder, every_type))

    def while_building(self, building: Pairs, renewing: Pairs) -> Registry:
        """What may be asked for while these (type, code) are built or renewed: half an answer is none."""
        if not building and not renewing:
            return self
        types = {name: _answerable(served, building, renewing) for name, served in self.types.items()}
        return Registry(MappingProxyType(types))


@cache
def _read_all(folder: Path, every_type: Path) -> Mapping[str, ResourceType]:
    """Once in a process: what is compiled from a type is kept beside it, and would be made anew for its double."""
    common = tomllib.loads(every_type.read_text(encoding="utf-8"))["parameters"]
    types = {path.stem: _read(path, common) for path in sorted(folder.glob("*.toml"))}
    for resource_type in types.values():
        _check_revincludes(folder / f"{resource_type.name}.toml", resource_type, types)
    return MappingProxyType(types)


def _answerable(served: ResourceType, building: Pairs, renewing: Pairs) -> ResourceType:
    waiting = frozenset(code for code in served.parameters if (served.name, code) in building)
    parameters = {code: each for code, each in served.parameters.items() if code not in waiting}
    return replace(
        served,
        parameters=MappingProxyType(parameters),
        includes=tuple(code for code in served.includes if code not in waiting),
        revincludes=tuple(each for each in served.revincludes if tuple(each.split(":")) not in building),
        renewing=frozenset(code for code in parameters if (served.name, code) in renewing),
        building=waiting,
    )


def _read(path: Path, common: Mapping[str, Any]) -> ResourceType:
    name = path.stem
    try:
        tree = tomllib.loads(path.read_text(encoding="utf-8"))
        if name not in r4().resource_types:
            raise ValueError("R4 has no such resource type")
        lines = {**tree["parameters"], **common}
        parameters = {code: _parameter(name, code, line) for code, line in lines.items()}
        _check(tree, parameters)
        return ResourceType(
            name,
            tuple(tree["interactions"]),
            MappingProxyType(parameters),
            tuple(tree["includes"]),
            tuple(tree["profiles"]),
            tuple(tree.get("revincludes", ())),
            tuple(tree.get("compartment", ())),
            bool(tree.get("public", False)),
        )
    except (KeyError, TypeError, ValueError) as problem:
        raise ValueError(f"{path}: {problem}") from problem


def _parameter(type_name: str, code: str, line: dict[str, Any]) -> SearchParameter:
    kind: str = line.get("kind", "")
    if kind == "composite":
        if set(line) != {"kind", "components", "url"} or len(line["components"]) != 2:
            raise ValueError(f"{code}: a composite parameter has kind, url and two components")
        return SearchParameter(type_name, code, kind, (), (), line["url"], tuple(line["components"]))
    if set(line) != {"kind", "path", "url"}:
        raise ValueError(f"{code}: a parameter has kind, path and url")
    paths = (line["path"],) if isinstance(line["path"], str) else tuple(line["path"])
    found = [leaf for path in paths for leaf in leaves(type_name, path)]
    readable = [leaf for leaf in found if leaf.kind.code in READABLE[kind]]
    # A whole choice, `occurrence[x]`, may have types that this kind of parameter does not read; a plain path may not.
    if not readable or any(leaf not in readable for leaf in found if "[x]" not in "".join(paths)):
        raise ValueError(
            f"{code}: a {kind} parameter cannot read {', '.join(sorted({leaf.kind.code for leaf in found}))}"
        )
    reads = frozenset(leaf.kind.code for leaf in readable)
    return SearchParameter(type_name, code, kind, paths, _targets(readable), line["url"], reads=reads)


def _targets(found: list[Any]) -> tuple[str, ...]:
    if any(not leaf.only and not leaf.kind.targets for leaf in found):
        return ()
    return tuple(sorted({target for leaf in found for target in ((leaf.only,) if leaf.only else leaf.kind.targets)}))


def _check(tree: dict[str, Any], parameters: Mapping[str, SearchParameter]) -> None:
    unknown = set(tree) - SETTINGS
    if unknown:
        raise ValueError(f"unknown setting {', '.join(sorted(unknown))}")
    for interaction in tree["interactions"]:
        if interaction not in INTERACTIONS:
            raise ValueError(f"unknown interaction {interaction}")
    for setting in ("includes", "compartment"):
        for code in tree.get(setting, ()):
            if code not in parameters or parameters[code].kind != "reference":
                raise ValueError(f"{setting}: {code} is not a reference parameter of this type")
    for parameter in parameters.values():
        for code in parameter.components:
            if code not in parameters or parameters[code].kind != "token":
                raise ValueError(f"{parameter.code}: the component {code} is not a token parameter of this type")


def _check_revincludes(path: Path, resource_type: ResourceType, types: Mapping[str, ResourceType]) -> None:
    """What is sent along backwards must be served, and able to refer to this type."""
    for each in resource_type.revincludes:
        source, _, code = each.partition(":")
        parameter = types[source].parameters.get(code) if source in types else None
        if parameter is None or parameter.kind != "reference":
            raise ValueError(f"{path}: revincludes: {each} is not a reference parameter of a served type")
        if parameter.targets and resource_type.name not in parameter.targets:
            raise ValueError(f"{path}: revincludes: {each} does not lead to {resource_type.name}")
