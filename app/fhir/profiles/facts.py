"""What a profile says beyond R4, as a table: one line for each fact, to be read, compared and commented on.

    profile  http://hl7.org/fhir/us/sdoh-clinicalcare/StructureDefinition/SDOHCC-Consent  3.0.0
    type     Consent
    slices   category       open     pattern $this
    element  category:IDSCL 1..1     <types>     pattern {"coding":[...]}  <binding>  must-support
    also     code           extensible  <value set>  <where>  <system>  <code>
    rule     .              SDOH-Con-1  error    extension(...).count() <= 1         Only one asserter.

Columns are parted by tabs. A path is without the type, `.` is the resource itself, `input:Contact` a slice. Types
without a colon are R4's, or profiles of the same guide. What a line leaves empty is as in R4. Lines that begin with `#`
are comments. The tables of one profile hold all that its base profiles demand, too.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal

from app.fhir.cells import joined, parted
from app.fhir.json import dump, reread
from app.fhir.tables import r4

R4 = "http://hl7.org/fhir/StructureDefinition/"
STRENGTHS = ("required", "extensible")
MUST_SUPPORT = "must-support"
Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Kind:
    """A type that an element may have: where a Reference may lead, which profiles the value itself must fit."""

    code: str
    targets: tuple[str, ...] = ()
    profiles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Binding:
    """`strength` is required or extensible; `value_set` without a version."""

    strength: str
    value_set: str


@dataclass(frozen=True, slots=True)
class ElementFacts:
    """One element, or one slice of it. `minimum` and `maximum` None: as in R4; -1: without an end; `kinds` empty: as in
    R4. `fixed` and `pattern` are JSON values."""

    path: str
    minimum: int | None = None
    maximum: int | None = None
    kinds: tuple[Kind, ...] = ()
    fixed: Any = None
    pattern: Any = None
    binding: Binding | None = None
    must_support: bool = False

    @property
    def says_nothing(self) -> bool:
        return self == ElementFacts(self.path)


@dataclass(frozen=True, slots=True)
class Slicing:
    """How the values of an element are told apart: by (type, path) pairs; `rules` open, closed or openAtEnd."""

    path: str
    rules: str
    discriminators: tuple[tuple[str, str], ...]
    ordered: bool = False


@dataclass(frozen=True, slots=True)
class AlsoBound:
    """A binding that holds where another element (`where`, a path) has this code: `code` by category; without `where`,
    always."""

    path: str
    strength: str
    value_set: str
    where: str = ""
    system: str = ""
    code: str = ""


@dataclass(frozen=True, slots=True)
class Rule:
    """An invariant: at which path, its key, what it says, its FHIRPath."""

    path: str
    key: str
    severity: Severity
    expression: str
    human: str


@dataclass(frozen=True, slots=True)
class ProfileFacts:
    """All that is known of one profile. `package` is where it comes from: name#version."""

    url: str
    version: str
    type: str
    base: str
    title: str
    package: str = ""
    abstract: bool = False
    elements: tuple[ElementFacts, ...] = ()
    slicings: tuple[Slicing, ...] = ()
    also: tuple[AlsoBound, ...] = ()
    rules: tuple[Rule, ...] = ()

    @property
    def name(self) -> str:
        """How people speak of it: the last part of its address."""
        return self.url.rpartition("/")[2]


def written(facts: ProfileFacts, comment: str = "") -> str:
    """The table as text. Raises Unwritable, a ValueError."""
    lines: list[tuple[str, ...]] = [("#", comment)] if comment else []
    lines += [
        ("profile", facts.url, facts.version),
        ("type", facts.type, *(["abstract"] if facts.abstract else [])),
        ("base", facts.base),
        ("title", facts.title),
        ("package", facts.package),
    ]
    lines += _lines_of(facts)
    return joined(lines)


def _lines_of(facts: ProfileFacts) -> Iterator[tuple[str, ...]]:
    """How an element is sliced stands before its slices, what is also bound after it, rules at the end."""
    home, slicings = _home(facts.url), {each.path: each for each in facts.slicings}
    for element in facts.elements:
        sliced = element.path.rpartition(":")[0]
        slicing = slicings.pop(element.path, None) or slicings.pop(sliced, None)
        if slicing is not None:
            yield _slices_line(slicing)
        yield _element_line(element, home)
        for each in facts.also:
            if each.path == element.path:
                yield _also_line(each)
    told = {element.path for element in facts.elements}
    yield from (_slices_line(each) for each in slicings.values())
    yield from (_also_line(each) for each in facts.also if each.path not in told)
    for rule in facts.rules:
        yield "rule", rule.path or ".", rule.key, rule.severity, rule.expression, rule.human


def _also_line(each: AlsoBound) -> tuple[str, ...]:
    return "also", each.path, each.strength, each.value_set, each.where, each.system, each.code


