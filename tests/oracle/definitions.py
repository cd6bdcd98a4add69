"""HL7's own definitions, and which of their search parameters are served (the registry's files, as data).

*Source*: packages hl7.fhir.r4.core 4.0.1, SDOH Clinical Care 3.0.0, US Core; beside the project in ../shared.
"""

import json
import re
import tarfile
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Any

from tests.parts import ROOT, SHARED

R4 = "hl7.fhir.r4.core#4.0.1"
GUIDE = "hl7.fhir.us.sdoh-clinicalcare#3.0.0"
US_CORE = tuple(f"hl7.fhir.us.core#{version}" for version in ("7.0.0", "6.1.0", "3.1.1"))
# what an earlier package defines is not defined anew by a later one
PACKAGES = (R4, GUIDE, *US_CORE)
REGISTRY = ROOT / "fhir_profiles"
# parameters of every type that no file of the registry lists: they are built in
BUILT_IN = {
    "_id": "http://hl7.org/fhir/SearchParameter/Resource-id",
    "_lastUpdated": "http://hl7.org/fhir/SearchParameter/Resource-lastUpdated",
}

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Component:
    """One part of a composite parameter: the kind of its values, and where they are below the composite's element."""

    kind: str
    expressions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Parameter:
    """A served search parameter, as its official definition has it."""

    type: str
    code: str
    kind: str
    url: str
    expressions: tuple[str, ...]
    targets: tuple[str, ...] = ()
    components: tuple[Component, ...] = ()


@dataclass(frozen=True, slots=True)
class Served:
    """One served type."""

    name: str
    parameters: Mapping[str, Parameter]
    includes: tuple[str, ...]
    revincludes: tuple[str, ...]


@cache
def served() -> Mapping[str, Served]:
    """Type -> what of it can be searched: the names and addresses stand in the registry's files, the rest is HL7's."""
    common = _urls(tomllib.loads((REGISTRY / "every_type.toml").read_text()))
    found = {}
    for name, tree in _resources().items():
        urls = {**BUILT_IN, **common, **_urls(tree)}
        parameters = {code: parameter(name, code, url) for code, url in urls.items()}
        includes, revincludes = (tuple(tree.get(key, ())) for key in ("includes", "revincludes"))
        found[name] = Served(name, parameters, includes, revincludes)
    return found


@cache
def interactions() -> Mapping[str, tuple[str, ...]]:
    """Type -> what can be done with it; told without HL7's packages."""
    return {name: tuple(tree["interactions"]) for name, tree in _resources().items()}


def _resources() -> dict[str, Json]:
    return {path.stem: tomllib.loads(path.read_text()) for path in sorted((REGISTRY / "resources").glob("*.toml"))}


def _urls(tree: Json) -> dict[str, str]:
    return {code: line["url"] for code, line in tree["parameters"].items()}


def parameter(type_name: str, code: str, url: str) -> Parameter:
    """The official definition of one parameter, as far as it speaks of the type."""
    definition = official()[url]
    components = tuple(
        Component(official()[part["definition"]]["type"], tuple(alternatives(part["expression"])))
        for part in definition.get("component", ())
    )
    expressions = tuple(each for each in alternatives(definition["expression"]) if _is_of(each, type_name))
    targets = tuple(definition.get("target", ()))
    return Parameter(type_name, code, definition["type"], url, expressions, targets, components)


def alternatives(expression: str) -> Iterator[str]:
    """The parts of a union, each read as FHIRPath reads it: `as` keeps what is of a type, also of several items."""
    for part in _union(expression):
        text = re.sub(r"\((\S+) as (\w+)\)", r"\1.ofType(\2)", part.strip())
        text = re.sub(r"\.as\((\w+)\)", r".ofType(\1)", text)
        # the code of a Coding is found with the Coding's system, too (US Core: `race`, `ethnicity`)
        yield text.replace(".value.code", ".value.ofType(Coding)").replace(".coding.code", ".coding")


