"""Puts a value where a search parameter looks, into a valid resource, and says how to ask for it.

Everything comes from the R4 tables: what else must stand beside the value, which codes are allowed, which types a
reference may lead to. So a parameter is tested as soon as its line stands in a file.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.fhir.json import JsonObject, dump, parse
from app.fhir.paths import Leaf, Step, leaves
from app.fhir.registry import READABLE, ResourceType, SearchParameter
from app.fhir.structure import check
from app.fhir.tables import Element, Kind, r4

SYSTEM = "https://conformance.example/system"
# reference of this type -> one that exists, or None where the type is not served
ReferTo = Callable[[str], str | None]
PRIMITIVES: Mapping[str, Any] = {
    "boolean": True,
    "code": "en",
    "date": "2024-02-03",
    "dateTime": "2024-02-03T04:05:06Z",
    "instant": "2024-02-03T04:05:06Z",
    "time": "04:05:06",
    "integer": 3,
    "positiveInt": 3,
    "unsignedInt": 3,
    "decimal": 3.5,
    "base64Binary": "QQ==",
    "id": "planted",
    "oid": "urn:oid:1.2.3",
    "uuid": "urn:uuid:0198c0de-0000-7000-8000-000000000001",
    "xhtml": '<div xmlns="http://www.w3.org/1999/xhtml">planted</div>',
}
DATA_TYPES: Mapping[str, Any] = {
    "CodeableConcept": {"coding": [{"system": SYSTEM, "code": "planted"}], "text": "planted"},
    "Coding": {"system": SYSTEM, "code": "planted"},
    "Identifier": {"system": SYSTEM, "value": "planted"},
    "ContactPoint": {"system": "phone", "value": "planted"},
    "HumanName": {"family": "Planted"},
    "Address": {"city": "Planted"},
    "Period": {"start": "2024-02-03", "end": "2024-02-03"},
    "Timing": {"event": ["2024-02-03"]},
    "Attachment": {"title": "planted"},
    "Annotation": {"text": "planted"},
}
AMOUNT = {"value": 5.5, "unit": "mg", "system": "http://unitsofmeasure.org", "code": "mg"}


@dataclass(slots=True)
class Planted:
    """A resource and what finds it: `asked` is the whole `code=value`, `other` the same for a value that is not there;
    `led` where a reference leads to."""

    tree: JsonObject
    asked: tuple[str, str]
    other: tuple[str, str]
    led: str = ""


@dataclass(slots=True)
class Plot:
    """A type's examples, into which one value after another is planted, each time anew."""

    served: ResourceType
    examples: Sequence[JsonObject]
    refer_to: ReferTo

    def planted(self, parameter: SearchParameter, leads_to: str = "") -> Planted:
        """The example, or what is left of it beside the value, with something for `parameter` to find."""
        if parameter.kind == "composite":
            return self._pair(parameter)
        tree, leaf, value = self._tree(self.examples, parameter, leads_to)
        asked, other, led = _question(parameter, leaf, value)
        return Planted(tree, asked, other, led)

    def lacks(self, parameter: SearchParameter) -> bool:
        """Whether no example has a value there."""
        found = [leaf.steps for path in parameter.paths for leaf in leaves(self.served.name, path)]
        return all(_at(example, steps) is None for example in self.examples for steps in found)

    def _pair(self, parameter: SearchParameter) -> Planted:
        first, second = (self.served.parameters[code] for code in parameter.components)
        tree, leaf, value = self._tree(self.examples, first, "")
        tree, other_leaf, other_value = self._tree([tree], second, "")
        one, two = _question(first, leaf, value)[0][1], _question(second, other_leaf, other_value)[0][1]
        return Planted(tree, (parameter.code, f"{one}${two}"), (parameter.code, f"{one}${SYSTEM}|nowhere"))

    def _tree(
        self, examples: Sequence[JsonObject], parameter: SearchParameter, leads_to: str
    ) -> tuple[JsonObject, Leaf, Any]:
        found = [leaf for path in parameter.paths for leaf in leaves(self.served.name, path)]
        for example, leaf in ((example, leaf) for example in examples for leaf in found):
            value = _at(example, leaf.steps)
            if value is not None and not leads_to and _can_be_asked(leaf, value):
                return copy.deepcopy(example), leaf, value
        problems: list[Any] = []
        for start in (*examples, self._bare(examples[0])):
            for leaf in (each for each in found if each.kind.code in READABLE[parameter.kind]):
                tree = copy.deepcopy(start)
                value = self._value(leaf, leads_to)
                self._put(tree, leaf, value)
                problems = [each for each in check(self.served.name, tree) if each.severity == "error"]
                if not problems:
                    return tree, leaf, _at(tree, leaf.steps)
        raise AssertionError((self.served.name, parameter.code, problems, dump(tree)))

    def _bare(self, example: JsonObject) -> JsonObject:
        kept = {each for element in r4().children(self.served.name) if element.minimum for each in element.json_names()}
        return {
            name: value for name, value in copy.deepcopy(example).items() if name in {*kept, "resourceType", "meta"}
        }

    def _value(self, leaf: Leaf, leads_to: str) -> Any:
        if leaf.kind.code == "Reference":
            return self._reference(leaf.kind, leaf.only, leads_to)
        return self._of(leaf.kind, leaf.codes)

    def _put(self, tree: JsonObject, leaf: Leaf, value: Any) -> None:
        node: Any = tree
        path = self.served.name
        for place, step in enumerate(leaf.steps):
            last = place == len(leaf.steps) - 1
            element, kind = _element(path, step.name)
            if element.is_choice:
                for name in element.json_names():
                    node.pop(name, None)
            new = value if last else None
            if step.where and last:
                new = {**value, step.where[0]: step.where[1]}
            if not last:
                below = node.get(step.name)
                new = below[0] if step.repeats and below else below or self._filled(kind, element, step)
            node[step.name] = [new] if step.repeats else new
            node, path = new, _path_below(path, step, element, kind)

    def _filled(self, kind: Kind, element: Element, step: Step) -> JsonObject:
        """A new element with what must stand in it."""
        path = element.children_of or (element.path if kind.code in ("BackboneElement", "Element") else kind.code)
        tree = {}
        for child in r4().children(path):
            if child.minimum:
                name, child_kind = next(iter(child.json_names().items()))
                value = self._child(child, child_kind)
                tree[name] = [value] if child.maximum != 1 else value
        return {**tree, **({step.where[0]: step.where[1]} if step.where else {})}

    def _child(self, child: Element, kind: Kind) -> Any:
        if kind.code == "Reference":
            return self._reference(kind, "", "")
        if kind.code in ("BackboneElement", "Element") or child.children_of:
            return self._filled(kind, child, Step(child.name, False))
        return self._of(kind, child.codes)

    def _of(self, kind: Kind, codes: str) -> Any:
        allowed = r4().codes.get(codes, {})
        system, of_system = next(((s, c) for s, c in allowed.items()), ("", ()))
        if allowed and kind.code == "code":
            return of_system[0]
        if allowed and kind.code in ("Coding", "CodeableConcept"):
            coding = {"system": system, "code": of_system[0]}
            return coding if kind.code == "Coding" else {"coding": [coding]}
        if kind.code in DATA_TYPES:
            return copy.deepcopy(DATA_TYPES[kind.code])
        if kind.code in READABLE["quantity"]:
            return parse(dump({"low": AMOUNT, "high": AMOUNT} if kind.code == "Range" else AMOUNT))
        return PRIMITIVES.get(kind.code, f"urn:planted:{kind.code}" if kind.code in READABLE["uri"] else "planted")

    def _reference(self, kind: Kind, only: str, leads_to: str) -> JsonObject:
        """To something that exists; by an identifier where none of the types is served."""
        if leads_to:
            return {"reference": leads_to}
        for target in (only,) if only else kind.targets or ("Patient",):
            found = self.refer_to(target)
            if found is not None:
                return {"reference": found}
        return {"type": only or kind.targets[0], "identifier": {"system": SYSTEM, "value": "planted"}}


