"""Profiles, value sets and code systems that a site has installed, package by package.

They hold nothing about anybody, so they carry no policy. What a process judges by it reads once, at its start.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, TypeVar

from app.store.pool import Unit

Row = TypeVar("Row")
Kind = Literal["profile", "value-set", "code-system"]
IN_ONE_STATEMENT = 2_000
CHARACTERS_IN_ONE = 4_000_000

OTHERS = """
SELECT d.kind, d.url, d.package FROM definition d JOIN unnest($1::text[], $2::text[]) AS n (kind, url)
    ON (d.kind, d.url) = (n.kind, n.url)
WHERE d.package <> $3 ORDER BY d.url LIMIT 1
"""
BEGIN: Final = (
    "DELETE FROM concept WHERE package = $1",
    "DELETE FROM definition WHERE package = $1",
)
PACKAGE = """
INSERT INTO package (name, version) VALUES ($1, $2)
ON CONFLICT (name) DO UPDATE SET version = excluded.version, installed_at = now()
"""
DEFINITIONS = """
INSERT INTO definition (kind, url, version, title, facts, required, package)
SELECT n.kind, n.url, n.version, n.title, n.facts, n.required, $7
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::boolean[])
    AS n (kind, url, version, title, facts, required)
"""
CONCEPTS = """
INSERT INTO concept (system, code, display, parent, position, package)
SELECT n.system, n.code, n.display, n.parent, n.position, $6
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::int[]) AS n (system, code, display, parent, position)
ON CONFLICT (system, code, package) DO NOTHING
"""
PACKAGES = """
SELECT p.name, p.version, p.installed_at,
    count(*) FILTER (WHERE d.kind = 'profile') AS profiles,
    count(*) FILTER (WHERE d.kind = 'value-set') AS value_sets,
    count(*) FILTER (WHERE d.kind = 'code-system') AS code_systems
FROM package p LEFT JOIN definition d ON d.package = p.name GROUP BY p.name ORDER BY p.name
"""
PROFILES = "SELECT url, facts, required FROM definition WHERE kind = 'profile' ORDER BY url"
BY_URLS = "SELECT url, facts FROM definition WHERE kind = $1 AND url = ANY($2::text[]) ORDER BY url"
HEADS = "SELECT url, version, title FROM definition WHERE kind = $1 ORDER BY url"
# what a code system holds its own package says; other packages only tell what its codes mean
CONCEPTS_OF = """
SELECT c.code, c.display, c.parent FROM concept c
JOIN definition d ON d.kind = 'code-system' AND d.url = c.system AND d.package = c.package
WHERE c.system = $1 ORDER BY c.position LIMIT $2
"""
HAS = """
SELECT EXISTS (
    SELECT FROM concept c JOIN definition d ON d.kind = 'code-system' AND d.url = c.system AND d.package = c.package
    WHERE c.system = $1 AND (c.code = $2 OR ($3 AND lower(c.code) = lower($2)))
)
"""
# those of the system's own package before those of others
WORDS = """
SELECT DISTINCT ON (c.code) c.code, c.display FROM concept c
LEFT JOIN definition d ON d.kind = 'code-system' AND d.url = c.system AND d.package = c.package
WHERE c.system = $1 AND c.code = ANY($2::text[])
ORDER BY c.code, c.display = '', d.url IS NULL, c.package
"""


@dataclass(frozen=True, slots=True)
class DefinitionRow:
    kind: Kind
    url: str
    version: str
    title: str
    facts: str
    required: bool = False


@dataclass(frozen=True, slots=True)
class ConceptRow:
    system: str
    code: str
    display: str
    parent: str
    position: int


@dataclass(frozen=True, slots=True)
class PackageRow:
    """`profiles` and so on: how many of them it brought."""

    name: str
    version: str
    installed_at: datetime
    profiles: int
    value_sets: int
    code_systems: int


async def elsewhere(unit: Unit, package: str, definitions: Sequence[DefinitionRow]) -> tuple[str, str] | None:
    """(address, package) of a definition that another package brought already; None when there is none."""
    kinds, urls = [each.kind for each in definitions], [each.url for each in definitions]
    row = await unit.conn.fetchrow(OTHERS, kinds, urls, package)
    return (row["url"], row["package"]) if row else None


async def install(
    unit: Unit,
    name: str,
    version: str,
    definitions: Sequence[DefinitionRow],
    concepts: Sequence[ConceptRow],
    progress: Callable[[int, int], None],
) -> None:
    """Puts a package in the place of the one of its name; `progress` is told (rows done, of so many)."""
    done, total = 0, len(definitions) + len(concepts)
    for statement in BEGIN:
        await unit.conn.execute(statement, name)
    await unit.conn.execute(PACKAGE, name, version)
    for rows in _parts(definitions, lambda row: len(row.facts)):
        columns = [[each.kind, each.url, each.version, each.title, each.facts, each.required] for each in rows]
        await unit.conn.execute(DEFINITIONS, *(list(column) for column in zip(*columns, strict=True)), name)
        progress(done := done + len(rows), total)
    for part in _parts(concepts, lambda row: len(row.display)):
        cells = [[each.system, each.code, each.display, each.parent, each.position] for each in part]
        await unit.conn.execute(CONCEPTS, *(list(column) for column in zip(*cells, strict=True)), name)
        progress(done := done + len(part), total)


def _parts(rows: Sequence[Row], size: Callable[[Row], int]) -> Iterator[list[Row]]:
    """So many at a time that one statement ends well before its time limit."""
    part: list[Row] = []
    characters = 0
    for row in rows:
        part.append(row)
        characters += size(row)
        if len(part) >= IN_ONE_STATEMENT or characters >= CHARACTERS_IN_ONE:
            yield part
            part, characters = [], 0
    if part:
        yield part


async def packages(unit: Unit) -> list[PackageRow]:
    return [PackageRow(*row.values()) for row in await unit.conn.fetch(PACKAGES)]


async def profiles(unit: Unit) -> list[tuple[str, str, bool]]:
    """(address, facts, required) of every installed profile."""
    return [(row["url"], row["facts"], row["required"]) for row in await unit.conn.fetch(PROFILES)]


async def by_urls(unit: Unit, kind: Kind, urls: Iterable[str]) -> dict[str, str]:
    """address -> facts, of those that are installed."""
    return {row["url"]: row["facts"] for row in await unit.conn.fetch(BY_URLS, kind, list(urls))}


async def heads(unit: Unit, kind: Kind) -> list[tuple[str, str, str]]:
    """(address, version, title) of every installed one."""
    return [tuple(row.values()) for row in await unit.conn.fetch(HEADS, kind)]


async def concepts(unit: Unit, system: str, limit: int) -> list[tuple[str, str, str]]:
    """(code, display, parent) of a code system's codes, in its order."""
    return [tuple(row.values()) for row in await unit.conn.fetch(CONCEPTS_OF, system, limit)]


async def has(unit: Unit, system: str, code: str, *, any_case: bool) -> bool:
    """Whether an installed code system has a code; `any_case`: letters may be small or capital."""
    found: bool = await unit.conn.fetchval(HAS, system, code, any_case)
    return found


async def words(unit: Unit, system: str, codes: Iterable[str]) -> dict[str, str]:
    """code -> what it means, of those that are installed."""
    rows = await unit.conn.fetch(WORDS, system, list(codes))
    return {row["code"]: row["display"] for row in rows}
