"""The catalogue of social needs: for each SDOH category its words for people, and the codes that the field uses.

`fhir_profiles/catalogue/<category>.toml` says it, read once in a process; a mistake stops the start with the file's
name. Screens know it through `domain/referral/needs.py`; `facts` is what terminology operations answer from.
*Source*: SDOH Clinical Care 3.0.0, SDOH categories and the value sets bound to them; licences: the folder's README.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

from app.fhir.json import JsonObject
from app.fhir.tables import PROFILES
from app.fhir.terminology.facts import CodeSystemFacts, Concept, Facts, Part, ValueSetFacts

FOLDER = PROFILES / "catalogue"
URN = "urn:baton:catalogue"
SYSTEMS = MappingProxyType(
    {
        "snomed": "http://snomed.info/sct",
        "icd10": "http://hl7.org/fhir/sid/icd-10-cm",
        "loinc": "http://loinc.org",
        "hcpcs": "http://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets",
    }
)
# the kinds of codes, with what a value set of each is called and the systems that it may hold
KINDS = MappingProxyType(
    {
        "services": ("services to ask for", ("snomed", "hcpcs")),
        "findings": ("findings and diagnoses", ("snomed", "icd10")),
        "screening": ("screening questions and panels", ("loinc",)),
        "goals": ("goals", ("snomed",)),
    }
)
Plain = TypeVar("Plain", int, bool)
NEEDED = frozenset(("place", "display", "en", "es", "codes"))


@dataclass(frozen=True, slots=True)
class Coded:
    system: str
    code: str
    display: str

    @property
    def concept(self) -> JsonObject:
        """A CodeableConcept with this one coding."""
        return {"coding": [{"system": self.system, "code": self.code, "display": self.display}]}


@dataclass(frozen=True, slots=True)
class Words:
    """In one language: a need as a list calls it, and a sentence to be read to the person."""

    label: str
    explains: str


@dataclass(frozen=True, slots=True)
class Service:
    """Something to ask for. `en` and `es` are what a form calls it, both "" for a code that no form offers."""

    coded: Coded
    en: str = ""
    es: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One file; `category` is its name and the category's code. `private`: read aloud only where nobody else hears."""

    category: str
    place: int
    display: str
    private: bool
    en: Words
    es: Words
    services: tuple[Service, ...]
    findings: tuple[Coded, ...]
    screening: tuple[Coded, ...]
    goals: tuple[Coded, ...]

    @property
    def codes(self) -> Mapping[str, tuple[Coded, ...]]:
        """All codes by their kinds."""
        services = tuple(each.coded for each in self.services)
        return {"services": services, "findings": self.findings, "screening": self.screening, "goals": self.goals}


@cache
def catalogue(folder: Path = FOLDER) -> tuple[Entry, ...]:
    """Every file of the folder, in the order of their places. Raises ValueError with the file and what is wrong."""
    entries = sorted((_read(path) for path in sorted(folder.glob("*.toml"))), key=lambda each: each.place)
    _check_together(folder, entries)
    return tuple(entries)


def facts(entries: Iterable[Entry] | None = None) -> tuple[Facts, ...]:
    """The codes as tables: of each system a fragment with their words, and each list that is not empty as a value set,
    `urn:baton:catalogue:<category>:<kind>`."""
    listed = tuple(catalogue() if entries is None else entries)
    return (*_systems(listed), *(found for entry in listed for found in _value_sets(entry)))


def _systems(entries: Iterable[Entry]) -> Iterator[CodeSystemFacts]:
    found: dict[str, dict[str, Concept]] = {system: {} for system in SYSTEMS.values()}
    for coded in (each for entry in entries for codes in entry.codes.values() for each in codes):
        found[coded.system][coded.code] = Concept(coded.code, coded.display)
    for url, concepts in found.items():
        yield CodeSystemFacts(url, content="fragment", concepts=tuple(concepts.values()))


def _value_sets(entry: Entry) -> Iterator[ValueSetFacts]:
    for kind, codes in entry.codes.items():
        if codes:
            systems = dict.fromkeys(each.system for each in codes)
            parts = (Part(url, tuple(each.code for each in codes if each.system == url)) for url in systems)
            yield ValueSetFacts(
                f"{URN}:{entry.category}:{kind}", title=f"{entry.display}: {KINDS[kind][0]}", parts=tuple(parts)
            )


