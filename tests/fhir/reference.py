"""HL7's own definitions and examples, read where they lie beside the project; a test without them says so and is
skipped."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest

from app.fhir.json import JsonObject, parse
from tests.parts import SHARED

FOLDER = SHARED / "fhir"
R4 = "hl7.fhir.r4.core#4.0.1"
GUIDE = "hl7.fhir.us.sdoh-clinicalcare#3.0.0"
US_CORE = tuple(f"hl7.fhir.us.core#{version}" for version in ("7.0.0", "6.1.0", "3.1.1"))


def examples() -> dict[str, bytes]:
    """File name -> bytes of every example of SDOH Clinical Care."""
    _need()
    return {path.name: path.read_bytes() for path in sorted((FOLDER / "examples").glob("*.json"))}


def resources(package: str, kind: str = "") -> Iterator[tuple[str, bytes]]:
    """(file name, bytes) of the resources of a package, those whose file name begins with `kind`."""
    _need()
    with tarfile.open(FOLDER / "packages" / f"{package}.tgz") as archive:
        for member in archive:
            name = member.name.removeprefix("package/")
            if name.endswith(".json") and "/" not in name and name.startswith(kind):
                content = archive.extractfile(member)
                if content is not None and name not in ("package.json", ".index.json"):
                    yield name, content.read()


def package_examples(package: str) -> Iterator[tuple[str, bytes]]:
    """(file name, bytes) of the examples that a package brings along."""
    _need()
    with tarfile.open(FOLDER / "packages" / f"{package}.tgz") as archive:
        for member in archive:
            content = archive.extractfile(member) if member.name.startswith("package/example/") else None
            if content is not None and member.name.endswith(".json"):
                yield member.name.rpartition("/")[2], content.read()


@cache
def search_parameters() -> dict[str, JsonObject]:
    """Canonical address -> SearchParameter, of R4, the guide and US Core; the newest one."""
    packages = (*reversed(US_CORE), GUIDE, R4)
    trees = [parse(body) for package in packages for _, body in resources(package, "SearchParameter-")]
    return {tree["url"]: tree for tree in trees}


@cache
def elements() -> dict[str, JsonObject]:
    """Path -> ElementDefinition of R4's base types, from their snapshots."""
    found: dict[str, Any] = {}
    for _, body in resources(R4, "StructureDefinition-"):
        tree = parse(body)
        if tree.get("derivation") != "constraint":
            for element in tree["snapshot"]["element"]:
                found.setdefault(element["path"], element)
    return found


def _need() -> None:
    if not FOLDER.is_dir():
        pytest.skip("reference definitions not at ../shared/fhir")
