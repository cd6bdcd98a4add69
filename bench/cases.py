"""What is measured: interactions, each as the raw HTTP requests that the load sends in turn."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any

from bench import bodies
from bench.world import World

FHIR_JSON = "application/fhir+json"


@dataclass(frozen=True, slots=True)
class Case:
    """`aim`: the share of the floor's rate that we want; `requests` makes the bytes for one server's resources.

    `peers`: what the published figures of others know; there the duties are measured too. `counts`: its answer is a
    number, whose cost grows with what is counted.
    """

    name: str
    title: str
    writes: bool
    aim: float
    requests: Callable[[World, str], list[bytes]]
    peers: bool = False
    counts: bool = False


def _read(world: World, side: str) -> list[bytes]:
    return [request(world.token, "GET", f"/fhir/Task/{task}") for task, _, _ in world.inbox[:500]]


def _search(world: World, side: str) -> list[bytes]:
    return [request(world.token, "GET", f"/fhir/Task?{_inbox(world)}&_count=50")]


def _include(world: World, side: str) -> list[bytes]:
    along = "_include=Task:patient&_include=Task:focus"
    return [request(world.token, "GET", f"/fhir/Task?{_inbox(world)}&_count=50&{along}")]


def _count(world: World, side: str) -> list[bytes]:
    return [request(world.token, "GET", f"/fhir/Task?{_inbox(world)}&_summary=count")]


def _inbox(world: World) -> str:
    return f"owner=Organization/{world.coordinator}&status=requested"


def _poll(world: World, side: str) -> list[bytes]:
    """As an EHR asks for what it has sent, and as the network's own system asks for everything."""
    since = f"_lastUpdated=gt{world.recently}&_count=50"
    return [request(world.token, "GET", f"/fhir/Task?requester=Organization/{world.clinic}&{since}")]


def _poll_all(world: World, side: str) -> list[bytes]:
    return [request(world.token, "GET", f"/fhir/Task?_lastUpdated=gt{world.recently}&_count=50")]


def _patient(world: World, side: str) -> list[bytes]:
    return [
        request(world.token, "GET", f"/fhir/Task?patient=Patient/{patient}") for _, patient, _ in world.inbox[-200:]
    ]


def _focus(world: World, side: str) -> list[bytes]:
    focus = "/fhir/Task?focus=ServiceRequest/"
    return [request(world.token, "GET", f"{focus}{order}") for _, _, order in world.inbox[-200:]]


def _identifier(world: World, side: str) -> list[bytes]:
    system = bodies.REFERRALS
    return [
        request(world.token, "GET", f"/fhir/Task?identifier={system}%7CR-{task}") for task, _, _ in world.inbox[-200:]
    ]


def _chained(world: World, side: str) -> list[bytes]:
    """By the number that the clinic's own system has for the person."""
    chain = f"/fhir/Task?patient.identifier={bodies.MRN}%7CP-"
    return [request(world.token, "GET", f"{chain}{patient}") for _, patient, _ in world.inbox[-200:]]


def _has(world: World, side: str) -> list[bytes]:
    """Whose referral this is."""
    chain = f"/fhir/Patient?_has:Task:patient:identifier={bodies.REFERRALS}%7CR-"
    return [request(world.token, "GET", f"{chain}{task}") for task, _, _ in world.inbox[-200:]]


def _history(world: World, side: str) -> list[bytes]:
    return [request(world.token, "GET", f"/fhir/Task/{key}/_history") for key in world.changing["kept"]]


def _put(world: World, side: str) -> list[bytes]:
    """Every Task goes on hold and on again, so that each PUT changes its status."""
    keys = world.changing[side]

    def changed(key: str, status: str) -> bytes:
        tree = bodies.task(*world.own, status) | {"id": key}
        return request(world.token, "PUT", f"/fhir/Task/{key}", tree)

    return [*(changed(key, "on-hold") for key in keys), *(changed(key, "in-progress") for key in keys)]


def _post(world: World, side: str) -> list[bytes]:
    return [
        request(world.token, "POST", "/fhir/ServiceRequest", bodies.service_request(world.coordinator, world.own[2]))
    ]


def _transaction(world: World, side: str) -> list[bytes]:
    return [request(world.token, "POST", "/fhir", bodies.transaction(world.coordinator))]


HALF, THIRD = 1 / 2, 1 / 3
CASES: tuple[Case, ...] = (
    Case("read", "read one Task", False, HALF, _read, peers=True),
    Case("search", "search an inbox of 10,000 (owner, status, newest 50)", False, HALF, _search, peers=True),
    Case("poll", "poll by requester and `_lastUpdated` (50)", False, HALF, _poll),
    Case("poll-all", "poll by `_lastUpdated` alone (50)", False, HALF, _poll_all),
    Case("include", "the inbox with `_include` of patient and focus (50 + 100)", False, HALF, _include),
    Case("patient", "search by patient (1)", False, HALF, _patient),
    Case("focus", "search by focus (1)", False, HALF, _focus),
    Case("identifier", "search by identifier (1)", False, HALF, _identifier),
    Case("chained", "search by `patient.identifier` (1)", False, HALF, _chained),
    Case("has", "Patients by `_has:Task:patient:identifier` (1)", False, HALF, _has),
    Case("history", "history of one Task (3)", False, HALF, _history),
    Case("count", "count the inbox of 10,000", False, HALF, _count, counts=True),
    Case("put", "PUT a status", True, THIRD, _put, peers=True),
    Case("post", "POST a ServiceRequest", True, THIRD, _post, peers=True),
    Case("transaction", "transaction of 4", True, THIRD, _transaction, peers=True),
)


def request(
    token: str, method: str, target: str, tree: dict[str, Any] | None = None, headers: Mapping[str, str] | None = None
) -> bytes:
    """A request as it goes over the wire, as an EHR's client would write it."""
    body = b"" if tree is None else json.dumps(tree, separators=(",", ":")).encode()
    sent = {"Host": "127.0.0.1", "Accept": FHIR_JSON, "Authorization": f"Bearer {token}", **(headers or {})}
    if body:
        sent |= {"Content-Type": FHIR_JSON, "Content-Length": str(len(body))}
    lines = chain([f"{method} {target} HTTP/1.1"], (f"{name}: {value}" for name, value in sent.items()))
    return "\r\n".join((*lines, "", "")).encode() + body
