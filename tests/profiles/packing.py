"""FHIR packages as a site drops them: a .tgz with `package/package.json` and one definition in each file."""

import gzip
import io
import json
import tarfile
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

Tree = dict[str, Any]
R4 = "http://hl7.org/fhir/StructureDefinition/"
NONE: Mapping[str, bytes] = MappingProxyType({})
SITE = "https://county.example/fhir/"


def manifest(name: str = "county.example", version: str = "1.0.0", fhir: str = "4.0.1") -> Tree:
    return {"name": name, "version": version, "fhirVersions": [fhir]}


def packed(*definitions: Tree, head: Tree | None = None, files: Mapping[str, bytes] = NONE) -> bytes:
    """A package with these definitions; `head` None is a good manifest; `files`: more of them by name."""
    whole = {"package/package.json": json.dumps(head if head is not None else manifest()).encode()}
    for number, tree in enumerate(definitions):
        whole[f"package/{tree['resourceType']}-{number}.json"] = json.dumps(tree).encode()
    return archive({**whole, **files})


def archive(files: Mapping[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as made:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            made.addfile(entry, io.BytesIO(content))
    return gzip.compress(stream.getvalue(), compresslevel=1)


def dropped(folder: Path, body: bytes, name: str = "package.tgz") -> str:
    """The path of a file with these bytes."""
    path = folder / name
    path.write_bytes(body)
    return str(path)


def profile(type_name: str, *elements: Tree, name: str = "", base: str = "") -> Tree:
    """A profile without a snapshot. An element: `{"path": "Task.priority", "min": 1}`."""
    name = name or f"county-{type_name.lower()}"
    return {
        "resourceType": "StructureDefinition",
        "url": f"{SITE}StructureDefinition/{name}",
        "version": "1.0.0",
        "name": name.title().replace("-", ""),
        "title": name,
        "status": "active",
        "fhirVersion": "4.0.1",
        "kind": "resource",
        "abstract": False,
        "type": type_name,
        "baseDefinition": base or R4 + type_name,
        "derivation": "constraint",
        "differential": {"element": [{"id": each["path"], **each} for each in elements]},
    }


def code_system(name: str, *codes: str) -> Tree:
    return {
        "resourceType": "CodeSystem",
        "url": f"{SITE}CodeSystem/{name}",
        "version": "1.0.0",
        "title": name,
        "status": "active",
        "content": "complete",
        "concept": [{"code": code, "display": code.title()} for code in codes],
    }


def value_set(name: str, system: str, *codes: str) -> Tree:
    """These codes of a system of the site's; without codes, all of it."""
    include: Tree = {"system": f"{SITE}CodeSystem/{system}"}
    if codes:
        include["concept"] = [{"code": code} for code in codes]
    return {
        "resourceType": "ValueSet",
        "url": f"{SITE}ValueSet/{name}",
        "version": "1.0.0",
        "title": name,
        "status": "active",
        "compose": {"include": [include]},
    }
