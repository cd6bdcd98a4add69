"""Searches that the registry allows: a few conditions, and how the answer shall look."""

from __future__ import annotations

from app.fhir.registry import ResourceType, SearchParameter
from tests.fuzz.stock import NOBODY, Stock

Pair = tuple[str, str]
DATES = ("2024", "ge2020-01", "lt2030-01-01", "ne2001", "sa2019-12-31T00:00:00Z", "ap2024-02-03")
ORDERS = ("_lastUpdated", "-_lastUpdated", "_id", "-_id")


def pairs_of(stock: Stock, name: str) -> list[Pair]:
    served, chance = stock.types[name], stock.chance
    pairs = [_condition(stock, served) for _ in range(chance.randint(0, 2))]
    for way in chance.sample(WAYS, chance.randint(0, 2)):
        pairs += way(stock, served)
    return pairs


def _condition(stock: Stock, served: ResourceType) -> Pair:
    parameter = stock.chance.choice(list(served.parameters.values()))
    act = stock.chance.random()
    if act < 0.15:
        return f"{parameter.code}:missing", stock.chance.choice(("true", "false"))
    if act < 0.25:
        return "_id", f"{stock.stored(served.name)['id']},{NOBODY}"
    if act < 0.35:
        return "_lastUpdated", stock.chance.choice(DATES)
    if act < 0.5 and (found := _through(stock, served, parameter)):
        return found
    code, value = stock.question(served.name, parameter)
    return code + _modifier(stock, parameter, code), value


def _modifier(stock: Stock, parameter: SearchParameter, code: str) -> str:
    if ":" in code:
        return ""
    if parameter.kind == "string":
        return stock.chance.choice(("", ":exact", ":contains"))
    return stock.chance.choice(("", "", ":not")) if parameter.kind == "token" else ""


def _through(stock: Stock, served: ResourceType, parameter: SearchParameter) -> Pair | None:
    """A condition on what a reference leads to, or on what leads here."""
    if parameter.kind == "reference" and (targets := [each for each in parameter.targets if each in stock.types]):
        target = stock.chance.choice(targets)
        return f"{parameter.code}:{target}._id", stock.stored(target)["id"]
    back = [
        (other.name, each.code)
        for other in stock.types.values()
        for each in other.parameters.values()
        if each.kind == "reference" and served.name in each.targets
    ]
    if not back:
        return None
    other, code = stock.chance.choice(back)
    return f"_has:{other}:{code}:_id", stock.stored(other)["id"]


def _ordered(stock: Stock, served: ResourceType) -> list[Pair]:
    plain = [each.code for each in served.parameters.values() if each.kind in ("date", "string")]
    return [("_sort", ",".join([*stock.chance.sample(plain, min(1, len(plain))), stock.chance.choice(ORDERS)]))]


def _sized(stock: Stock, served: ResourceType) -> list[Pair]:
    return [("_count", str(stock.chance.choice((0, 1, 2, 5)))), *_total(stock, served)]


def _total(stock: Stock, _: ResourceType) -> list[Pair]:
    return [("_total", stock.chance.choice(("none", "estimate", "accurate")))]


def _with_others(stock: Stock, served: ResourceType) -> list[Pair]:
    pairs = [("_include", f"{served.name}:{code}") for code in served.includes[:2]]
    return pairs + [("_revinclude", each) for each in served.revincludes[:2]]


def _in_part(stock: Stock, _: ResourceType) -> list[Pair]:
    part = [("_summary", word) for word in ("true", "text", "data", "count", "false")]
    return [stock.chance.choice([*part, ("_elements", "id,meta")])]


def _formatted(stock: Stock, _: ResourceType) -> list[Pair]:
    return [("_format", stock.chance.choice(("json", "xml", "application/fhir+xml"))), ("_pretty", "true")]


WAYS = (_ordered, _sized, _with_others, _in_part, _formatted)
