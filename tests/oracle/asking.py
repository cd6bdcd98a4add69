"""Random searches: of what stands in the resources, of what nearly does, and of what does not."""

import re
from collections.abc import Callable, Mapping
from random import Random
from typing import Any

from tests.oracle.amounts import amounts
from tests.oracle.datatypes import CODES, DATES, MOMENTS, NUMBERS, SYSTEMS, TEXTS, URIS
from tests.oracle.definitions import Component, Json, Parameter, served
from tests.oracle.extraction import Node, below
from tests.oracle.matching import local
from tests.oracle.oracle import Oracle
from tests.oracle.values import canonicals, displayed, is_read, links, strings, tokens, typed

MODIFIERS: Mapping[str, tuple[str, ...]] = {
    "token": ("", "", "", "not", "text", "of-type", "missing"),
    "reference": ("", "", "", "identifier", "type", "missing"),
    "date": ("", "", "", "missing"),
    "string": ("", "", "exact", "contains", "missing"),
    "uri": ("", "", "missing"),
    "quantity": ("", "", "", "missing"),
    "number": ("", "missing"),
    "composite": ("",),
}
COMPARED = ("", "", "eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap")
UNSORTABLE = ("composite", "reference")


class Questions:
    """Searches about the resources of an oracle, by chance."""

    def __init__(self, oracle: Oracle, chance: Random) -> None:
        self.oracle, self.chance = oracle, chance

    def pick(self, choices: Any) -> Any:
        return self.chance.choice(list(choices))

    def now_and_then(self, times: int) -> bool:
        """True once in so many times."""
        return self.chance.randrange(times) == 0

    def search(self, type_name: str) -> list[tuple[str, str]]:
        """One to three criteria and, now and then, an order, what shall come along, a number."""
        pairs = [self.criterion(type_name) for _ in range(self.pick((1, 1, 1, 1, 2, 3)))]
        if self.now_and_then(10):
            pairs.append(self.since(type_name))
        if self.now_and_then(4):
            pairs.append(("_sort", ",".join(self.rule(type_name) for _ in range(self.pick((1, 1, 2))))))
        if self.now_and_then(4):
            pairs += self.along(type_name)
        if self.now_and_then(5):
            pairs.append(("_total", "accurate"))
        return pairs

    def since(self, type_name: str) -> tuple[str, str]:
        """A time by the stamps of what is there: to the millisecond, the second or the year."""
        stamps = [each["meta"]["lastUpdated"] for each in self.of_type(type_name)] or ["2026-01-01T00:00:00.000Z"]
        stamp = self.pick(stamps)
        return "_lastUpdated", self.pick(COMPARED[:-1]) + self.pick((stamp, stamp, stamp[:19] + "Z", stamp[:4]))

    def along(self, type_name: str) -> list[tuple[str, str]]:
        type_ = served()[type_name]
        offered = [("_include", f"{type_name}:{code}") for code in type_.includes]
        offered += [("_revinclude", each) for each in type_.revincludes]
        return [self.pick(offered), *([self.pick(offered)] if self.now_and_then(2) else [])] if offered else []

    def rule(self, type_name: str) -> str:
        sortable = [p.code for p in served()[type_name].parameters.values() if p.kind not in UNSORTABLE]
        return str(self.pick(("", "-")) + self.pick(sortable))

    def criterion(self, type_name: str, depth: int = 0) -> tuple[str, str]:
        """A plain parameter mostly; else a chain, or `_has`, as long as there may be further hops."""
        way = self.pick(("plain", "plain", "plain", "chain", "has") if depth < 2 else ("plain",))
        found = {"chain": self.chain, "has": self.has}[way](type_name, depth) if way != "plain" else None
        return found or self.plain(type_name)

    def chain(self, type_name: str, depth: int) -> tuple[str, str] | None:
        hops = [
            (parameter.code, kind)
            for resource in self.of_type(type_name)
            for parameter in served()[type_name].parameters.values()
            if parameter.kind == "reference"
            for node in self.oracle.values(resource, parameter)
            for kind, _ in self.places(node)
        ]
        if not hops:
            return None
        code, target = self.pick(dict.fromkeys(hops))
        name, value = self.criterion(target, depth + 1)
        return f"{code}:{target}.{name}", value

    def has(self, type_name: str, depth: int) -> tuple[str, str] | None:
        hops = [
            (other["resourceType"], parameter.code)
            for other in self.oracle.resources.values()
            for parameter in served()[other["resourceType"]].parameters.values()
            if parameter.kind == "reference"
            for node in self.oracle.values(other, parameter)
            for kind, _ in self.places(node)
            if kind == type_name
        ]
        if not hops:
            return None
        source, code = self.pick(dict.fromkeys(hops))
        name, value = self.criterion(source, depth + 1)
        return f"_has:{source}:{code}:{name}", value

    def plain(self, type_name: str) -> tuple[str, str]:
        """A parameter that some resource has a value of, mostly; each kind as often as the others."""
        parameters = [p for p in served()[type_name].parameters.values() if p.code != "_lastUpdated"]
        used = [p for p in parameters if any(self.has_value(each, p) for each in self.of_type(type_name))]
        candidates = parameters if not used or self.now_and_then(8) else used
        kind = self.pick(sorted({parameter.kind for parameter in candidates}))
        parameter = self.pick([parameter for parameter in candidates if parameter.kind == kind])
        nodes = [node for each in self.of_type(type_name) for node in self.oracle.values(each, parameter)]
        modifier = self.pick(self.modifiers(parameter, nodes))
        if modifier == "missing":
            return f"{parameter.code}:missing", self.pick(("true", "false"))
        if modifier == "type":
            kind, id_ = self.pick([place for node in nodes for place in self.places(node)])
            return f"{parameter.code}:{kind}", id_
        texts = [self.value(parameter, modifier, nodes) for _ in range(self.pick((1, 1, 1, 2)))]
        return parameter.code + (f":{modifier}" if modifier else ""), ",".join(texts)

    def has_value(self, resource: Json, parameter: Parameter) -> bool:
        return any(_is_whole(parameter, node) for node in self.oracle.values(resource, parameter))

    def value(self, parameter: Parameter | Component, modifier: str, nodes: list[Node]) -> str:
        whole = [node for node in nodes if _is_whole(parameter, node) and _SAYS.get(modifier, bool)(node)]
        node = self.pick(whole or nodes) if nodes and not self.now_and_then(8) else None
        return _VALUES[modifier if (parameter.kind, modifier) in _SPECIAL else parameter.kind](self, parameter, node)

    def modifiers(self, parameter: Parameter, nodes: list[Node]) -> list[str]:
        """Those that mean something for what is there: only an Identifier has a type, only some have words."""
        if parameter.code == "_id":
            return [""]
        kinds = {node.type for node in nodes}
        meaningless = {
            *(() if "Identifier" in kinds else ("of-type",)),
            *(() if kinds & {"Identifier", "Coding", "CodeableConcept"} else ("text",)),
            *(() if "Reference" in kinds else ("identifier",)),
            *(() if any(self.places(node) for node in nodes) else ("type",)),
        }
        return [each for each in MODIFIERS[parameter.kind] if each not in meaningless]

    def places(self, node: Node) -> list[tuple[str, str]]:
        """(type, id) of what a reference leads to here."""
        found = [local(link.text, self.oracle.base) for link in links(node) if node.type == "Reference"]
        return [place for place in found if place and "/".join(place) in self.oracle.resources]

    def of_type(self, type_name: str) -> list[Any]:
        return [each for each in self.oracle.resources.values() if each["resourceType"] == type_name]