def _path_below(path: str, step: Step, element: Element, kind: Kind) -> str:
    if element.children_of:
        return element.children_of
    return element.path if kind.code in ("BackboneElement", "Element") else kind.code


def _element(path: str, name: str) -> tuple[Element, Kind]:
    return next((each, each.json_names()[name]) for each in r4().children(path) if name in each.json_names())


def _at(tree: Any, steps: tuple[Step, ...]) -> Any:
    """The first value at the end of the steps, or None."""
    if not steps:
        return tree
    step, *rest = steps
    below = tree.get(step.name) if isinstance(tree, dict) else None
    for each in below if isinstance(below, list) else [] if below is None else [below]:
        if step.where is None or each.get(step.where[0]) == step.where[1]:
            found = _at(each, tuple(rest))
            if found is not None:
                return found
    return None


def _can_be_asked(leaf: Leaf, value: Any) -> bool:
    if leaf.kind.code == "CodeableConcept":
        return bool(value.get("coding"))
    if leaf.kind.code == "Reference":
        return "reference" in value and (not leaf.only or value["reference"].startswith(f"{leaf.only}/"))
    return True


def _question(parameter: SearchParameter, leaf: Leaf, value: Any) -> tuple[tuple[str, str], tuple[str, str], str]:
    """((code, value that finds), (code, value that does not), where a reference leads)."""
    code, led = parameter.code, ""
    if parameter.kind == "reference" and isinstance(value, dict) and "reference" not in value:
        identifier = value["identifier"]
        found = f"{identifier['system']}|{identifier['value']}"
        return (f"{code}:identifier", found), (f"{code}:identifier", f"{SYSTEM}|nowhere"), led
    if parameter.kind == "token":
        found, other = _token(leaf, value)
    elif parameter.kind == "reference":
        found = value["reference"].partition("/_history/")[0] if isinstance(value, dict) else value
        nowhere = f"{found.split('/')[0]}/nowhere" if isinstance(value, dict) else "http://planted.example/nowhere"
        led, other = found, nowhere
    elif parameter.kind == "date":
        found, other = _day(value), "1066-10-14"
    elif parameter.kind == "string":
        found, other = _text(value), "Nowhere at all"
    elif parameter.kind == "quantity":
        found, other = f"5.5|{AMOUNT['system']}|{AMOUNT['code']}", f"7|{AMOUNT['system']}|{AMOUNT['code']}"
    elif parameter.kind == "number":
        found, other = str(value), "987654"
    else:
        found, other = value, "urn:planted:nowhere"
    return (code, _escaped(found, parameter)), (code, other), led


def _escaped(text: str, parameter: SearchParameter) -> str:
    return text.replace("\\", "\\\\").replace(",", "\\,") if parameter.kind in ("string", "uri", "token") else text


def _token(leaf: Leaf, value: Any) -> tuple[str, str]:
    if isinstance(value, bool):
        return str(value).lower(), str(not value).lower()
    if isinstance(value, str):
        return value, "nowhere"
    pair = value["coding"][0] if "coding" in value else value
    text = pair.get("code", pair.get("value"))
    named = "system" in pair and leaf.kind.code != "ContactPoint"  # whose system says phone or mail
    return f"{pair['system']}|{text}" if named else text, f"{SYSTEM}|nowhere"


def _day(value: Any) -> str:
    if isinstance(value, dict):
        return str(value.get("start") or value["event"][0])[:10]
    return str(value)[:10]


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    texts = (text for text in value.values() for text in (text if isinstance(text, list) else [text]))
    return next(text for text in texts if isinstance(text, str))
