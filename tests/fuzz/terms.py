"""Terminology operations, asked of what is served: each by what the address says, or by Parameters in a body."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.fuzz.asked import Asked, Tree
from tests.fuzz.stock import Stock

Pairs = list[tuple[str, str]]
WORDS = ("a", "food", "é")


@dataclass(frozen=True, slots=True)
class Coded:
    """A definition that lists codes, and one of them."""

    tree: Tree
    system: str
    code: str


def asking(name: str, level: str) -> Callable[[Stock, str], Asked]:
    """The recipe of one operation at one level."""

    def make(stock: Stock, type_name: str) -> Asked:
        coded = _coded(stock, type_name)
        pairs = [] if level == "instance" or type_name == "CodeSystem" else [("url", coded.tree["url"])]
        place = f"{type_name}/{coded.tree['id']}" if level == "instance" else type_name
        return _by_either(stock, f"{place}/${name}", pairs, WAYS[name](stock, coded))

    return make


def _coded(stock: Stock, type_name: str) -> Coded:
    trees = stock.made[type_name]
    if type_name == "CodeSystem":
        found = [Coded(tree, tree["url"], each["code"]) for tree in trees for each in tree.get("concept", ())[:5]]
    else:
        found = [
            Coded(tree, part["system"], each["code"])
            for tree in trees
            if all("concept" in part for part in tree["compose"]["include"]) and "exclude" not in tree["compose"]
            for part in tree["compose"]["include"]
            for each in part["concept"][:5]
        ]
    return stock.chance.choice(found)


def _code(stock: Stock, coded: Coded) -> Tree:
    """As simple values, as a Coding, or as a CodeableConcept; `lookup` takes no concept."""
    coding = {"system": coded.system, "code": coded.code}
    shapes: list[Tree] = [coding, {"coding": coding}]
    if coded.tree["resourceType"] == "ValueSet":
        shapes.append({"codeableConcept": {"coding": [coding]}})
    return stock.chance.choice(shapes)


def _page(stock: Stock, _: Coded) -> Tree:
    wanted: Tree = {"count": stock.chance.choice((0, 1, 5)), "offset": stock.chance.choice((0, 2))}
    some = stock.chance.sample(sorted(wanted), stock.chance.randint(0, 2))
    words = {"filter": stock.chance.choice(WORDS)} if stock.chance.random() < 0.3 else {}
    return {**{name: wanted[name] for name in some}, **words}


WAYS: dict[str, Callable[[Stock, Coded], Tree]] = {"lookup": _code, "validate-code": _code, "expand": _page}


def _by_either(stock: Stock, path: str, pairs: Pairs, given: Tree) -> Asked:
    simple = not any(isinstance(value, dict) for value in given.values())
    if simple and stock.chance.random() < 0.5:
        return Asked("GET", path, [*pairs, *((name, str(value)) for name, value in given.items())])
    listed = [{"name": name, **_value(name, value)} for name, value in (*pairs, *given.items())]
    return Asked("POST", path, tree={"resourceType": "Parameters", **({"parameter": listed} if listed else {})})


def _value(name: str, value: object) -> Tree:
    if isinstance(value, int):
        return {"valueInteger": value}
    kinds = {"url": "valueUri", "system": "valueUri", "code": "valueCode", "coding": "valueCoding"}
    return {{**kinds, "codeableConcept": "valueCodeableConcept"}.get(name, "valueString"): value}