def _union(expression: str) -> Iterator[str]:
    depth = start = 0
    for place, mark in enumerate(expression):
        depth += {"(": 1, ")": -1}.get(mark, 0)
        if mark == "|" and depth == 0:
            yield expression[start:place]
            start = place + 1
    yield expression[start:]


def _is_of(expression: str, type_name: str) -> bool:
    return re.match(rf"\(*({type_name}|Resource|DomainResource)\b", expression) is not None


@cache
def official() -> Mapping[str, Json]:
    """Canonical address -> SearchParameter."""
    found: dict[str, Json] = {}
    for package in PACKAGES:
        for body in _bodies(package, "SearchParameter-").values():
            tree = json.loads(body)
            found.setdefault(tree["url"], tree)
    return found


@cache
def element(path: str) -> Json:
    """The ElementDefinition at a path of a resource or data type, as in `Task.status`, `Identifier.use`."""
    return elements(path.split(".")[0])[path]


@cache
def elements(type_name: str) -> Mapping[str, Json]:
    """Path -> ElementDefinition of one type."""
    tree = json.loads(_bodies(R4, "StructureDefinition-")[type_name])
    return {each["path"]: each for each in tree["snapshot"]["element"]}


@cache
def codes(value_set: str) -> tuple[tuple[str, str], ...]:
    """(system, code) of the codes that a value set of R4 lists or takes whole from R4's code systems."""
    name = value_set.split("|")[0].rsplit("/", 1)[1]
    body = _bodies(R4, "ValueSet-").get(name)
    includes = json.loads(body)["compose"]["include"] if body else []
    return tuple((each["system"], code) for each in includes if "system" in each for code in _listed(each))


def _listed(include: Json) -> list[str]:
    if "concept" in include:
        return [concept["code"] for concept in include["concept"]]
    return [] if "filter" in include else _code_systems().get(include["system"], [])


@cache
def _code_systems() -> Mapping[str, list[str]]:
    trees = [json.loads(body) for body in _bodies(R4, "CodeSystem-").values()]
    return {tree["url"]: list(_all_codes(tree.get("concept", ()))) for tree in trees if "url" in tree}


def _all_codes(concepts: list[Json]) -> Iterator[str]:
    for concept in concepts:
        yield concept["code"]
        yield from _all_codes(concept.get("concept", ()))


def examples() -> Iterator[tuple[str, Json]]:
    """(where from, resource): the guide's examples, and the instances in the US Core packages, of every type."""
    for path in sorted((SHARED / "fhir" / "examples").glob("*.json")):
        yield path.name, exact(path.read_text())
    for package in US_CORE:
        for name, body in _instances(package):
            yield f"{package} {name}", exact(body)


def exact(text: str | bytes) -> Json:
    """A resource with its numbers as they are written."""
    tree: Json = json.loads(text, parse_float=Decimal)
    return tree


@cache
def _bodies(package: str, prefix: str) -> Mapping[str, bytes]:
    """id -> bytes of the resources of one kind in a package."""
    return {
        name.removeprefix(prefix).removesuffix(".json"): body
        for name, body in _files(package).items()
        if name.startswith(prefix)
    }


@cache
def _files(package: str) -> Mapping[str, bytes]:
    """The definitions of a package; R4's thousands of profiles and examples are left where they are."""
    wanted = re.compile(r"package/((?:SearchParameter|ValueSet|CodeSystem)-.*|StructureDefinition-[A-Za-z]+)\.json")
    with tarfile.open(SHARED / "fhir" / "packages" / f"{package}.tgz") as archive:
        return {
            member.name.removeprefix("package/"): file.read()
            for member in archive
            if wanted.fullmatch(member.name) and (file := archive.extractfile(member)) is not None
        }


def _instances(package: str) -> Iterator[tuple[str, bytes]]:
    with tarfile.open(SHARED / "fhir" / "packages" / f"{package}.tgz") as archive:
        for member in archive:
            name = member.name.removeprefix("package/").removeprefix("example/")
            if name.endswith(".json") and name.split("-")[0] in served():
                file = archive.extractfile(member)
                if file is not None:
                    yield name, file.read()
