"""All profiles that a process knows, compiled when they are first asked for, and what is wrong with a resource by them.

Compiled from the facts in `fhir_profiles/` and from those that were installed. `check` judges a resource by some
profiles; R4 itself is `structure.check`'s.
*Source*: R4 profiling.html, validation.html.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from app.fhir.errors import Issue
from app.fhir.json import JsonObject, is_element_name
from app.fhir.problems import MAX_FOUND, Problems, below, issues_of
from app.fhir.profiles.context import MAX_DEPTH, Context, Finder, Inside, Knowledge
from app.fhir.profiles.elements import Around, root_of
from app.fhir.profiles.facts import R4, ProfileFacts
from app.fhir.profiles.mandatory import contained, declared
from app.fhir.profiles.node import tree_of
from app.fhir.tables import r4
from app.fhir.terminology.membership import ValueSets

R4_VERSION = "4.0.1"


class Profiles:
    """Profiles and extensions by their address."""

    def __init__(
        self, facts: Mapping[str, ProfileFacts], value_sets: ValueSets, shipped: Collection[str] = frozenset()
    ) -> None:
        """`shipped`: the addresses of those whose rules need no bound over a whole write."""
        self.facts = facts
        self._shipped = shipped
        self._value_sets = value_sets
        # address -> the type that it is about, and its checker
        self._finders: dict[str, tuple[str, Finder]] = {}

    def meant(self, canonicals: Iterable[str]) -> list[str]:
        """The addresses of profiles, without their versions: of all but those that name another version than the one
        that is known here."""
        return [
            each if "|" not in each else each.partition("|")[0]
            for each in canonicals
            if "|" not in each or not self.other_version(each)
        ]

    def other_version(self, canonical: str) -> str:
        """The version that is known here, where another one is named; "" where none is, or none is known."""
        url, _, version = canonical.partition("|")
        if not version:
            return ""
        known = R4_VERSION if _is_r4s(url) else self.facts[url].version if url in self.facts else ""
        return known if known != version else ""

    def is_about(self, url: str, type_name: str) -> bool | None:
        """Whether a profile (without a version) or R4 itself describes this type; None: it is not known."""
        known = self._finders.get(url)
        if known is not None:  # as most of what is declared
            return known[0] == type_name
        if _is_r4s(url):
            return url.removeprefix(R4) in (type_name, "DomainResource", "Resource")
        facts = self.facts.get(url)
        return facts.type == type_name if facts is not None else None

    def check(
        self, type_name: str, tree: JsonObject, profiles: Iterable[str], knowledge: Knowledge, *, follows: bool = False
    ) -> list[Issue]:
        """Every problem of a resource by these profiles (addresses without versions), by the extensions in it that are
        known, and of what it contains by what that declares."""
        found = Problems(MAX_FOUND)
        context = Context(Inside(tree), tree, knowledge, self, follows)
        for url in profiles:
            self.find(url, tree, found, context)
        self._extensions(tree, found, context)
        for number, each in enumerate(contained(tree)):
            start = len(found)
            for url in self.meant(declared(each)):
                self.find(url, each, found, context._replace(resource=each))
            below(found, start, f"contained[{number}]")
        return issues_of(found, type_name)

    def find(self, profile: str, tree: Any, found: Problems, context: Context) -> None:
        """Reports what is wrong with a tree by one profile; nothing when it is not known, or about another type."""
        known = self._finders.get(profile)
        if known is None:
            facts = self.facts.get(profile)
            if facts is None:
                return
            known = self._finders[profile] = facts.type, self.compiled(facts)
        about, finder = known
        kind = tree.get("resourceType") if type(tree) is dict else None
        if kind is None or kind == about:
            finder(tree, found, context)

    def compiled(self, facts: ProfileFacts) -> Finder:
        """Raises ValueError for a discriminator that nobody understands."""
        root = tree_of(facts)
        is_shipped = facts.url in self._shipped
        return root_of(root, facts.type, Around(facts.name, self.types_of, self._value_sets.listed, is_shipped, root))

    def fits(self, profile: str, tree: Any, context: Context) -> bool | None:
        """None: the profile is not known, or one leads to another without an end."""
        kind = tree.get("resourceType") if type(tree) is dict else None
        name = profile.removeprefix(R4)
        if name in r4().types:
            return kind == name or name == "Resource"
        facts = self.facts.get(profile)
        if facts is None or context.depth >= MAX_DEPTH:
            return None
        if kind is not None and kind != facts.type:
            return False
        judged, key = context.knowledge.judged, (profile, id(tree), context.depth)
        if key not in judged:
            judged[key] = tree, self._fits(profile, tree, context)
        return judged[key][1]

    def _fits(self, profile: str, tree: Any, context: Context) -> bool:
        found = Problems()
        deeper = context._replace(depth=context.depth + 1)
        if type(tree) is dict and "resourceType" in tree:
            inside = context.inside if context.inside.holds(tree) else Inside(tree)
            deeper = deeper._replace(inside=inside, resource=tree)
        self.find(profile, tree, found, deeper)
        return not any(each.flaw.severity == "error" for each in found)

    def types_of(self, profiles: Iterable[str]) -> set[str]:
        """The types of resources that they are about; of one that is not known, any: `Resource`."""
        return {self.facts[url].type if url in self.facts else "Resource" for url in profiles}

    def _extensions(self, tree: Any, found: Problems, context: Context) -> None:
        if type(tree) is not dict or not _is_extended(tree):
            return
        for at, extension in _extensions_in(tree, ""):
            start = len(found)
            self.find(extension["url"], extension, found, context)
            if len(found) > start:
                below(found, start, at)


def _is_r4s(url: str) -> bool:
    return url.startswith(R4) and url.removeprefix(R4) in r4().types


def _is_extended(tree: JsonObject) -> bool:
    """A glance, without places: most resources have no extension."""
    waiting: list[Any] = [tree]
    for node in waiting:  # which grows as it is read
        if "extension" in node or "modifierExtension" in node:
            return True
        for value in node.values():
            if type(value) is dict:
                waiting.append(value)
            elif type(value) is list:
                waiting += [item for item in value if type(item) is dict]
    return False


def _extensions_in(node: Any, at: str) -> Iterator[tuple[str, JsonObject]]:
    """Every extension with its place, those in extensions, too: what is an extension's own has no address by which it
    would be known."""
    if type(node) is dict:
        for name, value in node.items():
            if (type(value) is dict or type(value) is list) and is_element_name(name):
                place = name.lstrip("_")
                yield from _extensions_in(value, f"{at}.{place}" if at else place)
    elif type(node) is list:
        for number, item in enumerate(node):
            place = f"{at}[{number}]"
            if at.endswith(("extension", "modifierExtension")) and type(item) is dict and type(item.get("url")) is str:
                yield place, item
                yield from _extensions_in(item, place)
            elif type(item) is dict or type(item) is list:
                yield from _extensions_in(item, place)
