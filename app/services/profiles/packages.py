"""Packages as facts: their profiles, value sets and code systems, and what of them cannot be used, told sentence by
sentence."""

from collections import ChainMap
from collections.abc import Iterable, Iterator, Mapping

from app.fhir import json
from app.fhir.cells import in_one_line
from app.fhir.errors import Invalid
from app.fhir.fhirpath import NotFhirPath, test_of
from app.fhir.json import JsonObject
from app.fhir.profiles.facts import ProfileFacts
from app.fhir.profiles.guides import Conformance
from app.fhir.profiles.library import Profiles
from app.fhir.profiles.package import NotAPackage, Package, read_package
from app.fhir.profiles.proof import proved
from app.fhir.profiles.rules import is_written
from app.fhir.profiles.snapshot import facts_of
from app.fhir.profiles.unchecked import unchecked
from app.fhir.terminology import definitions as terminology
from app.fhir.terminology.facts import CodeSystemFacts, ValueSetFacts
from app.fhir.terminology.facts import proved as proved_terms
from app.fhir.terminology.membership import ValueSets
from app.services.profiles.judge import entries

Known = Mapping[str, ProfileFacts]
_NO_VALUE_SETS = ValueSets({}, {})


def opened(body: bytes) -> Package:
    """The package of a .tgz. Raises Invalid."""
    try:
        return read_package(body)
    except NotAPackage as problem:
        raise Invalid("package-form", f"This is no FHIR package: {problem}.") from problem


def terms_in(body: bytes) -> Package:
    """The value sets and code systems of a .tgz, or of JSON: a ValueSet, a CodeSystem, or a Bundle of them. Raises
    Invalid."""
    if body[:64].lstrip()[:1] != b"{":
        package = opened(body)
        package.structures.clear()
        return package
    try:
        tree = json.reread(body)
    except (ValueError, RecursionError) as problem:
        raise Invalid("package-form", "This is neither a FHIR package nor JSON.") from problem
    package = Package(in_one_line(f"{tree.get('url') or tree.get('id') or 'import'}#{tree.get('version', '')}"))
    package.keep(tree)
    for _, resource in entries(tree):
        package.keep(resource)
    return package


def beside(base: Conformance, bodies: Iterable[bytes]) -> Conformance:
    """The same, and what these packages bring, without installing them. Raises Invalid."""
    for body in bodies:
        package, told = opened(body), list[str]()
        facts = {each.url: each for each in profiles_of(package, base.profiles.facts, told)}
        systems, sets = terms_of(package, told)
        value_sets = ValueSets(
            {**base.value_sets.value_sets, **{each.url: each for each in sets}},
            {**base.value_sets.systems, **{each.url: each for each in systems}},
        )
        profiles = Profiles(ChainMap(facts, dict(base.profiles.facts)), value_sets)
        base = Conformance(profiles, value_sets, base.demands)
    return base


def profiles_of(package: Package, known: Known, told: list[str]) -> Iterator[ProfileFacts]:
    """The profiles and extensions of a package, bases before those that derive from them; what cannot be used is
    told."""
    found: dict[str, ProfileFacts] = {}
    waiting = {url: tree for url, tree in sorted(package.structures.items()) if tree.get("derivation") == "constraint"}
    while waiting:
        ready = [url for url, tree in waiting.items() if _base(tree) not in waiting] or list(waiting)
        for url in ready:
            facts = _facts(waiting.pop(url), ChainMap(found, dict(known)), package.name, told)
            if facts is not None:
                found[url] = facts
                yield facts


def _base(tree: JsonObject) -> str:
    return str(tree.get("baseDefinition", "")).partition("|")[0]


def _facts(tree: JsonObject, known: Known, package: str, told: list[str]) -> ProfileFacts | None:
    try:
        facts = facts_of(tree, known, package)
        proved(facts)
        Profiles(known, _NO_VALUE_SETS).compiled(facts)
        told += [f"{facts.name}: {in_one_line(each)} is not checked" for each in unchecked(tree)]
    except ValueError as problem:  # and NoFacts
        told.append(f"{_named(tree)} is not installed: {problem}")
        return None
    except (AttributeError, IndexError, KeyError, RecursionError, TypeError):
        told.append(f"{_named(tree)} is not installed: it is not understood here")
        return None
    told += [
        f"{facts.name}: the slices of {each.path} are not checked, nothing tells them apart"
        for each in facts.slicings
        if not each.discriminators
    ]
    for rule in facts.rules:
        if not is_written(rule):
            try:
                test_of(rule.expression)
            except NotFhirPath as problem:
                told.append(f"{facts.name}: the rule {rule.key} is not checked: {problem}")
    return facts


def _named(tree: JsonObject) -> str:
    return in_one_line(tree["url"])


def terms_of(package: Package, told: list[str]) -> tuple[list[CodeSystemFacts], list[ValueSetFacts]]:
    """The code systems and value sets of a package; what cannot be used is told."""
    systems: dict[str, CodeSystemFacts] = {}
    for url, tree in sorted(package.code_systems.items()):
        try:
            found = terminology.code_system(tree)
            proved_terms(found)
            systems[url] = found
        except ValueError as problem:  # and NoFacts
            package.refused[url] = str(problem)
    package.settle(systems)
    told += [f"{in_one_line(url)} is not installed: {why}" for url, why in sorted(package.refused.items())]
    return list(systems.values()), [facts for _, facts in sorted(package.value_sets.items())]
