"""What is measured: five interactions, each as the raw HTTP requests that the load sends in turn."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain
from typing import Any

from bench import bodies
from bench.world import World

FHIR_JSON = "application/fhir+json"


@dataclass(frozen=True, slots=True)
class Case:
    """`aim`: the share of the floor's rate that we want; `requests` makes the bytes for one server's resources."""

    name: str
    title: str
    writes: bool
    aim: float
    requests: Callable[[World, str], list[bytes]]


def _read(world: World, side: str) -> list[bytes]:
    return [_request(world, "GET", f"/fhir/Task/{key}") for key in world.inbox[:500]]


def _search(world: World, side: str) -> list[bytes]:
    query = f"owner=Organization/{world.coordinator}&status=requested&_count=50"
    return [_request(world, "GET", f"/fhir/Task?{query}")]


def _put(world: World, side: str) -> list[bytes]:
    """Every Task goes on hold and on again, so that each PUT changes its status."""
    keys = world.changing[side]

    def changed(key: str, status: str) -> bytes:
        tree = bodies.task(world.coordinator, world.patient, world.request, status) | {"id": key}
        return _request(world, "PUT", f"/fhir/Task/{key}", tree)

    return [*(changed(key, "on-hold") for key in keys), *(changed(key, "in-progress") for key in keys)]


def _post(world: World, side: str) -> list[bytes]:
    return [_request(world, "POST", "/fhir/ServiceRequest", bodies.service_request(world.coordinator, world.patient))]


def _transaction(world: World, side: str) -> list[bytes]:
    return [_request(world, "POST", "/fhir", bodies.transaction(world.coordinator))]


CASES: tuple[Case, ...] = (
    Case("read", "read one Task", writes=False, aim=1 / 2, requests=_read),
    Case("search", "search an inbox of 10,000 (owner, status, newest 50)", writes=False, aim=1 / 2, requests=_search),
    Case("put", "PUT a status", writes=True, aim=1 / 3, requests=_put),
    Case("post", "POST a ServiceRequest", writes=True, aim=1 / 3, requests=_post),
    Case("transaction", "transaction of 4", writes=True, aim=1 / 3, requests=_transaction),
)


def _request(world: World, method: str, target: str, tree: dict[str, Any] | None = None) -> bytes:
    """A request as it goes over the wire, as an EHR's client would write it."""
    body = b"" if tree is None else json.dumps(tree, separators=(",", ":")).encode()
    headers = {"Host": "127.0.0.1", "Accept": FHIR_JSON, "Authorization": f"Bearer {world.token}"}
    if body:
        headers |= {"Content-Type": FHIR_JSON, "Content-Length": str(len(body))}
    lines = chain([f"{method} {target} HTTP/1.1"], (f"{name}: {value}" for name, value in headers.items()))
    return "\r\n".join((*lines, "", "")).encode() + body
