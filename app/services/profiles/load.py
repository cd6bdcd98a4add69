"""load: all that a process judges by, read once at its start: what is shipped, and what the site has installed.

Of the installed value sets those that some profile is bound to; the others are answered by the terminology operations.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from app.fhir.profiles.facts import ProfileFacts, read
from app.fhir.profiles.guides import Conformance, Tables, conformance, shipped
from app.fhir.terminology.facts import CodeSystemFacts, Facts, Part, ValueSetFacts
from app.log import log
from app.services.terminology.stored import code_system_in, concept, value_set_in
from app.store import definitions
from app.store.pool import Store, Unit

# a code system that is larger than this is not listed in memory: whether it has a code, nobody can tell then
MOST_CONCEPTS = 20_000


async def load(store: Store) -> Conformance:
    """Asks the database once where nothing is installed. What is stored and cannot be read is set aside and named."""
    async with store.unit(()) as unit:
        if not await definitions.packages(unit):
            return conformance()
        installed = await definitions.profiles(unit)
        aside = [url for url, text, _ in installed if not _is_readable(url, text)]
        texts = [text for url, text, _ in installed if url not in aside]
        tables = Tables((*shipped()[0], *texts))
        terms = await _bound(unit, tables.values(), aside)
    if aside:
        log.warning("definitions_unreadable", count=len(aside))
    required = [url for url, _, required in installed if required and url not in aside]
    return replace(conformance(texts, terms, required), unreadable=tuple(aside))


def _is_readable(url: str, text: str) -> bool:
    try:
        return read(text).url == url
    except ValueError:
        return False


async def _bound(unit: Unit, profiles: Iterable[ProfileFacts], aside: list[str]) -> list[Facts]:
    """The installed value sets to which profiles are bound, those that these are made of, and their code systems."""
    found: dict[str, ValueSetFacts] = {}
    wanted = {url for facts in profiles for url in _value_sets(facts)}
    while wanted:
        texts = await definitions.by_urls(unit, "value-set", wanted)
        read_now = {url: value_set_in(text) for url, text in texts.items()}
        aside += [url for url, facts in read_now.items() if facts is None]
        new = [facts for facts in read_now.values() if facts is not None]
        found |= {each.url: each for each in new}
        wanted = {part.set for each in new for part in _parts(each) if part.set} - found.keys() - set(aside)
    parts = [part for each in found.values() for part in _parts(each) if part.system]
    whole = {part.system for part in parts if part.codes is None}
    return [*found.values(), *await _systems(unit, whole, {part.system for part in parts}, aside)]


def _value_sets(facts: ProfileFacts) -> Iterator[str]:
    yield from (each.binding.value_set for each in facts.elements if each.binding is not None)
    yield from (each.value_set for each in facts.also)


def _parts(facts: ValueSetFacts) -> tuple[Part, ...]:
    return (*facts.parts, *facts.without)


async def _systems(unit: Unit, whole: set[str], urls: set[str], aside: list[str]) -> list[CodeSystemFacts]:
    """Those of which a value set has all codes, or some that nobody lists; of others only those that take letters of
    any case."""
    found = []
    for url, text in (await definitions.by_urls(unit, "code-system", urls)).items():
        head = code_system_in(text)
        if head is None:
            aside.append(url)
        elif head.any_case or (head.content == "complete" and url in whole):
            rows = await definitions.concepts(unit, url, MOST_CONCEPTS + 1)
            if len(rows) <= MOST_CONCEPTS:
                found.append(replace(head, concepts=tuple(concept(*row) for row in rows)))
    return found
