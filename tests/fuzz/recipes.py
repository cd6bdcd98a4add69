"""Every way to ask that is served: the registry's interactions for each type, Bundles, operations, the statement.

A recipe makes a request that is right as it stands. What is served and has no recipe fails the run.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import urlencode

from app.fhir.registry import Registry, ResourceType
from app.services.operations import OPERATIONS, Operation
from tests.fuzz import terms
from tests.fuzz.asked import Asked, Tree
from tests.fuzz.searches import pairs_of
from tests.fuzz.stock import Stock

JSON_PATCH = "application/json-patch+json"
LANGUAGES = ("de", "fr", "es", "en")

Make = Callable[[Stock, str], Asked]


@dataclass(frozen=True)
class Recipe:
    """`route` is what the counts are listed under; `type` is "" for what concerns no single type."""

    name: str
    route: str
    type: str
    make: Make

    def asked(self, stock: Stock) -> Asked:
        return self.make(stock, self.type)


def recipes(registry: Registry) -> list[Recipe]:
    """All of them, in an order in which each finds what it needs: creates first, deletes last."""
    found = [Recipe(name, route, "", make) for name, route, make in SYSTEM]
    for name, served in registry.types.items():
        for interaction in served.interactions:
            found += [Recipe(each, route, name, make) for each, route, make in _of(served, interaction)]
        found += [Recipe(f"${each.name}", route, name, make) for each, route, make in _operations(served)]
    return sorted(found, key=lambda each: ("create" not in each.name, "delete" in each.name))


def _of(served: ResourceType, interaction: str) -> Iterator[tuple[str, str, Make]]:
    identified = "identifier" in served.parameters
    for name, route, make in INTERACTIONS[interaction]:
        if identified or "conditional" not in name:
            yield name, route, make


def _operations(served: ResourceType) -> Iterator[tuple[Operation, str, Make]]:
    for each in OPERATIONS:
        if each.name == "validate" and "create" not in served.interactions:
            continue  # it says what a write would be told, and nobody writes these
        for level, place in (("type", ""), ("instance", "/{id}")):
            if each.offered(level, served.name):  # type: ignore[arg-type]
                yield each, f"/{{type}}{place}/${each.name}", _calling(each, level)


def _calling(called: Operation, level: str) -> Make:
    if called.name in terms.WAYS:
        return terms.asking(called.name, level)

    def make(stock: Stock, name: str) -> Asked:
        tree = _changed(stock, name) if level == "instance" else stock.example(name)
        place = f"{name}/{tree['id']}" if level == "instance" else name
        asked = Asked("GET", f"{place}/${called.name}", by_network=name == "AuditEvent")
        if called.name == "validate":
            asked.method, asked.tree = "POST", tree
        return asked

    return make


def _changed(stock: Stock, name: str) -> Tree:
    return {**stock.stored(name), "language": stock.chance.choice(LANGUAGES)}


def _patch_of(stock: Stock) -> list[Tree]:
    return [{"op": "add", "path": "/language", "value": stock.chance.choice(LANGUAGES)}]


def _create(stock: Stock, name: str) -> Asked:
    return Asked("POST", name, tree=stock.example(name))


def _create_once(stock: Stock, name: str) -> Asked:
    return Asked("POST", name, tree=stock.example(name), headers={"Idempotency-Key": stock.word()})


def _conditional_create(stock: Stock, name: str) -> Asked:
    tree, condition = stock.identified(name)
    return Asked("POST", name, tree=tree, headers={"If-None-Exist": condition})


def _read(stock: Stock, name: str) -> Asked:
    method = stock.chance.choice(("GET", "GET", "HEAD"))
    return Asked(method, f"{name}/{stock.stored(name)['id']}", by_network=name == "AuditEvent")


def _vread(stock: Stock, name: str) -> Asked:
    return Asked("GET", f"{name}/{stock.stored(name)['id']}/_history/1")


def _history(stock: Stock, name: str) -> Asked:
    return Asked("GET", f"{name}/{stock.stored(name)['id']}/_history", _of_history(stock))


def _history_of_type(stock: Stock, name: str) -> Asked:
    return Asked("GET", f"{name}/_history", _of_history(stock))


def _history_of_all(stock: Stock, _: str) -> Asked:
    return Asked("GET", "_history", [("_count", "5"), *_of_history(stock)], by_network=True)


def _of_history(stock: Stock) -> list[tuple[str, str]]:
    return stock.chance.choice(
        ([], [("_count", "3")] * (stock.chance.random() < 0.5), [("_since", "2024-01-01T00:00:00Z")])
    )


def _search(stock: Stock, name: str) -> Asked:
    return Asked("GET", name, pairs_of(stock, name), by_network=name == "AuditEvent")


def _search_by_post(stock: Stock, name: str) -> Asked:
    body = urlencode(pairs_of(stock, name)).encode()
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    return Asked("POST", f"{name}/_search", headers=headers, body=body, by_network=name == "AuditEvent")


def _update(stock: Stock, name: str) -> Asked:
    tree = _changed(stock, name)
    headers = {"If-Match": f'W/"{tree["meta"]["versionId"]}"'} if "meta" in tree and stock.chance.random() < 0.5 else {}
    return Asked("PUT", f"{name}/{tree['id']}", tree=tree, headers=headers)


def _conditional_update(stock: Stock, name: str) -> Asked:
    tree, condition = stock.identified(name)
    return Asked("PUT", name, [_pair(condition)], tree=tree)


def _patch(stock: Stock, name: str) -> Asked:
    place = f"{name}/{stock.stored(name)['id']}"
    return Asked("PATCH", place, tree=_patch_of(stock), headers={"Content-Type": JSON_PATCH})


def _by_id(stock: Stock, name: str) -> list[tuple[str, str]]:
    return [("_id", stock.stored(name)["id"])]


def _conditional_patch(stock: Stock, name: str) -> Asked:
    return Asked("PATCH", name, _by_id(stock, name), tree=_patch_of(stock), headers={"Content-Type": JSON_PATCH})


def _delete(stock: Stock, name: str) -> Asked:
    return Asked("DELETE", f"{name}/{stock.stored(name)['id']}")


def _conditional_delete(stock: Stock, name: str) -> Asked:
    return Asked("DELETE", name, _by_id(stock, name))


def _pair(condition: str) -> tuple[str, str]:
    name, _, value = condition.partition("=")
    return name, value


def _metadata(stock: Stock, _: str) -> Asked:
    return Asked(stock.chance.choice(("GET", "HEAD")), "metadata")


def _bundle(kind: str) -> Make:
    """A few entries, each made by a recipe that a Bundle takes."""

    def make(stock: Stock, _: str) -> Asked:
        names = [name for name, served in stock.types.items() if "create" in served.interactions]
        entries = [_entry(stock, stock.chance.choice(names)) for _ in range(stock.chance.randint(1, 5))]
        urls = [each["request"]["url"] for each in entries]
        kept = [each for place, each in enumerate(entries) if urls[place] not in urls[:place]]
        return Asked("POST", "", tree={"resourceType": "Bundle", "type": kind, "entry": kept})

    return make


def _entry(stock: Stock, name: str) -> Tree:
    makes: list[Make] = [_create, _update, _read, _search, _patch, _delete]
    if "identifier" in stock.types[name].parameters:
        makes.append(_conditional_update)
    asked = stock.chance.choice(makes)(stock, name)
    request = {"method": asked.method, "url": asked.path + ("?" + urlencode(asked.query) if asked.query else "")}
    if asked.method == "PATCH":
        data = base64.b64encode(json.dumps(asked.tree).encode()).decode()
        return {"resource": {"resourceType": "Binary", "contentType": JSON_PATCH, "data": data}, "request": request}
    return {**({"resource": asked.tree} if asked.tree else {}), "request": request}


def _meta_of_all(_: Stock, __: str) -> Asked:
    return Asked("GET", "$meta")


SYSTEM: tuple[tuple[str, str, Make], ...] = (
    ("capabilities", "/metadata", _metadata),
    ("history-system", "/_history", _history_of_all),
    ("transaction", "/", _bundle("transaction")),
    ("batch", "/", _bundle("batch")),
    ("$meta", "/$meta", _meta_of_all),
)
INTERACTIONS: dict[str, tuple[tuple[str, str, Make], ...]] = {
    "create": (
        ("create", "/{type}", _create),
        ("create with a key", "/{type}", _create_once),
        ("conditional create", "/{type}", _conditional_create),
    ),
    "read": (("read", "/{type}/{id}", _read),),
    "vread": (("vread", "/{type}/{id}/_history/{version}", _vread),),
    "history-instance": (("history-instance", "/{type}/{id}/_history", _history),),
    "history-type": (("history-type", "/{type}/_history", _history_of_type),),
    "search-type": (
        ("search", "/{type}", _search),
        ("search by POST", "/{type}/_search", _search_by_post),
    ),
    "update": (
        ("update", "/{type}/{id}", _update),
        ("conditional update", "/{type}", _conditional_update),
    ),
    "patch": (
        ("patch", "/{type}/{id}", _patch),
        ("conditional patch", "/{type}", _conditional_patch),
    ),
    "delete": (
        ("delete", "/{type}/{id}", _delete),
        ("conditional delete", "/{type}", _conditional_delete),
    ),
}
