"""install: an official package becomes facts in the database, which every process reads at its next start.

What cannot be turned into facts, or checked, is told sentence by sentence, so that nobody believes in a check that is
not there.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace

from app.fhir.errors import Invalid
from app.fhir.profiles import facts as tables
from app.fhir.profiles.facts import ProfileFacts
from app.fhir.profiles.package import Package
from app.fhir.terminology import facts as terms
from app.fhir.terminology.facts import CodeSystemFacts
from app.services.network import Network
from app.services.profiles.packages import profiles_of, terms_of
from app.services.terminology.stored import BETWEEN
from app.store import definitions
from app.store.definitions import ConceptRow, DefinitionRow

Progress = Callable[[int, int], None]


@dataclass(slots=True)
class Installed:
    """What a package brought: names, numbers, and what of it is not checked."""

    package: str
    profiles: list[str] = field(default_factory=list)
    value_sets: int = 0
    code_systems: int = 0
    told: list[str] = field(default_factory=list)


async def install(
    network: Network, package: Package, require: Collection[str] = (), progress: Progress = lambda done, total: None
) -> Installed:
    """Puts a package in the place of an older one. `require`: names or addresses of its profiles that all resources of
    their type must fit, whatever they declare. Raises Invalid, with nothing changed."""
    outcome = Installed(package.name)
    profiles = list(profiles_of(package, network.conformance.profiles.facts, outcome.told))
    outcome.profiles = sorted(each.name for each in profiles)
    required = _required(profiles, require)
    rows = [
        DefinitionRow("profile", each.url, each.version, each.title, tables.written(each), each.url in required)
        for each in profiles
    ]
    systems, sets = terms_of(package, outcome.told)
    outcome.value_sets, outcome.code_systems = len(sets), len(systems)
    rows += [DefinitionRow("value-set", each.url, each.version, each.title, terms.written(each)) for each in sets]
    rows += [DefinitionRow("code-system", each.url, each.version, each.title, _head(each)) for each in systems]
    if not rows:
        raise Invalid("package-empty", "The package holds no profile, value set or code system that can be used.")
    name, _, version = package.name.partition("#")
    async with network.store.unit((), write=True) as unit:
        double = await definitions.elsewhere(unit, name, rows)
        if double is not None:
            raise Invalid("package-double", f"{double[0]} was installed by the package {double[1]} already.")
        await definitions.install(unit, name, version, rows, _concepts(package, systems), progress)
    return outcome


def _required(profiles: list[ProfileFacts], require: Collection[str]) -> set[str]:
    named = {name: each.url for each in profiles for name in (each.name, each.url)}
    for name in require:
        if name not in named:
            raise Invalid("package-require", "--require names a profile of the package, by its name or its address.")
    return {named[name] for name in require}


def _head(facts: CodeSystemFacts) -> str:
    """Without its concepts, which have rows of their own."""
    return terms.written(replace(facts, concepts=()))


def _concepts(package: Package, systems: list[CodeSystemFacts]) -> list[ConceptRow]:
    """Of the package's own systems, and what its value sets tell of the codes of others; a system that is complete has
    no more codes than it lists."""
    complete = {facts.url for facts in systems if facts.content == "complete"}
    found: dict[tuple[str, str], ConceptRow] = {}
    for facts in systems:
        for position, each in enumerate(facts.concepts):
            row = ConceptRow(facts.url, each.code, each.display, BETWEEN.join(each.parents), position)
            found.setdefault((facts.url, each.code), row)
    for position, ((system, code), display) in enumerate(package.words.items()):
        if system not in complete:
            found.setdefault((system, code), ConceptRow(system, code, display, "", position))
    return list(found.values())
