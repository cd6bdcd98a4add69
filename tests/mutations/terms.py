"""Which codes a value set holds, as far as the packages tell; and codes that it does not hold."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

from tests.mutations.definitions import Tree, bare, code_system, value_set

Codes = frozenset[tuple[str, str]]
# VSAC's, which no package has; the codes of the two categories are printed in US Core's own text
_NOT_IN_THE_PACKAGES = {
    "http://cts.nlm.nih.gov/fhir/ValueSet/2.16.840.1.113883.3.2074.1.1.3": (
        "urn:oid:2.16.840.1.113883.6.238",
        ("1002-5", "2028-9", "2054-5", "2076-8", "2106-3"),
    ),
    "http://cts.nlm.nih.gov/fhir/ValueSet/2.16.840.1.114222.4.11.837": (
        "urn:oid:2.16.840.1.113883.6.238",
        ("2135-2", "2186-5"),
    ),
}


@cache
def codes_in(url: str) -> Codes | None:
    """All (system, code) of a value set; None when the packages do not list them."""
    url = bare(url)
    if url in _NOT_IN_THE_PACKAGES:
        system, codes = _NOT_IN_THE_PACKAGES[url]
        return frozenset((system, code) for code in codes)
    definition = value_set(url)
    if definition is None or "compose" not in definition:
        return None
    parts = _all(_included(each) for each in definition["compose"]["include"])
    without = _all(_included(each) for each in definition["compose"].get("exclude", ()))
    return None if parts is None or without is None else parts - without


def is_member(url: str, value: Any) -> bool:
    """Whether a code, a Coding or a concept has a code of the value set, which must be a listed one."""
    known = codes_in(url) or frozenset()
    if isinstance(value, str):
        return value in {code for _, code in known}
    codings = value.get("coding", [value]) if isinstance(value, dict) else []
    return any((each.get("system"), each.get("code")) in known for each in codings)


def others(inner: str, outer: str) -> list[tuple[str, str]]:
    """Codes of a value set that another, narrower one lacks; none when either is not listed."""
    narrow, wide = codes_in(inner), codes_in(outer)
    return sorted(wide - narrow) if narrow is not None and wide is not None else []


def _included(include: Tree) -> Codes | None:
    if "system" not in include:
        return _all(codes_in(url) for url in include.get("valueSet", ()))
    system = include["system"]
    if "concept" in include:
        return frozenset((system, each["code"]) for each in include["concept"])
    known = code_system(system)
    if known is None or "filter" in include:
        return None
    return frozenset((system, code) for code in _concepts(known.get("concept", ())))


def _all(parts: Iterable[Codes | None]) -> Codes | None:
    """Together; None when one of them is not known."""
    found: set[tuple[str, str]] = set()
    for part in parts:
        if part is None:
            return None
        found |= part
    return frozenset(found)


def _concepts(listed: Any) -> Iterator[str]:
    for each in listed:
        yield each["code"]
        yield from _concepts(each.get("concept", ()))