def _is_whole(parameter: Parameter | Component, node: Node) -> bool:
    """Whether all components of a composite have something to be found by; any other parameter has none."""
    parts = parameter.components if isinstance(parameter, Parameter) else ()
    return all(
        any(is_read(part.kind, each) and any(map(any, tokens(each))) for each in below(part.expressions, node))
        for part in parts
    )


def escaped(text: str) -> str:
    return re.sub(r"([\\,|$])", r"\\\1", text)


def _token(q: Questions, parameter: Any, node: Node | None) -> str:
    if node is not None and node.type == "System.String":  # an id: it has no system, and no other case
        return str(node.value)
    known = [token for token in tokens(node) if any(token)] if node else []
    system, code = (escaped(text or "") for text in q.pick(known or [(q.pick(SYSTEMS), q.pick(CODES))]))
    if q.now_and_then(4):
        return str(q.pick((f"|{code or 'a'}", f"{system}|{code.swapcase() or 'a'}", f"{q.pick(SYSTEMS)}|{code}")))
    return str(q.pick([*([code, f"{system}|{code}"] if code else []), *([f"{system}|"] if system else [])]))


def _of_type(q: Questions, _: Any, node: Node | None) -> str:
    known = [each for each in typed(node) if all((*each[0], each[1]))] if node else []
    kind, value = q.pick(known or [((q.pick(SYSTEMS), q.pick(CODES)), q.pick(CODES))])
    parts = (kind[0] or q.pick(SYSTEMS), kind[1] or q.pick(CODES), value or q.pick(CODES))
    return "|".join(escaped(part) for part in parts)


