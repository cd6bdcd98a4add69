"""dispatch: may this caller use this interaction on this type at all? Decided before the body is read."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from app.fhir.errors import MethodNotAllowed, NotFound, Structure, UnknownOperation, Value
from app.fhir.requests import READS, read_bundle
from app.services.caller import Caller
from app.services.interactions.batch import batch
from app.services.interactions.bodies import tree_of
from app.services.interactions.computed import COMPUTED
from app.services.interactions.create import create
from app.services.interactions.delete import delete
from app.services.interactions.history import history
from app.services.interactions.patch import patch
from app.services.interactions.permit import permit, scoped, served
from app.services.interactions.read import read
from app.services.interactions.search import search
from app.services.interactions.transaction import transaction
from app.services.interactions.update import update
from app.services.interactions.vread import vread
from app.services.network import Network
from app.services.operations import Level, operation
from app.services.requests import FhirRequest, FhirResponse

ID = re.compile(r"[A-Za-z0-9\-.]{1,64}", re.ASCII)
LEVELS: Final[tuple[Level, ...]] = ("system", "type", "instance")
Handler = Callable[[Network, Caller, FhirRequest], Awaitable[FhirResponse]]


@dataclass(frozen=True, slots=True)
class Interaction:
    """`shape` is the path with {type}, {id} and {version}; `letters` the scope that it needs on the type. A GET is
    answered to HEAD too, without its body."""

    name: str
    method: str
    shape: tuple[str, ...]
    letters: str
    handler: Handler


INTERACTIONS: tuple[Interaction, ...] = (
    Interaction("read", "GET", ("{type}", "{id}"), "r", read),
    Interaction("vread", "GET", ("{type}", "{id}", "_history", "{version}"), "r", vread),
    Interaction("history-instance", "GET", ("{type}", "{id}", "_history"), "r", history),
    Interaction("history-type", "GET", ("{type}", "_history"), "s", history),
    Interaction("history-system", "GET", ("_history",), "s", history),
    Interaction("search-type", "GET", ("{type}",), "s", search),
    Interaction("search-type", "POST", ("{type}", "_search"), "s", search),
    Interaction("create", "POST", ("{type}",), "c", create),
    Interaction("update", "PUT", ("{type}", "{id}"), "u", update),
    Interaction("update", "PUT", ("{type}",), "us", update),
    Interaction("patch", "PATCH", ("{type}", "{id}"), "u", patch),
    Interaction("patch", "PATCH", ("{type}",), "us", patch),
    Interaction("delete", "DELETE", ("{type}", "{id}"), "d", delete),
    Interaction("delete", "DELETE", ("{type}",), "ds", delete),
)


async def dispatch(network: Network, caller: Caller, request: FhirRequest) -> FhirResponse:
    """Finds the interaction, checks the scope, carries it out. Raises Refusal."""
    if request.path == ():
        return await _bundle(network, caller, request)
    if request.path[-1].startswith("$"):
        return await _operation(network, caller, request)
    interaction = _find(request)
    if "{type}" in interaction.shape:
        condition = "s" if interaction.name == "create" and "if-none-exist" in request.headers else ""
        permit(network, caller, request.path[0], interaction.name, interaction.letters + condition)
    if "{id}" in interaction.shape:
        _check_id(request.path[1])
    handler = COMPUTED.get((request.path[0], interaction.name), interaction.handler)
    return await handler(network, caller, request)


def _check_id(text: str) -> None:
    if not ID.fullmatch(text):
        raise Value("id-form", "an id has 1 to 64 letters, digits, hyphens and points")


def _find(request: FhirRequest) -> Interaction:
    method = "GET" if request.method == "HEAD" else request.method
    for interaction in INTERACTIONS:
        if interaction.method == method and _fits(interaction.shape, request.path):
            return interaction
    offered = sorted({each.method for each in INTERACTIONS if _fits(each.shape, request.path)})
    if offered:
        raise MethodNotAllowed("method", f"this address takes {', '.join(offered)}")
    raise NotFound("address", "there is nothing at this address; /fhir/metadata says what there is")


def allowed(network: Network, path: tuple[str, ...]) -> tuple[str, ...]:
    """The methods that an address takes, for a refusal's Allow. *Source*: RFC 9110, 15.5.6."""
    if path == ():
        return ("POST",)
    if path == ("metadata",):
        return READS
    if path[-1].startswith("$"):
        return (*READS, "POST")
    served_type = network.registry.types.get(path[0])
    offered = served_type.interactions if served_type else ("history-system",)
    methods = {each.method for each in INTERACTIONS if each.name in offered and _fits(each.shape, path)}
    return tuple(sorted(methods | ({"HEAD"} if "GET" in methods else set())))


def _fits(shape: tuple[str, ...], path: tuple[str, ...]) -> bool:
    if len(shape) != len(path):
        return False
    for expected, segment in zip(shape, path, strict=True):
        literal = not expected.startswith("{")
        if literal != (segment[0] in "_$") or (literal and expected != segment):
            return False
    return True


async def _operation(network: Network, caller: Caller, request: FhirRequest) -> FhirResponse:
    """*Source*: R4 operations.html; attack C32."""
    *where, name = request.path
    found = operation(name[1:], LEVELS[len(where)], where[0] if where else "") if len(where) < len(LEVELS) else None
    if where and (found is None or where[0] not in found.beyond):
        served(network, where[0])
    if found is None:
        raise UnknownOperation(
            "operation", "there is no such operation here; /fhir/metadata lists those that there are"
        )
    if request.method != "POST" and (found.affects_state or request.method not in READS):
        raise MethodNotAllowed("method", f"this operation takes {'POST' if found.affects_state else 'GET, POST'}")
    if where and found.letter:
        scoped(caller, where[0], found.letter)
    if len(where) > 1:
        _check_id(where[1])
    return await found.handler(network, caller, request)


async def _bundle(network: Network, caller: Caller, request: FhirRequest) -> FhirResponse:
    if request.method != "POST":
        raise MethodNotAllowed("method", "this address takes POST")
    tree = await tree_of(request, network.settings.max_bundle_bytes)
    if tree.get("resourceType") != "Bundle":
        raise Structure("resource-type", "the base takes a Bundle", "resourceType")
    kind, entries = read_bundle(tree, network.settings.max_bundle_entries)
    if kind == "transaction":
        return await transaction(network, caller, request, tree, entries, dispatch)
    return await batch(network, caller, request, entries, dispatch)
