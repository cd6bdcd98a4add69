"""From a StructureDefinition to facts: what its snapshot says that R4 does not; without a snapshot, what its
differential adds to the facts of its base.

*Source*: R4 profiling.html, elementdefinition.html; the extension for additional bindings of HL7's tools.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from app.fhir.invariants import INVARIANTS
from app.fhir.json import JsonObject
from app.fhir.profiles.facts import (
    R4,
    STRENGTHS,
    AlsoBound,
    Binding,
    ElementFacts,
    Kind,
    ProfileFacts,
    Rule,
    Severity,
    Slicing,
)
from app.fhir.profiles.shorthand import NoElement, in_full
from app.fhir.tables import Element, r4

R4_VALUE_SET = "http://hl7.org/fhir/ValueSet/"
_ALSO = "http://hl7.org/fhir/tools/StructureDefinition/additional-binding"
# R4's rules by their keys: those that are checked, and those that are checked elsewhere or only advise; that of a
# simple quantity is checked where R4 has one, and belongs to its profile
_R4_KEYS = (frozenset(rule.key for rule in INVARIANTS) - {"sqty-1"}) | frozenset(
    ("ele-1", "ext-1", "ref-1", "dom-2", "dom-3", "dom-4", "dom-5", "dom-6", "con-3", "txt-1", "txt-2")
)
_BEST_PRACTICE = "http://hl7.org/fhir/StructureDefinition/elementdefinition-bestpractice"
# URLs and ids are strings of FHIRPath in a definition of a type
_FHIRPATH = "http://hl7.org/fhirpath/System."


class NoFacts(ValueError):
    """A definition that cannot be turned into facts; the message says why."""


def facts_of(definition: JsonObject, known: Mapping[str, ProfileFacts], package: str = "") -> ProfileFacts:
    """The facts of a profile or an extension. `known`: those of its base, which are needed where there is no snapshot.

    Raises NoFacts."""
    try:
        return _facts(definition, known, package)
    except NoElement as problem:
        raise NoFacts(str(problem)) from problem
    except (KeyError, TypeError, IndexError, AttributeError) as problem:
        raise NoFacts(f"the definition lacks or misplaces {problem}") from problem


def _facts(definition: JsonObject, known: Mapping[str, ProfileFacts], package: str) -> ProfileFacts:
    if definition["type"] not in r4().types:
        raise NoFacts("it is not about a type of R4")
    base = _address(definition["baseDefinition"])
    start = ProfileFacts(
        url=definition["url"],
        version=_text(definition.get("version", "")),
        type=definition["type"],
        base=base,
        title=_line(definition.get("title") or definition.get("name", "")),
        package=package,
        abstract=bool(definition.get("abstract")),
    )
    if "snapshot" in definition:
        return _collected(start, definition["snapshot"]["element"])
    if base != R4 + start.type:
        if base not in known:
            raise NoFacts(f"it has no snapshot, and its base {base} is not known here: install that first")
        start = _inheriting(start, known[base])
    return _collected(start, definition["differential"]["element"])


def _inheriting(start: ProfileFacts, base: ProfileFacts) -> ProfileFacts:
    return replace(start, elements=base.elements, slicings=base.slicings, also=base.also, rules=base.rules)


def _collected(start: ProfileFacts, elements: list[JsonObject]) -> ProfileFacts:
    facts = {each.path: each for each in start.elements}
    slicings = {each.path: each for each in start.slicings}
    also = {(each.path, each.where, each.code): each for each in start.also}
    rules = {(each.path, each.key): each for each in start.rules}
    by_type: dict[str, str] = {}
    for element in elements:
        path, named, row = in_full(_path(element, start.type), start.type)
        by_type |= {at: kind.code for at, kind in named.items()}
        said = _element(element, path, facts.get(path), _row(element, row))
        if not said.says_nothing or element.get("sliceName"):
            facts[path] = said
        if "slicing" in element:
            slicings[path] = _slicing(element["slicing"], path)
        also |= {(path, each.where, each.code): each for each in _also_bound(element, path)}
        rules |= {(path, each.key): each for each in _rules(element, path)}
    for at, code in by_type.items():
        said = facts.get(at, ElementFacts(at))
        facts[at] = said if said.kinds else replace(said, kinds=(Kind(code),))
    sliced = {above for path in facts if ":" in path.rpartition(".")[2] for above in _sliced(path)}
    for path in sorted(sliced - slicings.keys()):
        slicings[path] = _implied(path, slicings)
    return replace(
        start,
        elements=tuple(facts.values()),
        slicings=tuple(each for path, each in slicings.items() if path in sliced),
        also=tuple(also.values()),
        rules=tuple(rules.values()),
    )


def _implied(path: str, slicings: Mapping[str, Slicing]) -> Slicing:
    """How an element is sliced where nobody says it: extensions by their address, a choice by its type, a slice as its
    element. Raises NoFacts for all others."""
    element, _, name = path.rpartition(":")
    if "." not in name and element in slicings:
        return replace(slicings[element], path=path, rules="open", ordered=False)
    last = path.rpartition(".")[2]
    if last in ("extension", "modifierExtension"):
        return Slicing(path, "open", (("value", "url"),))
    if last.endswith("[x]"):
        return Slicing(path, "open", (("type", "$this"),))
    raise NoFacts(f"it does not say how {path} is sliced")


def _sliced(path: str) -> Iterator[str]:
    """What a slice is a slice of: the element, and of a slice of a slice (`a:b/c`) that slice."""
    element, _, name = path.rpartition(":")
    yield element
    if "/" in name:
        yield path.rpartition("/")[0]


def _path(element: JsonObject, type_name: str) -> str:
    """Without the type: `input:Contact.type`. A choice that is named by one of its types is that slice of it."""
    text: str = element.get("id") or element["path"]
    return text.removeprefix(type_name).removeprefix(".")


def _row(element: JsonObject, row: Element | None) -> Element | None:
    """Where R4 has it: a snapshot tells; in a differential only the path does. None where nobody can tell."""
    base: str = element.get("base", {}).get("path", "")
    try:
        return r4().element(base) if base else row
    except KeyError:
        return row


def _element(element: JsonObject, path: str, before: ElementFacts | None, row: Element | None) -> ElementFacts:
    said = before or ElementFacts(path)
    # a slice has numbers of its own; of an element those count that R4 does not have
    base = {} if element.get("sliceName") else element.get("base", {})
    if "min" in element and (before is not None or element["min"] != base.get("min", 0)):
        said = replace(said, minimum=_minimum(element["min"]))
    if "max" in element and element["max"] != base.get("max", "*"):
        said = replace(said, maximum=_maximum(element["max"]))
    if "type" in element and not _is_of_a_primitive(element):
        kinds = tuple(_kind(each) for each in element["type"])
        if row is None or not _as_in_r4(kinds, row):  # else what the base profile has said stays
            said = replace(said, kinds=kinds)
    for name, value in element.items():
        if name.startswith("fixed"):
            said = replace(said, fixed=value)
        elif name.startswith("pattern"):
            said = replace(said, pattern=value)
    binding = _binding(element)
    if binding is not None and not (row is not None and _bound_in_r4(binding, row)):
        said = replace(said, binding=binding)
    return replace(said, must_support=True) if element.get("mustSupport") else said


def _is_of_a_primitive(element: JsonObject) -> bool:
    """Whether it is the bare value of a primitive, which is no element in JSON."""
    of = r4().types.get(element.get("base", {}).get("path", "").partition(".")[0])
    return of is not None and of.kind == "primitive"


def _minimum(value: Any) -> int:
    if type(value) is not int or value < 0:
        raise NoFacts("min must be a whole number")
    return value


def _maximum(value: Any) -> int:
    """-1: without an end."""
    if value == "*":
        return -1
    if type(value) is not str or not (value.isascii() and value.isdecimal()):
        raise NoFacts("max must be a whole number in a text, or *")
    return int(value)


def _kind(tree: JsonObject) -> Kind:
    code: str = tree["code"]
    if code.startswith(_FHIRPATH):
        code = code.removeprefix(_FHIRPATH).lower()
    return Kind(code, _addresses(tree, "targetProfile"), _addresses(tree, "profile"))


def _addresses(tree: JsonObject, name: str) -> tuple[str, ...]:
    return tuple(_address(each) for each in tree.get(name, ()))


def _address(canonical: str) -> str:
    """Without its version: which one is meant, is decided by what is installed."""
    return canonical.partition("|")[0]


def _as_in_r4(kinds: tuple[Kind, ...], row: Element) -> bool:
    """Whether R4 allows just these types here; that of an id or an address has another name in FHIRPath."""
    if any(kind.profiles for kind in kinds):
        return False
    allowed = row.kinds
    simple = {(kind.code, frozenset(R4 + each for each in kind.targets)) for kind in allowed}
    # where a canonical leads, R4's tables do not say
    told = {
        (kind.code, frozenset(each for each in kind.targets if kind.code == "Reference" and each != R4 + "Resource"))
        for kind in kinds
    }
    renamed = len(allowed) == 1 and {code for code, _ in told} <= {"string", "id"}
    return not allowed or told == simple or renamed


def _binding(element: JsonObject) -> Binding | None:
    tree = element.get("binding", {})
    if tree.get("strength") not in STRENGTHS or "valueSet" not in tree:
        return None
    return Binding(tree["strength"], _address(tree["valueSet"]))


def _bound_in_r4(binding: Binding, row: Element) -> bool:
    name = row.codes if binding.strength == "required" else row.suggested
    return bool(name) and binding.value_set == R4_VALUE_SET + name


def _slicing(tree: JsonObject, path: str) -> Slicing:
    pairs = tuple((each["type"], each["path"]) for each in tree.get("discriminator", ()))
    return Slicing(path, tree.get("rules", "open"), pairs, bool(tree.get("ordered")))


def _also_bound(element: JsonObject, path: str) -> Iterator[AlsoBound]:
    for extension in element.get("binding", {}).get("extension", ()):
        if extension["url"] != _ALSO:
            continue
        parts = {
            each["url"]: next(v for k, v in each.items() if k.startswith("value")) for each in extension["extension"]
        }
        strength, usage = parts.get("purpose"), parts.get("usage", {})
        if strength in STRENGTHS and "usage" not in parts:
            yield AlsoBound(path, strength, _address(parts["valueSet"]))
        where = usage.get("code", {}).get("code", "").partition(".")[2]
        codings = usage.get("valueCodeableConcept", {}).get("coding", ())
        if strength in STRENGTHS and where:
            for coding in codings:
                yield AlsoBound(
                    path, strength, _address(parts["valueSet"]), where, coding.get("system", ""), coding["code"]
                )


def _rules(element: JsonObject, path: str) -> Iterator[Rule]:
    for each in element.get("constraint", ()):
        advice, warns = _is_advice(each), each["severity"] == "warning"
        if _is_r4s(each) or "expression" not in each or (advice and warns):
            continue
        severity: Severity = "warning" if advice or warns else "error"
        yield Rule(path, _text(each["key"]), severity, _line(each["expression"]), _line(each["human"]))


def _is_r4s(constraint: JsonObject) -> bool:
    """Whether it is one of R4's own, by who says it; where that is not told, by its key."""
    source = _address(constraint.get("source", ""))
    if source:
        return source.startswith(R4) and source.removeprefix(R4) in r4().types
    return constraint["key"] in _R4_KEYS


def _is_advice(constraint: JsonObject) -> bool:
    return any(each["url"] == _BEST_PRACTICE and each.get("valueBoolean") for each in constraint.get("extension", ()))


def _text(value: Any) -> str:
    if type(value) is not str:
        raise NoFacts("a version or a rule's key must be a text")
    return value


def _line(text: Any) -> str:
    return " ".join(str(text).split())