def read(text: str) -> ProfileFacts:
    """The facts of a table. Raises ValueError with the line that cannot be read."""
    found = ProfileFacts("", "", "", "", "")
    elements, slicings, also, rules = [], [], [], []
    for number, (word, *cells) in parted(text):
        try:
            match word:
                case "profile":
                    found = replace(found, url=cells[0], version=cells[1] if len(cells) > 1 else "")
                case "type":
                    found = replace(found, type=cells[0], abstract="abstract" in cells[1:])
                case "base":
                    found = replace(found, base=cells[0])
                case "title":
                    found = replace(found, title="".join(cells[:1]))
                case "package":
                    found = replace(found, package="".join(cells[:1]))
                case "element":
                    elements.append(_element(cells, _home(found.url)))
                case "slices":
                    slicings.append(_slicing(cells))
                case "also":
                    also.append(AlsoBound(*cells))
                case "rule":
                    rules.append(_rule(cells))
                case _ if not word.startswith("#") and (word or cells):
                    raise ValueError(f"unknown word {word!r}")
        except (IndexError, TypeError, ValueError) as problem:
            raise ValueError(f"line {number}: {problem}") from problem
    return replace(found, elements=tuple(elements), slicings=tuple(slicings), also=tuple(also), rules=tuple(rules))


def _home(url: str) -> str:
    """The address below which a guide's own profiles stand."""
    return url.rpartition("/")[0] + "/"


def _element_line(element: ElementFacts, home: str) -> tuple[str, ...]:
    low = "" if element.minimum is None else str(element.minimum)
    high = "" if element.maximum is None else "*" if element.maximum < 0 else str(element.maximum)
    value = ""
    if element.fixed is not None or element.pattern is not None:
        word, node = ("fixed", element.fixed) if element.fixed is not None else ("pattern", element.pattern)
        value = f"{word} {dump(node).decode()}"
    bound = f"{element.binding.strength} {element.binding.value_set}" if element.binding else ""
    return (
        "element",
        element.path or ".",
        f"{low}..{high}" if low or high else "",
        " ".join(_kind_text(kind, home) for kind in element.kinds),
        value,
        bound,
        MUST_SUPPORT if element.must_support else "",
    )


def _element(cells: list[str], home: str) -> ElementFacts:
    path, card, kinds, value, bound, flags = _full(cells, 6)[:6]
    low, _, high = card.partition("..")
    word, _, node = value.partition(" ")
    strength, _, value_set = bound.partition(" ")
    if bound and strength not in STRENGTHS:
        raise ValueError("a binding is required or extensible")
    return ElementFacts(
        _path(path),
        int(low) if low else None,
        -1 if high == "*" else int(high) if high else None,
        tuple(_kind(text, home) for text in kinds.split(" ") if text),
        reread(node.encode()) if word == "fixed" else None,
        reread(node.encode()) if word == "pattern" else None,
        Binding(strength, value_set) if bound else None,
        flags == MUST_SUPPORT,
    )


def _kind_text(kind: Kind, home: str) -> str:
    """`Reference(Patient|Group)`, `Extension[condition-assertedDate]`."""
    targets = "|".join(_short(each, home) for each in kind.targets)
    profiles = "|".join(_short(each, home) for each in kind.profiles)
    return kind.code + (f"[{profiles}]" if profiles else "") + (f"({targets})" if targets else "")


def _kind(text: str, home: str) -> Kind:
    head, _, targets = text.removesuffix(")").partition("(")
    code, _, profiles = head.removesuffix("]").partition("[")
    return Kind(code, tuple(_long(targets, home)), tuple(_long(profiles, home)))


def _short(url: str, home: str) -> str:
    name = url.rpartition("/")[2]
    if url == R4 + name and name in r4().types:
        return name
    return name if url == home + name and name not in r4().types else url


def _long(text: str, home: str) -> Iterator[str]:
    for each in text.split("|") if text else ():
        yield each if ":" in each else (R4 if each in r4().types else home) + each


def _slices_line(slicing: Slicing) -> tuple[str, ...]:
    pairs = [f"{kind} {path}" for kind, path in slicing.discriminators]
    return ("slices", slicing.path, slicing.rules + (" ordered" if slicing.ordered else ""), *pairs)


def _slicing(cells: list[str]) -> Slicing:
    path, rules, *pairs = cells
    word, _, ordered = rules.partition(" ")
    parted = [pair.partition(" ") for pair in pairs]
    return Slicing(path, word, tuple((kind, where) for kind, _, where in parted), ordered == "ordered")


def _rule(cells: list[str]) -> Rule:
    path, key, severity, expression, human = _full(cells, 5)
    if severity not in ("error", "warning"):
        raise ValueError("a rule's severity is error or warning")
    return Rule(_path(path), key, "error" if severity == "error" else "warning", expression, human)


def _full(cells: list[str], number: int) -> list[str]:
    """With those that were empty at the line's end."""
    return cells + [""] * (number - len(cells))


def _path(text: str) -> str:
    return "" if text == "." else text
