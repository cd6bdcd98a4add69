"""Value sets and code systems as tables: one line for each fact, to be read, compared and commented on.

    value-set    http://hl7.org/fhir/us/core/ValueSet/us-core-condition-code  7.0.0   US Core Condition Codes
    codes        http://snomed.info/sct    160245001
    some         http://snomed.info/sct    concept is-a 404684003
    all          http://hl7.org/fhir/sid/icd-10-cm
    set          http://hl7.org/fhir/ValueSet/task-status
    not codes    http://hl7.org/fhir/task-status   ready received

    code-system  http://hl7.org/fhir/us/core/CodeSystem/us-core-category  7.0.0  complete  US Core Category
    concept      sdoh   SDOH

Columns are parted by tabs, codes by spaces. Behind a concept's words stand the codes above it, behind a system's title
`any-case` where letters may be of any case. `some` is a part of a system that is not listed: of other codes of that
system nobody can tell here whether they are in it. A code with a space stands in a line of its own, `code`. Lines that
begin with `#` are comments.
*Source*: R4 valueset.html, codesystem.html.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

from app.fhir.cells import joined, parted

ANY_CASE = "any-case"
Content = Literal["complete", "fragment"]
# one system under several addresses, as in the field: the first is the one that we go by
ALIASES = {
    "http://www.nlm.nih.gov/research/umls/hcpcs": "http://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets",
    "https://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets": "http://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets",
}


@dataclass(frozen=True, slots=True)
class Part:
    """Some codes of a system, in their order; or, with `codes` None, all of it, that `some` of it which the words tell,
    or another value set (`set`)."""

    system: str = ""
    codes: tuple[str, ...] | None = None
    some: str = ""
    set: str = ""


@dataclass(frozen=True, slots=True)
class ValueSetFacts:
    """A value set: what is in one of `parts` and in none of `without`."""

    url: str
    version: str = ""
    title: str = ""
    parts: tuple[Part, ...] = ()
    without: tuple[Part, ...] = ()


@dataclass(frozen=True, slots=True)
class Concept:
    """One code, its words, and the codes right above it where there are any."""

    code: str
    display: str = ""
    parents: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CodeSystemFacts:
    """`content` complete: a code that is not here does not exist; fragment: it may. `any_case`: `A` and `a` are one
    code."""

    url: str
    version: str = ""
    content: Content = "complete"
    title: str = ""
    concepts: tuple[Concept, ...] = ()
    any_case: bool = False


Facts = ValueSetFacts | CodeSystemFacts


def system_of(url: str) -> str:
    """The address under which we know a system."""
    return ALIASES.get(url, url)


def written(facts: Facts) -> str:
    """The table as text. Raises Unwritable, a ValueError."""
    lines: list[tuple[str, ...]]
    if isinstance(facts, CodeSystemFacts):
        lines = [
            ("code-system", facts.url, facts.version, facts.content, facts.title, ANY_CASE if facts.any_case else "")
        ]
        lines += [("concept", each.code, each.display, *each.parents) for each in facts.concepts]
    else:
        lines = [("value-set", facts.url, facts.version, facts.title)]
        lines += [line for part in facts.parts for line in _part_lines(part, "")]
        lines += [line for part in facts.without for line in _part_lines(part, "not ")]
    return joined(lines)


def proved(facts: Facts) -> str:
    """The table as text, which says the same when it is read. Raises ValueError where it would not."""
    text = written(facts)
    if list(read(text)) != [facts]:
        raise ValueError("what it says cannot be written as a table")
    return text


def read(text: str) -> Iterator[Facts]:
    """The value sets and code systems of a file, one after the other. Raises ValueError with the line."""
    head: list[str] = []
    rows: list[list[str]] = []
    for number, cells in parted(text):
        if cells == [""] or cells[0].startswith("#"):
            continue
        if cells[0] in ("value-set", "code-system"):
            if head:
                yield _facts(head, rows)
            head, rows = cells, []
        elif head and cells[0].removeprefix("not ") in _WORDS:
            rows.append(cells)
        else:
            raise ValueError(f"line {number}: unknown word, or nothing that it belongs to")
    if head:
        yield _facts(head, rows)


_WORDS = frozenset(("codes", "code", "some", "all", "set", "concept"))


def _part_lines(part: Part, no: str) -> Iterator[tuple[str, ...]]:
    if part.set:
        yield f"{no}set", part.set
    elif part.some:
        yield f"{no}some", part.system, part.some
    elif part.codes is None:
        yield f"{no}all", part.system
    elif any(" " in code for code in part.codes):
        yield from ((f"{no}code", part.system, code) for code in part.codes)
    else:
        yield f"{no}codes", part.system, " ".join(part.codes)


def _facts(head: list[str], rows: list[list[str]]) -> Facts:
    word, url, version, *rest = head + [""] * 5
    if word == "code-system":
        content: Content = "fragment" if rest[0] == "fragment" else "complete"
        concepts = tuple(Concept(cells[1], cells[2], tuple(cells[3:])) for cells in map(_full, rows))
        return CodeSystemFacts(url, version, content, rest[1], concepts, rest[2] == ANY_CASE)
    parts = tuple(_parts([cells for cells in rows if not cells[0].startswith("not ")]))
    without = tuple(_parts([[cells[0][4:], *cells[1:]] for cells in rows if cells[0].startswith("not ")]))
    return ValueSetFacts(url, version, rest[0], parts, without)


def _parts(rows: list[list[str]]) -> Iterator[Part]:
    """Lines of one code each that stand together are one part."""
    for (word, first), same in groupby((_full(cells)[:3] for cells in rows), key=lambda cells: (cells[0], cells[1])):
        if word == "code":
            yield Part(first, tuple(code for _, _, code in same))
            continue
        for _, _, rest in same:
            match word:
                case "set":
                    yield Part(set=first)
                case "some":
                    yield Part(first, some=rest)
                case "all":
                    yield Part(first)
                case "codes":
                    yield Part(first, tuple(rest.split(" ")) if rest else ())


def _full(cells: list[str]) -> list[str]:
    """With those that were empty at the line's end."""
    return cells + [""] * (3 - len(cells))
