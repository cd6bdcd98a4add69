"""Files as `baton profiles validate` judges them: JSON or XML, one resource each; a reference to one that another file
holds is followed."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from app.fhir import json, xml
from app.fhir.errors import Issue, Refusal, Structure
from app.fhir.fhirpath import Work
from app.fhir.json import JsonObject
from app.fhir.profiles.context import Memo
from app.fhir.profiles.guides import Conformance
from app.fhir.tables import r4
from app.fhir.terminology.membership import ValueSets
from app.services.profiles.judge import judge, named

MAX_FILE_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Judged:
    """One file and all that is wrong with it."""

    path: Path
    issues: tuple[Issue, ...]

    def count(self, severity: str) -> int:
        return sum(1 for issue in self.issues if issue.severity == severity)


class _Files:
    """What the files hold, and the value sets."""

    unread = 0

    def __init__(self, trees: Iterable[JsonObject], value_sets: ValueSets) -> None:
        self._known = {name: resource for tree in trees for name, resource in named(tree)}
        self._value_sets = value_sets
        self.judged: Memo = {}

    @property
    def work(self) -> Work:
        """Each rule has its own."""
        return Work()

    @property
    def work_shipped(self) -> Work:
        """Each rule has its own."""
        return Work()

    def resolve(self, reference: str) -> JsonObject | None:
        return self._known.get(reference)

    def contains(self, value_set: str, system: str | None, code: str) -> bool | None:
        return self._value_sets.contains(value_set, system, code)

    def described(self, value_set: str) -> str:
        return self._value_sets.described(value_set)


def judge_files(conformance: Conformance, paths: Iterable[Path], profiles: Iterable[str] = ()) -> Iterator[Judged]:
    """Each file in turn. Raises OSError for one that cannot be read."""
    wanted, read = tuple(profiles), {path: _read(path) for path in paths}
    known = _Files([tree for tree in read.values() if isinstance(tree, dict)], conformance.value_sets)
    for path, tree in read.items():
        if isinstance(tree, Refusal):
            yield Judged(path, tree.issues)
        else:
            yield Judged(path, tuple(judge(conformance, tree, known, wanted)))


def found(paths: Iterable[Path]) -> Iterator[Path]:
    """The files themselves, and those in folders that are JSON or XML."""
    for path in paths:
        if path.is_dir():
            yield from sorted(each for each in path.rglob("*") if each.suffix in (".json", ".xml") and each.is_file())
        else:
            yield path


def _read(path: Path) -> JsonObject | Refusal:
    """Its resource, or why there is none."""
    with path.open("rb") as stream:
        body = stream.read(MAX_FILE_BYTES + 1)
    try:
        tree = xml.parse(body) if body.lstrip()[:1] == b"<" else json.parse(body)
        if tree.get("resourceType") not in r4().resource_types:
            raise Structure("resource-type", "resourceType must name a resource type of R4.", "resourceType")
        return tree
    except Refusal as refusal:
        return refusal
