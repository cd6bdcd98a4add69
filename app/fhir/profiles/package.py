"""An official FHIR package: a .tgz with a folder `package`, one definition in each JSON file.

*Source*: FHIR NPM Package Specification.
"""

from __future__ import annotations

import gzip
import io
import tarfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import IO, Any

from app.fhir.cells import in_one_line
from app.fhir.json import JsonObject, reread
from app.fhir.terminology import definitions
from app.fhir.terminology.facts import CodeSystemFacts, ValueSetFacts, proved

MANIFEST = "package.json"
# a package of all value sets of a country has some 25,000 files
MAX_FILES = 100_000
MAX_FILE_BYTES = 64 * 1024 * 1024
MAX_BYTES = 4 * 1024 * 1024 * 1024
# a name in the archive, or what its headers say beside
MAX_HEADER_BYTES = 64 * 1024


class NotAPackage(ValueError):
    """The bytes are no FHIR package that can be read here; the message says why."""


@dataclass(slots=True)
class Package:
    """`name` is name#version; definitions by address. Value sets are facts at once, since there may be thousands; those
    with filters wait for the code systems. `words`: (system, code) -> what a value set says that it means."""

    name: str
    structures: dict[str, JsonObject] = field(default_factory=dict)
    code_systems: dict[str, JsonObject] = field(default_factory=dict)
    value_sets: dict[str, ValueSetFacts] = field(default_factory=dict)
    filtered: dict[str, JsonObject] = field(default_factory=dict)
    words: dict[tuple[str, str], str] = field(default_factory=dict)
    # address -> why it cannot be used
    refused: dict[str, str] = field(default_factory=dict)

    def keep(self, tree: Any) -> None:
        """Takes a definition in; what is none is passed over."""
        if type(tree) is not dict or type(tree.get("url")) is not str:
            return
        url = tree["url"]
        match tree.get("resourceType"):
            case "StructureDefinition":
                self.structures[url] = tree
            case "CodeSystem":
                self.code_systems[url] = tree
            case "ValueSet" if definitions.has_filters(tree):
                self.filtered[url] = tree
            case "ValueSet":
                self._value_set(url, tree, {})

    def settle(self, systems: Mapping[str, CodeSystemFacts]) -> None:
        """Makes facts of the value sets with filters, now that the code systems are known."""
        for url, tree in self.filtered.items():
            self._value_set(url, tree, systems)

    def _value_set(self, url: str, tree: JsonObject, systems: Mapping[str, CodeSystemFacts]) -> None:
        try:
            found, words = definitions.value_set(tree, systems), list(definitions.displays(tree))
            proved(found)
        except ValueError as problem:
            self.refused[url] = str(problem)
            return
        self.value_sets[url] = found
        for system, code, display in words:
            self.words.setdefault((system, code), display)


def read_package(body: bytes) -> Package:
    """The definitions of a package for R4. Raises NotAPackage."""
    package = Package("")
    for file_name, content in _files(body):
        tree = _tree(file_name, content)
        if file_name == MANIFEST:
            package.name = _name(tree)
        else:
            package.keep(tree)
    if not package.name:
        raise NotAPackage("it has no package/package.json")
    return package


def _name(manifest: Any) -> str:
    if type(manifest) is not dict:
        raise NotAPackage("package/package.json must be an object")
    name, version = manifest.get("name"), manifest.get("version")
    if type(name) is not str or type(version) is not str or not name:
        raise NotAPackage("package/package.json must say name and version")
    told = manifest.get("fhirVersions") or manifest.get("fhir-version-list") or []
    if type(told) is not list or (told and not any(str(each).startswith("4.0") for each in told)):
        raise NotAPackage("it is for another version of FHIR; Baton speaks R4 (4.0.1)")
    if f"{name}{version}" != in_one_line(f"{name}{version}"):
        raise NotAPackage("package/package.json must say name and version in one line each")
    return f"{name}#{version}"


def _files(body: bytes) -> Iterator[tuple[str, bytes]]:
    """The JSON files right below `package`, without its index."""
    total = 0
    stream = _Unpacked(body)
    try:
        with tarfile.open(fileobj=stream, mode="r:") as archive:
            for number, member in enumerate(archive):
                total += member.size
                if number > MAX_FILES or member.size > MAX_FILE_BYTES or total > MAX_BYTES:
                    raise NotAPackage(_TOO_LARGE)
                folder, _, name = member.name.removeprefix("./").rpartition("/")
                opened = archive.extractfile(member) if member.isfile() else None
                if opened is not None and folder == "package" and name.endswith(".json") and name[0] != ".":
                    yield name, stream.in_full(opened)
    except NotAPackage:
        raise
    except (tarfile.TarError, zlib.error, EOFError, OSError, ValueError, RecursionError) as problem:
        raise NotAPackage("it is not a gzipped tar archive, as FHIR packages are") from problem


_TOO_LARGE = "it is larger than any that is known"


class _Unpacked(gzip.GzipFile):
    """The tar archive in a .tgz. What it says of a file is read at once, so that it may only be short."""

    def __init__(self, body: bytes) -> None:
        super().__init__(fileobj=io.BytesIO(body), mode="rb")
        self._most = MAX_HEADER_BYTES

    def in_full(self, opened: IO[bytes]) -> bytes:
        """A file whose size is known and not too large."""
        self._most = MAX_FILE_BYTES
        try:
            return opened.read()
        finally:
            self._most = MAX_HEADER_BYTES

    def read(self, size: int | None = -1) -> bytes:
        if size is None or not 0 <= size <= self._most:
            raise NotAPackage(_TOO_LARGE)
        return super().read(size)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        if offset > MAX_BYTES:
            raise NotAPackage(_TOO_LARGE)
        return super().seek(offset, whence)


def _tree(name: str, content: bytes) -> Any:
    try:
        return reread(content)
    except (ValueError, RecursionError) as problem:
        raise NotAPackage(f"package/{name} is not there, or is not JSON") from problem