def _identifier(q: Questions, _: Any, node: Node | None) -> str:
    known = [link.identifier for link in links(node) if link.identifier] if node else []
    system, code = q.pick(known or [(q.pick(SYSTEMS), q.pick(CODES))])
    code = escaped(code or q.pick(CODES))
    return str(q.pick((code, f"{escaped(system or '')}|{code}", f"|{code}")))


def _words(texts: list[str], q: Questions) -> str:
    """A whole text, its beginning or its end, in other case, or another text."""
    text = q.pick(texts or TEXTS)
    part = q.pick((text, text[:3], text[1:4], text.upper(), text.casefold(), q.pick(TEXTS)))
    return escaped(part.strip() or text)


def _reference(q: Questions, parameter: Any, node: Node | None) -> str:
    known = [link.text for link in links(node) if link.text] if node else []
    text = q.pick(known or list(q.oracle.resources))
    place = local(text, q.oracle.base)
    if place is None:
        return escaped(q.pick((text, text.partition("|")[0])))
    forms = (place[1], "/".join(place), f"{q.oracle.base}/{'/'.join(place)}", q.pick(list(q.oracle.resources)))
    return str(q.pick(forms))


def _date(q: Questions, _: Any, node: Node | None) -> str:
    values = [node.value] if node and isinstance(node.value, str) else _ends(node)
    text = q.pick([*values, q.pick(DATES), q.pick(MOMENTS)])
    shorter = [text[:length] for length in (4, 7, 10) if len(text) > length]
    return escaped(q.pick(COMPARED) + q.pick([text, text, *shorter]))


def _ends(node: Node | None) -> list[str]:
    value = node.value if node else {}
    value = value.get("repeat", {}).get("boundsPeriod", value)
    return [text for text in (value.get("start"), value.get("end"), *value.get("event", ())) if text]


def _uri(q: Questions, _: Any, node: Node | None) -> str:
    known = [node.value, *canonicals(node)] if node else []
    return escaped(q.pick([*known, q.pick(URIS)]))


def _quantity(q: Questions, _: Any, node: Node | None) -> str:
    known = [str(end) for each in (amounts(node) if node else []) for end in (each.low, each.high) if end.is_finite()]
    number = q.pick(COMPARED) + q.pick([*known, q.pick(NUMBERS)])
    return str(number + q.pick(("", "", "||mg", "|http://unitsofmeasure.org|mg", "|http://unitsofmeasure.org|g")))


def _number(q: Questions, parameter: Any, node: Node | None) -> str:
    return _quantity(q, parameter, node).split("|")[0]


def _composite(q: Questions, parameter: Any, node: Node | None) -> str:
    parts = []
    for component in parameter.components:
        found = below(component.expressions, node) if node else []
        parts.append(q.value(component, "", [each for each in found if is_read(component.kind, each) and tokens(each)]))
    return "$".join(parts)


# what a value must have for a modifier to find something by
_SAYS: Mapping[str, Callable[[Node], Any]] = {
    "of-type": lambda node: any(all((*kind, value)) for kind, value in typed(node)),
    "text": displayed,
    "identifier": lambda node: any(link.identifier for link in links(node)),
}
_SPECIAL = {("token", "text"), ("token", "of-type"), ("reference", "identifier")}
_VALUES: Mapping[str, Callable[[Questions, Any, Node | None], str]] = {
    "token": _token,
    "of-type": _of_type,
    "text": lambda q, _, node: _words(displayed(node) if node else [], q),
    "string": lambda q, _, node: _words(strings(node) if node else [], q),
    "reference": _reference,
    "identifier": _identifier,
    "date": _date,
    "uri": _uri,
    "quantity": _quantity,
    "number": _number,
    "composite": _composite,
}
