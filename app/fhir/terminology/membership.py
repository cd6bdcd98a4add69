"""Is a code in a value set? Yes, no, or nobody can tell here. *Source*: R4 valueset.html, terminologies.html."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from app.fhir.terminology.facts import CodeSystemFacts, Part, ValueSetFacts, system_of

MAX_DEPTH = 8
MOST_READ = 20


class _Part(NamedTuple):
    """A part, ready to be asked: `codes` None where it is not listed; `whole`: no other code is in it; `any_case`:
    they are in small letters, and so must be what is asked for."""

    system: str
    codes: frozenset[str] | None
    whole: bool
    set: str
    any_case: bool = False


_Compiled = tuple[tuple[_Part, ...], tuple[_Part, ...]]


class ValueSets:
    """The value sets and code systems that a process knows. What it has once worked out, it keeps."""

    def __init__(self, value_sets: Mapping[str, ValueSetFacts], systems: Mapping[str, CodeSystemFacts]) -> None:
        self.value_sets = value_sets
        self.systems = systems
        self._compiled: dict[str, _Compiled] = {}

    def contains(self, url: str, system: str | None, code: str) -> bool | None:
        """Whether a value set holds the code; `system` None: of whichever system, as of an element of type code. None:
        the set is not known, or not listed in full."""
        return self._holds(url, system_of(system) if system is not None else None, code, 0)

    def listed(self, url: str) -> frozenset[str] | None:
        """All of its codes, of whichever system; None when they are not all known here."""
        facts = self.value_sets.get(url)
        found: set[str] = set()
        for part in facts.parts if facts is not None else ():
            codes = self.listed(part.set) if part.set else part.codes
            if codes is None:
                return None
            found.update(codes)
        return frozenset(code for code in found if self.contains(url, None, code)) or None

    def described(self, url: str) -> str:
        """Its codes, where a person can read them at a glance; else its address."""
        facts = self.value_sets.get(url)
        parts = facts.parts if facts is not None else ()
        codes = [code for part in parts for code in part.codes or ()]
        if not codes or len(codes) > MOST_READ or any(part.codes is None for part in parts):
            if len(parts) == 1 and parts[0].set and facts is not None:  # all of another one but for some
                gone = {code for part in facts.without for code in part.codes or ()}
                return self._without(parts[0].set, gone, url)
            return f"a code of the value set {url}"
        return f"one of {', '.join(dict.fromkeys(codes))} ({url})"

    def _without(self, base: str, gone: set[str], url: str) -> str:
        facts = self.value_sets.get(base)
        codes = [code for part in facts.parts for code in part.codes or () if code not in gone] if facts else []
        return f"one of {', '.join(codes)} ({url})" if 0 < len(codes) <= MOST_READ else f"a code of the value set {url}"

    def _holds(self, url: str, system: str | None, code: str, depth: int) -> bool | None:
        if url not in self.value_sets or depth > MAX_DEPTH:
            return None
        compiled = self._compiled.get(url)
        if compiled is None:
            facts = self.value_sets[url]
            compiled = tuple(map(self._part, facts.parts)), tuple(map(self._part, facts.without))
            self._compiled[url] = compiled
        parts, without = compiled
        found = self._in_any(parts, system, code, depth)
        if found is False or not without:
            return found
        left_out = self._in_any(without, system, code, depth)
        return False if left_out else found if left_out is False else None

    def _in_any(self, parts: tuple[_Part, ...], system: str | None, code: str, depth: int) -> bool | None:
        unsure = False
        for part in parts:
            if part.set:
                found = self._holds(part.set, system, code, depth + 1)
            elif system is not None and part.system != system:
                continue
            elif part.codes is None:
                found = True if part.whole else None
            else:
                there = (code.casefold() if part.any_case else code) in part.codes
                found = (None if not part.whole else True) if there else False
            if found:
                return True
            unsure = unsure or found is None
        return None if unsure else False

    def _part(self, part: Part) -> _Part:
        """All of a system that is not listed here is whatever has its address; of an unlisted part, only what the
        whole system lacks is known not to be in it."""
        system = system_of(part.system)
        facts = self.systems.get(part.system)
        any_case = facts is not None and facts.any_case
        codes: Iterable[str] | None = part.codes
        if part.set:
            codes = ()
        elif codes is None and facts is not None and facts.content == "complete":
            codes = (each.code for each in facts.concepts)
        if codes is not None:
            codes = frozenset(code.casefold() if any_case else code for code in codes)
        return _Part(system, codes, not part.some, part.set, any_case)
