"""Which value sets and code systems there are: those in memory, and what is installed and too much to keep there."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Literal

from app.fhir.terminology.facts import CodeSystemFacts, Facts, Part, ValueSetFacts, system_of
from app.fhir.terminology.resources import Member, id_of
from app.services.network import Network
from app.services.terminology.stored import code_system_in, concept, value_set_in
from app.store import definitions
from app.store.pool import Unit

Kind = Literal["value-set", "code-system"]
# address, version, title
Head = tuple[str, str, str]
MAX_DEPTH = 8
# of one expansion; whoever wants the whole of a large set asks for it page by page
MOST = 10_000


class NotListed(Exception):
    """A part of the value set is not listed here; the text says which."""


class TooMany(NotListed):
    """It is listed here, and too long to be told."""


class Terms:
    """Looked up in one transaction, and kept while it lasts."""

    def __init__(self, network: Network, unit: Unit) -> None:
        self._memory = network.conformance.value_sets
        self._unit = unit
        self._sets: dict[str, ValueSetFacts | None] = {}
        self._heads: dict[str, CodeSystemFacts | None] = {}

    async def heads(self, kind: Kind) -> list[Head]:
        """Every one that there is, by its address; installed ones in the place of shipped ones."""
        memory: Mapping[str, Facts] = self._memory.value_sets if kind == "value-set" else self._memory.systems
        found = {url: (url, facts.version, facts.title) for url, facts in memory.items()}
        installed = await definitions.heads(self._unit, kind)
        return sorted({**found, **{each[0]: each for each in installed}}.values())

    async def head(self, kind: Kind, url: str) -> Head | None:
        return next((each for each in await self.heads(kind) if each[0] == url), None)

    async def url_of(self, kind: Kind, fhir_id: str) -> str:
        """The address of the definition that is read under this id; '' when there is none."""
        return next((url for url, _, _ in await self.heads(kind) if id_of(url) == fhir_id), "")

    async def value_set(self, url: str) -> ValueSetFacts | None:
        if url in self._memory.value_sets:
            return self._memory.value_sets[url]
        if url not in self._sets:
            text = (await definitions.by_urls(self._unit, "value-set", [url])).get(url)
            self._sets[url] = value_set_in(text)
        return self._sets[url]

    async def code_system(self, url: str) -> CodeSystemFacts | None:
        """With its codes, as far as `MOST` goes."""
        if url in self._memory.systems:
            return self._memory.systems[url]
        head = await self._head(url)
        if head is None:
            return None
        rows = await definitions.concepts(self._unit, url, MOST)
        return replace(head, concepts=tuple(concept(*row) for row in rows))

    async def _head(self, url: str) -> CodeSystemFacts | None:
        if url not in self._heads:
            text = (await definitions.by_urls(self._unit, "code-system", [url])).get(url)
            self._heads[url] = code_system_in(text)
        return self._heads[url]

    async def members(self, facts: ValueSetFacts) -> list[tuple[str, str]]:
        """(system, code) of all that is in a value set, in its order. Raises NotListed."""
        kept = await self._listed(facts.parts, 0)
        gone = set(await self._listed(facts.without, 0))
        return [each for each in dict.fromkeys(kept) if each not in gone]

    async def _listed(self, parts: tuple[Part, ...], depth: int) -> list[tuple[str, str]]:
        found: list[tuple[str, str]] = []
        for part in parts:
            if part.set:
                found += await self._of_set(part.set, depth)
            elif part.codes is not None:
                found += [(part.system, code) for code in part.codes]
            else:
                found += await self._of_system(part)
        return found

    async def _of_set(self, url: str, depth: int) -> list[tuple[str, str]]:
        facts = await self.value_set(url)
        if facts is None or depth >= MAX_DEPTH:
            raise NotListed(f"the value set {url}, of which it is made, is not known here")
        kept = await self._listed(facts.parts, depth + 1)
        gone = set(await self._listed(facts.without, depth + 1))
        return [each for each in kept if each not in gone]

    async def _of_system(self, part: Part) -> list[tuple[str, str]]:
        facts = await self.code_system(part.system)
        if facts is None or facts.content != "complete" or part.some:
            which = f"those with {part.some}" if part.some else "all"
            raise NotListed(f"the codes of {part.system} ({which}) are not listed here")
        if len(facts.concepts) >= MOST:
            raise TooMany(f"{part.system} has too many codes to list them all")
        return [(part.system, each.code) for each in facts.concepts]

    async def holds(self, facts: ValueSetFacts, system: str, code: str, depth: int = 0) -> bool | None:
        """Whether a code is in a value set; None: nobody can tell here. Other than for a write, a code of a system that
        nobody has listed is not taken for one."""
        found = await self._in_any(facts.parts, system, code, depth)
        if found is False or not facts.without:
            return found
        gone = await self._in_any(facts.without, system, code, depth)
        return False if gone else found if gone is False else None

    async def _in_any(self, parts: tuple[Part, ...], system: str, code: str, depth: int) -> bool | None:
        answers = [await self._in(part, system, code, depth) for part in parts]
        return True if True in answers else None if None in answers else False

    async def _in(self, part: Part, system: str, code: str, depth: int) -> bool | None:
        if part.set:
            facts = await self.value_set(part.set)
            return await self.holds(facts, system, code, depth + 1) if facts and depth < MAX_DEPTH else None
        if system_of(part.system) != system:
            return False
        head = self._memory.systems.get(part.system) or await self._head(part.system)
        if part.codes is not None:
            return _is_among(code, part.codes, head)
        there = await self._has(part.system, head, code)
        return None if there and part.some else there

    async def _has(self, system: str, head: CodeSystemFacts | None, code: str) -> bool | None:
        """Whether a system has a code; None where it is not among those that are listed, and not all are."""
        if head is not None and head is self._memory.systems.get(system):
            there = _is_among(code, (each.code for each in head.concepts), head)
        else:
            there = await definitions.has(self._unit, system, code, any_case=head is not None and head.any_case)
        if there or (head is not None and head.content == "complete"):
            return there
        return True if await definitions.words(self._unit, system, [code]) else None

    async def words(self, codes: list[tuple[str, str]]) -> list[Member]:
        """The same with what each code means, '' where nobody has told."""
        meant: dict[tuple[str, str], str] = {}
        wanted: dict[str, list[str]] = {}
        for system, code in codes:
            wanted.setdefault(system, []).append(code)
        for system, listed in wanted.items():
            facts = self._memory.systems.get(system)
            if facts is not None:
                meant |= {(system, each.code): each.display for each in facts.concepts if each.display}
            lacking = [code for code in listed if (system, code) not in meant]
            if lacking:
                told = await definitions.words(self._unit, system, lacking)
                meant |= {(system, code): display for code, display in told.items()}
        return [(system, code, meant.get((system, code), "")) for system, code in codes]


def _is_among(code: str, codes: Iterable[str], head: CodeSystemFacts | None) -> bool:
    if head is not None and head.any_case:
        return code.casefold() in (each.casefold() for each in codes)
    return code in codes
