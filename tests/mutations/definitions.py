"""The official definitions, read where they lie beside the project.

Nothing of the program takes part: a generator that used its tables would share their mistakes.
"""

from __future__ import annotations

import json
import tarfile
from collections.abc import Iterator
from functools import cache
from typing import Any

from tests.parts import SHARED

Tree = dict[str, Any]

FOLDER = SHARED / "fhir"
GUIDE = "hl7.fhir.us.sdoh-clinicalcare#3.0.0"
R4 = "hl7.fhir.r4.core#4.0.1"
US_CORE = "hl7.fhir.us.core#7.0.0"
PACKAGES = (GUIDE, US_CORE, "hl7.fhir.uv.sdc#3.0.0", "hl7.fhir.uv.extensions.r4#5.2.0", R4)
R4_URL = "http://hl7.org/fhir/StructureDefinition/"
_KINDS = ("StructureDefinition-", "ValueSet-", "CodeSystem-")


@cache
def structure(url: str) -> Tree | None:
    """A profile, an extension or a type by its address; a version in it is passed over."""
    return _named("StructureDefinition", url)


@cache
def value_set(url: str) -> Tree | None:
    return _named("ValueSet", url)


@cache
def code_system(url: str) -> Tree | None:
    """By its address: the name of its file tells nothing."""
    return _code_systems().get(url)


@cache
def profiles_of_the_guide() -> dict[str, Tree]:
    """Id -> StructureDefinition."""
    files = _files(GUIDE)
    trees = [json.loads(body) for name, body in sorted(files.items()) if name.startswith(_KINDS[0])]
    return {tree["id"]: tree for tree in trees}


def examples_of_the_guide() -> Iterator[tuple[str, bytes]]:
    """(id, resource)."""
    for path in sorted((FOLDER / "examples").glob("*.json")):
        body = path.read_bytes()
        yield json.loads(body)["id"], body


def examples_of(package: str) -> Iterator[tuple[str, bytes]]:
    """(file name, resource) of all that a package has as examples."""
    with tarfile.open(FOLDER / "packages" / f"{package}.tgz") as archive:
        for member in archive:
            folder, _, name = member.name.rpartition("/")
            content = archive.extractfile(member) if folder == "package/example" and name[0] != "." else None
            if content is not None and name.endswith(".json"):
                yield name, content.read()


def bare(url: str) -> str:
    """A canonical address without its version."""
    return url.partition("|")[0]


def _named(kind: str, url: str) -> Tree | None:
    """The files are named by ids, which are the last parts of addresses."""
    url = bare(url)
    for package in PACKAGES:
        body = _files(package).get(f"{kind}-{url.rpartition('/')[2]}.json")
        tree = json.loads(body) if body is not None else None
        if tree is not None and tree["url"] == url:
            found: Tree = tree
            return found
    return None


@cache
def _code_systems() -> dict[str, Tree]:
    trees = [
        json.loads(body)
        for package in reversed(PACKAGES)
        for name, body in _files(package).items()
        if name.startswith("CodeSystem-") and b'"concept"' in body
    ]
    return {tree["url"]: tree for tree in trees if tree.get("content") == "complete"}


@cache
def _files(package: str) -> dict[str, bytes]:
    """File name -> content of a package's definitions."""
    found = {}
    with tarfile.open(FOLDER / "packages" / f"{package}.tgz") as archive:
        for member in archive:
            folder, _, name = member.name.rpartition("/")
            if folder == "package" and name.startswith(_KINDS):
                content = archive.extractfile(member)
                if content is not None:
                    found[name] = content.read()
    return found
