"""The members of an object: one closure for each JSON name, for single values and arrays, primitives and objects.

`label` is what FHIRPath calls the element: `value` for valueString, `birthDate` for what stands in _birthDate.

*Source*: R4 json.html (null, empty values, `_` members and their arrays); security sheet INP-05, A31, A34.
"""

from __future__ import annotations

from typing import Any

from app.fhir.primitives import Check, Flaw, check_of
from app.fhir.problems import Finder, Member, Problems, below, report
from app.fhir.tables import Element, r4

_NO_ARRAY = Flaw("structure", "json-type", "This must be a JSON array, because the element may repeat.")
_EMPTY_ARRAY = Flaw("structure", "json-empty-value", "An array may not be empty; leave the element out.")
_NULL = Flaw("structure", "json-null", "null stands only in an array of primitives, beside an entry of the _ array.")
_LENGTHS = Flaw("structure", "json-extension-array", "The array and its _ array must have the same length.")


def one_value(label: str, check_value: Check) -> Member:
    def member(tree: dict[str, Any], value: Any, found: Problems) -> None:
        flaw = check_value(value)
        if flaw is not None:
            report(found, _NULL if value is None else flaw, label)

    return member


def values(name: str, check_value: Check) -> Member:
    def member(tree: dict[str, Any], value: Any, found: Problems) -> None:
        if type(value) is not list or not value:
            return report(found, _NO_ARRAY if type(value) is not list else _EMPTY_ARRAY, name)
        for i, item in enumerate(value):
            if item is None:
                beside = tree.get(f"_{name}")
                if type(beside) is not list or i >= len(beside) or beside[i] is None:
                    report(found, _NULL, f"{name}[{i}]")
                continue
            flaw = check_value(item)
            if flaw is not None:
                report(found, flaw, f"{name}[{i}]")

    return member


def one_extension(name: str, label: str, element: Finder, absent: Flaw | None = None) -> Member:
    """What stands beside a primitive; `absent`: what is wrong where the value itself is not there."""

    def member(tree: dict[str, Any], value: Any, found: Problems) -> None:
        if absent is not None and name not in tree:
            report(found, absent, label)
        _extension(value, name in tree, element, found, label)

    return member


def extensions(name: str, label: str, element: Finder, absent: Flaw | None = None) -> Member:
    def member(tree: dict[str, Any], value: Any, found: Problems) -> None:
        beside = tree.get(name)
        if type(value) is not list or not value:
            return report(found, _NO_ARRAY if type(value) is not list else _EMPTY_ARRAY, label)
        if type(beside) is list and len(beside) != len(value):
            report(found, _LENGTHS, label)
        for i, item in enumerate(value):
            has_value = type(beside) is list and i < len(beside) and beside[i] is not None
            if absent is not None and not has_value:
                report(found, absent, f"{label}[{i}]")
            if item is not None:
                _extension(item, has_value, element, found, f"{label}[{i}]")
            elif not has_value:
                report(found, _NULL, f"{label}[{i}]")

    return member


def _extension(value: Any, has_value: bool, element: Finder, found: Problems, at: str) -> None:
    """The `id` and extensions of a primitive; beside a value an id alone is enough."""
    start = len(found)
    if has_value and type(value) is dict and value.keys() == {"id"}:
        flaw = check_of("string")(value["id"])
        return report(found, flaw, f"{at}.id") if flaw else None
    element(value, found)
    below(found, start, at)


def one_object(label: str, finder: Finder) -> Member:
    def member(tree: dict[str, Any], value: Any, found: Problems) -> None:
        start = len(found)
        finder(value, found)
        if len(found) != start:
            below(found, start, label)

    return member


def objects(name: str, finder: Finder) -> Member:
    def member(tree: dict[str, Any], value: Any, found: Problems) -> None:
        if type(value) is not list or not value:
            return report(found, _NO_ARRAY if type(value) is not list else _EMPTY_ARRAY, name)
        for i, item in enumerate(value):
            start = len(found)
            finder(item, found)
            if len(found) != start:
                below(found, start, f"{name}[{i}]")

    return member


def with_codes(finder: Finder, element: Element) -> Finder:
    """A CodeableConcept, Coding or Quantity whose code is bound: one coding at least must be of the value set, or, of
    one that only suggests, should be."""
    required = bool(element.codes)
    listed = r4().codes[element.codes or element.suggested]
    allowed = {(system, code) for system, codes in listed.items() for code in codes}
    flaw = _codes_flaw(allowed, required)

    def find(tree: Any, found: Problems) -> None:
        start = len(found)
        finder(tree, found)
        if len(found) != start:
            return
        given = tree.get("coding", ()) if "coding" in tree or "text" in tree else (tree,)
        if not given and not required:
            return
        if not any((item.get("system"), item.get("code")) in allowed for item in given):
            report(found, flaw, "coding" if "coding" in tree else "")

    return find


def _codes_flaw(allowed: set[tuple[str, str]], required: bool) -> Flaw:
    words = ", ".join(dict.fromkeys(code for _, code in sorted(allowed)))
    systems = " or ".join(sorted({system for system, _ in allowed}))
    if required:
        message = f"Use one of {words}" if len(allowed) <= 20 else "Use a code of the value set that R4 demands here"
        return Flaw("code-invalid", "required-code", f"{message}, of {systems}.")
    message = f"Use one of {words}" if len(allowed) <= 20 else "Use a code of the value set that R4 suggests here"
    return Flaw("code-invalid", "suggested-code", f"{message}, of {systems}, unless none of them fits.", "warning")
