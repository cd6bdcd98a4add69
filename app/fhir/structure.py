"""Is this tree the resource that it says it is? Every problem with its place, not only the first.

The R4 tables are compiled to one closure for each type and element, on first use and for the life of the process. A
checker appends problems with places relative to itself; whoever called it puts its own name in front, so that a good
resource costs no path at all.

*Source*: R4 json.html, references.html#contained; security sheet INP-04, INP-05, A31 to A34, B09, B50, B52.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

from app.fhir import primitives
from app.fhir.errors import Issue, Value
from app.fhir.invariant_tests import Invariant
from app.fhir.invariants import INVARIANTS
from app.fhir.json import is_element_name
from app.fhir.members import extensions, objects, one_extension, one_object, one_value, values, with_codes
from app.fhir.primitives import Flaw
from app.fhir.problems import MAX_PROBLEMS, Finder, Member, Problems, issues_of, report
from app.fhir.resource_rules import check_contained, check_pointers, extension_with_address, is_plain, reference_flaws
from app.fhir.tables import Element, Kind, r4

# Stricter than the type says: what people read must be readable (security sheet INP-09).
_STRICTER = {
    "Identifier.value": primitives.identifier_text,
    **{f"HumanName.{part}": primitives.human_name for part in ("family", "given", "text", "prefix", "suffix")},
}
_EXPECTED = (AttributeError, TypeError, KeyError, ValueError, Value)

_NO_OBJECT = Flaw("structure", "json-type", "This must be a JSON object.")
_EMPTY_OBJECT = Flaw("structure", "json-empty-value", "An object may not be empty; leave the element out.")
_UNKNOWN = Flaw("structure", "unknown-element", "R4 has no such element here.")
_ONE_CHOICE = Flaw("structure", "choice-type", "An element with a choice of types may be there in one type only.")
_REQUIRED = Flaw("required", "required-element", "This element must be there.")
_NO_CONTENT = Flaw("invariant", "ele-1", "An element needs a value or children beside its id.")


def check(type_name: str, tree: Any, most: int = MAX_PROBLEMS) -> list[Issue]:
    """Every problem of a resource of this type, `most` of them; it may be kept when none of them is an error."""
    found = Problems(most)
    _checkers()[type_name](tree, found)
    return issues_of(found, type_name)


@cache
def _checkers() -> Checkers:
    return Checkers()


class Checkers(dict[str, Finder]):
    """Path in the tables (`Task`, `Task.input`, `HumanName`) -> its checker, compiled when it is first asked for."""

    def __missing__(self, path: str) -> Finder:
        checker = self._resource(path) if path in r4().resource_types else self._object(path)
        self[path] = checker
        return checker

    def _resource(self, type_name: str) -> Finder:
        """A resource by itself: its references to contained resources are settled here."""
        fields = self._object(type_name)

        def find(tree: Any, found: Problems) -> None:
            start = len(found)
            fields(tree, found)
            if type(tree) is dict:
                if "contained" in tree:
                    check_contained(tree, found)
                if len(found) > start:
                    check_pointers(tree, found, start)

        return find

    def _object(self, path: str) -> Finder:
        elements = r4().children(path)
        members, choices, required = self._members(elements, path == "Extension")
        if path in r4().resource_types:
            members["resourceType"] = _resource_type(path)
        spelling = {name.lower(): name for name in members}
        rules = tuple(
            rule for rule in INVARIANTS if rule.path in (path, r4().types[path].base if path in r4().types else "")
        )

        def find(tree: Any, found: Problems) -> None:
            if type(tree) is not dict:
                return report(found, _NO_OBJECT)
            if not tree:
                return report(found, _EMPTY_OBJECT)
            start = found.reported
            for name, value in tree.items():
                member = members.get(name)
                if member is not None:
                    member(tree, value, found)
                else:
                    report(found, _unknown(spelling.get(name.lower())), name if is_element_name(name) else "")
            for names, name in choices:
                given = names.intersection(tree)
                if len(given) > 1 and len({key.lstrip("_") for key in given}) > 1:
                    report(found, _ONE_CHOICE, name)
            for names, name in required:
                if name not in tree and names.isdisjoint(tree):
                    report(found, _REQUIRED, name)
            if len(tree) == 1 and "id" in tree:
                report(found, _NO_CONTENT)
            for rule in rules:
                _apply(rule, tree, found, start)

        return find

    def _members(self, elements: tuple[Element, ...], nested: bool) -> tuple[dict[str, Member], list[Any], list[Any]]:
        """`nested`: extensions among them are parts of an extension."""
        members: dict[str, Member] = {}
        choices: list[tuple[frozenset[str], str]] = []
        required: list[tuple[frozenset[str], str]] = []
        for element in elements:
            names = element.json_names()
            both = frozenset((*names, *(f"_{name}" for name in names)))
            label = element.name.removesuffix("[x]")
            if element.is_choice:
                choices.append((both, label))
            if element.minimum:
                # A code that decides what may be done with the resource must be a code, not a reason for its absence.
                required.append((frozenset(names) if element.codes and not element.is_choice else both, label))
            for name, kind in names.items():
                self._member(members, name, element, kind, nested)
        return members, choices, required

    def _member(self, members: dict[str, Member], name: str, element: Element, kind: Kind, nested: bool) -> None:
        label, single = element.name.removesuffix("[x]"), element.maximum == 1
        if kind.code in r4().types and r4().types[kind.code].kind == "primitive":
            check_value = _primitive(element, kind)
            members[name] = one_value(label, check_value) if single else values(name, check_value)
            # an attribute of XML and a narrative's div are bare: nothing stands beside them
            if "a" not in element.flags and kind.code != "xhtml":
                beside = (name, label, self._later("Element"), _absent(element, kind))
                members[f"_{name}"] = one_extension(*beside) if single else extensions(*beside)
            return
        finder = self._complex(element, kind)
        if kind.code == "Extension" and not nested:
            finder = extension_with_address(finder)
        members[name] = one_object(label, finder) if single else objects(label, finder)

    def _complex(self, element: Element, kind: Kind) -> Finder:
        if kind.code == "Resource":
            return self._any_resource(contained=element.name == "contained")
        if kind.code == "Reference":
            return self._reference(frozenset(kind.targets))
        path = element.children_of or (element.path if kind.code in ("BackboneElement", "Element") else kind.code)
        later = self._later(path)
        return with_codes(later, element) if element.codes or element.suggested else later

    def _later(self, path: str) -> Finder:
        """Types hold each other (Identifier, Reference), so that the checker is looked up when it is needed."""
        return lambda tree, found: self[path](tree, found)

    def _reference(self, targets: frozenset[str]) -> Finder:
        def find(tree: Any, found: Problems) -> None:
            if is_plain(tree, targets):
                return
            self["Reference"](tree, found)
            if type(tree) is dict:
                reference_flaws(tree, targets, found)

        return find

    def _any_resource(self, contained: bool) -> Finder:
        types = r4().resource_types
        inner: dict[str, Finder] = {}

        def find(tree: Any, found: Problems) -> None:
            name = tree.get("resourceType") if type(tree) is dict else None
            if type(name) is not str or name not in types:
                return report(found, _no_type(), "resourceType")
            if not contained:
                return self[name](tree, found)
            if name not in inner:
                inner[name] = self._object(name)
            inner[name](tree, found)

        return find


def _apply(rule: Invariant, tree: dict[str, Any], found: Problems, start: int) -> None:
    """A rule that stumbles over something already reported is not a second problem; any other stumbling is our
    mistake."""
    try:
        holds = rule.holds(tree)
    except _EXPECTED:
        if found.reported == start:
            raise
        return
    if not holds:
        report(found, Flaw("invariant", rule.key, rule.message), rule.at)


def _resource_type(type_name: str) -> Member:
    flaw = Flaw("invalid", "resource-type", f"resourceType must be {type_name} here.")

    def member(tree: dict[str, Any], value: Any, found: Problems) -> None:
        if value != type_name:
            report(found, flaw, "resourceType")

    return member


def _no_type() -> Flaw:
    return Flaw("structure", "resource-type", "resourceType must name a resource type of R4.")


def _unknown(right: str | None) -> Flaw:
    return (
        _UNKNOWN if right is None else _UNKNOWN._replace(message=f"R4 has no such element here; did you mean {right}?")
    )


def _absent(element: Element, kind: Kind) -> Flaw | None:
    """A value set that R4 demands holds no reason for there being no code."""
    bound = element.codes and kind.code == "code" and not element.minimum
    return primitives.not_in(_codes(element)) if bound else None


def _codes(element: Element) -> Iterator[str]:
    return (code for codes in r4().codes[element.codes].values() for code in codes)


def _primitive(element: Element, kind: Kind) -> primitives.Check:
    if element.codes and kind.code == "code":
        return primitives.code_in(_codes(element))
    return _STRICTER.get(element.path, primitives.check_of(kind.code))
