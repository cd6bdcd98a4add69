"""load: all that a process judges by, read once at its start: what is shipped, and what the site has installed.

Of the installed value sets those that some profile is bound to; the others are answered by the terminology operations.
"""

from collections.abc import Iterable, Iterator

from app.fhir.profiles.facts import ProfileFacts
from app.fhir.profiles.guides import Conformance, Tables, conformance, shipped
from app.fhir.terminology.facts import CodeSystemFacts, Concept, Facts, Part, ValueSetFacts, read
from app.store import definitions
from app.store.pool import Store, Unit

# a code system that is larger than this is not listed in memory: whether it has a code, nobody can tell then
MOST_CONCEPTS = 20_000


async def load(store: Store) -> Conformance:
    """Asks the database once where nothing is installed."""
    async with store.unit(()) as unit:
        if not await definitions.packages(unit):
            return conformance()
        installed = await definitions.profiles(unit)
        texts = [facts for _, facts, _ in installed]
        tables = Tables((*shipped()[0], *texts))
        terms = await _bound(unit, tables.values())
    return conformance(texts, terms, [url for url, _, required in installed if required])


async def _bound(unit: Unit, profiles: Iterable[ProfileFacts]) -> list[Facts]:
    """The installed value sets to which profiles are bound, those that these are made of, and their code systems."""
    found: dict[str, ValueSetFacts] = {}
    wanted = {url for facts in profiles for url in _value_sets(facts)}
    while wanted:
        texts = await definitions.by_urls(unit, "value-set", wanted)
        read_now = [each for text in texts.values() for each in read(text) if isinstance(each, ValueSetFacts)]
        found |= {each.url: each for each in read_now}
        wanted = {part.set for each in read_now for part in _parts(each) if part.set} - found.keys()
    systems = {part.system for each in found.values() for part in _parts(each) if part.system and part.codes is None}
    return [*found.values(), *await _systems(unit, systems)]


def _value_sets(facts: ProfileFacts) -> Iterator[str]:
    yield from (each.binding.value_set for each in facts.elements if each.binding is not None)
    yield from (each.value_set for each in facts.also)


def _parts(facts: ValueSetFacts) -> tuple[Part, ...]:
    return (*facts.parts, *facts.without)


async def _systems(unit: Unit, urls: Iterable[str]) -> list[CodeSystemFacts]:
    found = []
    for text in (await definitions.by_urls(unit, "code-system", urls)).values():
        for head in read(text):
            if isinstance(head, CodeSystemFacts) and head.content == "complete":
                rows = await definitions.concepts(unit, head.url, MOST_CONCEPTS + 1)
                if len(rows) <= MOST_CONCEPTS:
                    concepts = tuple(Concept(*row) for row in rows)
                    found.append(CodeSystemFacts(head.url, head.version, head.content, head.title, concepts))
    return found
