"""What the official definitions say of a type's search parameters, written as lines of its TOML file.

    python -m tools.search_facts ../shared/fhir/packages Task CareTeam

Every parameter of R4, US Core and the guides is printed, R4's own definition before one derived from it; what cannot be
a path here is a comment that says so. A person chooses from it: the files in `fhir_profiles/resources` are reviewed
data, and `tests/fhir/test_registry_facts.py` holds them against these definitions.
"""

from __future__ import annotations

import json
import re
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from app.fhir.paths import leaves
from app.fhir.registry import READABLE

Json = dict[str, Any]
# later ones add what earlier ones do not define
PACKAGES = (
    "hl7.fhir.r4.core#4.0.1",
    "hl7.fhir.us.sdoh-clinicalcare#3.0.0",
    "hl7.fhir.us.core#7.0.0",
    "hl7.fhir.us.core#6.1.0",
    "hl7.fhir.us.core#3.1.1",
)
_NAME = r"[A-Za-z.]+"
_CAST = re.compile(rf"\((?P<of>{_NAME}) as (?P<kind>\w+)\)|(?P<of2>{_NAME})\.(?:as|ofType)\((?P<kind2>\w+)\)")
_WHERE = re.compile(rf"(?P<of>{_NAME})\.where\((?P<name>url|system) ?= ?'(?P<value>[^']+)'\)")
_RESOLVED = re.compile(r"\.where\(resolve\(\) is (\w+)\)$")
# a series of measurements is no quantity to compare with
_NO_ONE_VALUE = "SampledData"
# a code of the system that stands beside it: the index keeps both
_CODE_OF = {"extension.value.code": "extension.valueCoding", "value.coding.code": "valueCodeableConcept"}


def definitions(folder: Path) -> Iterator[Json]:
    """Every SearchParameter of the packages, those of R4 first."""
    for name in PACKAGES:
        with tarfile.open(folder / f"{name}.tgz") as archive:
            for member in archive:
                if member.name.startswith("package/SearchParameter-") and member.name.endswith(".json"):
                    yield json.load(archive.extractfile(member) or sys.exit(2))


def patient_compartment(folder: Path) -> dict[str, tuple[str, ...]]:
    """Type -> the parameters by which R4 counts it to a Patient's compartment."""
    with tarfile.open(folder / f"{PACKAGES[0]}.tgz") as archive:
        tree = json.load(archive.extractfile("package/CompartmentDefinition-patient.json") or sys.exit(2))
    return {each["code"]: tuple(each.get("param", ())) for each in tree["resource"]}


def paths_of(definition: Json, type_name: str) -> list[str] | None:
    """The paths that a definition's expression means for one type; None where no path can say it."""
    parts = [part.strip() for part in (definition.get("expression") or "").split(" | ")]
    mine = [part for part in parts if re.match(rf"\(?{type_name}\.", part) and _NO_ONE_VALUE not in part]
    found = [_path(part, type_name, definition["type"]) for part in mine]
    named = [path for path in found if path]
    return named if named and len(named) == len(found) else None


def _path(expression: str, type_name: str, kind: str) -> str | None:
    text = expression
    if "hasExtension" in text:
        return None
    resolved = _RESOLVED.search(text)
    text = _RESOLVED.sub("", text)
    text = _CAST.sub(lambda m: _cast(m["of"] or m["of2"], m["kind"] or m["kind2"]), text)
    text = _WHERE.sub(r"\g<of>[\g<name>=\g<value>]", text).strip("()")
    for written, meant in _CODE_OF.items():
        text = text.removesuffix(written) + meant if text.endswith("]." + written) else text
    if re.search(r"[() ]", text):
        return None
    path = text.removeprefix(f"{type_name}.") + (f":{resolved[1]}" if resolved else "")
    return _choice(type_name, path, kind)


def _cast(of: str, kind: str) -> str:
    """`(Goal.start as date)` is one of the names that a choice has."""
    type_name, _, path = of.partition(".")
    named = path + kind[0].upper() + kind[1:]
    try:
        leaves(type_name, named)
    except ValueError:
        return of
    return f"{type_name}.{named}"


def _choice(type_name: str, path: str, kind: str) -> str | None:
    """A choice is written `x[x]`, or by the one name that this kind of parameter can read."""
    for name in (path, f"{path}[x]"):
        try:
            found = leaves(type_name, name)
        except ValueError:
            continue
        readable = [leaf for leaf in found if leaf.kind.code in READABLE.get(kind, ())]
        if name.endswith("[x]") and len(readable) == 1:
            return ".".join((*path.split(".")[:-1], readable[0].steps[-1].name))
        return name if readable else None
    return None


def lines(folder: Path, type_name: str) -> Iterator[str]:
    """The lines of a type's file; the first definition of a code is the one that counts."""
    seen: set[str] = set()
    for definition in definitions(folder):
        code = definition["code"]
        if type_name not in definition.get("base", ()) or code in seen or code.startswith("_"):
            continue
        seen.add(code)
        paths = paths_of(definition, type_name)
        if paths is None:
            yield f"# {code}: {definition['type']}, {definition.get('expression', 'no expression')}"
        else:
            path = json.dumps(paths[0] if len(paths) == 1 else paths)
            yield f'{code} = {{ kind = "{definition["type"]}", path = {path}, url = "{definition["url"]}" }}'


if __name__ == "__main__":
    for asked in sys.argv[2:]:
        print(f"# {asked}; compartment = {list(patient_compartment(Path(sys.argv[1])).get(asked, ()))}")
        print("\n".join(sorted(lines(Path(sys.argv[1]), asked))))