def _read(path: Path) -> Entry:
    try:
        tree = tomllib.loads(path.read_text(encoding="utf-8"))
        _has(tree, NEEDED, "the file", optional={"private"})
        _has(tree["codes"], KINDS, "codes")
        services = tuple(_service(line) for line in tree["codes"]["services"])
        if not services or not services[0].en:
            raise ValueError("services: the first is what a form proposes, so it needs words")
        others = {
            kind: tuple(_coded(kind, line) for line in tree["codes"][kind]) for kind in KINDS if kind != "services"
        }
        _once((each.coded for each in services), "services")
        for kind, codes in others.items():
            _once(codes, kind)
        return Entry(
            category=path.stem,
            place=_of_type(int, tree["place"], "place: a number"),
            display=_text(tree["display"], "display"),
            private=_of_type(bool, tree.get("private", False), "private: true or false"),
            en=_words(tree, "en"),
            es=_words(tree, "es"),
            services=services,
            **others,
        )
    except (KeyError, TypeError, ValueError) as problem:
        raise ValueError(f"{path}: {problem}") from problem


def _words(tree: Mapping[str, Any], language: str) -> Words:
    said = tree[language]
    _has(said, ("label", "explains"), language)
    return Words(_text(said["label"], f"{language}: label"), _text(said["explains"], f"{language}: explains"))


def _service(line: Mapping[str, Any]) -> Service:
    words = {name: line[name] for name in ("en", "es") if name in line}
    if len(words) == 1:
        raise ValueError("services: a form offers it in English and in Spanish, or not at all")
    coded = _coded("services", {name: value for name, value in line.items() if name not in words})
    return Service(coded, **{name: _text(value, "services") for name, value in words.items()})


def _coded(kind: str, line: Mapping[str, Any]) -> Coded:
    allowed = KINDS[kind][1]
    named = [name for name in allowed if name in line]
    if len(named) != 1 or set(line) != {named[0], "display"}:
        raise ValueError(f"{kind}: a line has one code ({' or '.join(allowed)}) and its display")
    return Coded(SYSTEMS[named[0]], _text(line[named[0]], kind), _text(line["display"], kind))


def _text(value: object, where: str) -> str:
    if not isinstance(value, str) or not value.strip() or value != value.strip():
        raise ValueError(f"{where}: words are needed, without blanks around them")
    return value


def _of_type(kind: type[Plain], value: object, what: str) -> Plain:
    if not isinstance(value, kind):
        raise ValueError(f"{what} is needed")
    return value


def _has(tree: Mapping[str, Any], needed: Iterable[str], where: str, optional: Iterable[str] = ()) -> None:
    """Raises ValueError unless it has these names, and besides them optional ones only."""
    missing, unknown = set(needed) - set(tree), set(tree) - {*needed, *optional}
    if missing:
        raise ValueError(f"{where}: {', '.join(sorted(missing))} is missing")
    if unknown:
        raise ValueError(f"{where}: nobody knows {', '.join(sorted(unknown))}")


def _once(codes: Iterable[Coded], kind: str) -> None:
    found = [(each.system, each.code) for each in codes]
    double = sorted({code for system, code in found if found.count((system, code)) > 1})
    if double:
        raise ValueError(f"{kind}: {', '.join(double)} stands there twice")


def _check_together(folder: Path, entries: Iterable[Entry]) -> None:
    """No two needs look alike in a list, and a code has the same words wherever it stands."""
    seen: dict[tuple[str, object], str] = {}
    displays: dict[tuple[str, str], str] = {}
    for entry in entries:
        path = folder / f"{entry.category}.toml"
        own = {"place": entry.place, "label in English": entry.en.label, "label in Spanish": entry.es.label}
        for what, value in own.items():
            other = seen.setdefault((what, value), entry.category)
            if other != entry.category:
                raise ValueError(f"{path}: the {what} is also that of {other}")
        for coded in (each for codes in entry.codes.values() for each in codes):
            if displays.setdefault((coded.system, coded.code), coded.display) != coded.display:
                raise ValueError(f"{path}: {coded.code} has another display elsewhere")
