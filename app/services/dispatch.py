"""dispatch: may this caller use this interaction on this type at all? Decided before the body is read."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from app.fhir.errors import Forbidden, MethodNotAllowed, NotFound, Structure, Value
from app.fhir.requests import read_bundle
from app.services.caller import Caller
from app.services.interactions.batch import batch
from app.services.interactions.bodies import tree_of
from app.services.interactions.create import create
from app.services.interactions.read import read
from app.services.interactions.search import search
from app.services.interactions.transaction import transaction
from app.services.interactions.update import update
from app.services.interactions.vread import vread
from app.services.network import Network
from app.services.requests import FhirRequest, FhirResponse

ID = re.compile(r"[A-Za-z0-9\-.]{1,64}", re.ASCII)
Handler = Callable[[Network, Caller, FhirRequest], Awaitable[FhirResponse]]


@dataclass(frozen=True, slots=True)
class Interaction:
    """`shape` is the path with {type}, {id} and {version}; `letter` the scope that it needs on the type."""

    name: str
    method: str
    shape: tuple[str, ...]
    letter: str
    handler: Handler


INTERACTIONS: tuple[Interaction, ...] = (
    Interaction("read", "GET", ("{type}", "{id}"), "r", read),
    Interaction("vread", "GET", ("{type}", "{id}", "_history", "{version}"), "r", vread),
    Interaction("search-type", "GET", ("{type}",), "s", search),
    Interaction("search-type", "POST", ("{type}", "_search"), "s", search),
    Interaction("create", "POST", ("{type}",), "c", create),
    Interaction("update", "PUT", ("{type}", "{id}"), "u", update),
)


async def dispatch(network: Network, caller: Caller, request: FhirRequest) -> FhirResponse:
    """Finds the interaction, checks the scope, carries it out. Raises Refusal."""
    if request.path == ():
        return await _bundle(network, caller, request)
    interaction = _find(request)
    type_name = request.path[0]
    resource_type = network.registry.types.get(type_name)
    if resource_type is None:
        raise NotFound("type-not-served", "this resource type is not served; /fhir/metadata lists those that are")
    if interaction.name not in resource_type.interactions:
        raise MethodNotAllowed("interaction", f"{interaction.name} is not offered for {type_name}")
    if not caller.allows(type_name, interaction.letter):
        message = f"the access token's scopes do not hold system/{type_name}.{interaction.letter}"
        raise Forbidden("scope", message)
    if "{id}" in interaction.shape and not ID.fullmatch(request.path[1]):
        raise Value("id-form", "an id has 1 to 64 letters, digits, hyphens and points")
    return await interaction.handler(network, caller, request)


def _find(request: FhirRequest) -> Interaction:
    fitting = [each for each in INTERACTIONS if _fits(each.shape, request.path)]
    for interaction in fitting:
        if interaction.method == request.method:
            return interaction
    if fitting:
        offered = ", ".join(sorted({each.method for each in fitting}))
        raise MethodNotAllowed("method", f"this address takes {offered}")
    raise NotFound("address", "there is nothing at this address; /fhir/metadata says what there is")


def _fits(shape: tuple[str, ...], path: tuple[str, ...]) -> bool:
    if len(shape) != len(path):
        return False
    for expected, segment in zip(shape, path, strict=True):
        literal = not expected.startswith("{")
        if literal != segment.startswith("_") or (literal and expected != segment):
            return False
    return True


async def _bundle(network: Network, caller: Caller, request: FhirRequest) -> FhirResponse:
    if request.method != "POST":
        raise MethodNotAllowed("method", "this address takes POST")
    tree = await tree_of(request, network.settings.max_bundle_bytes)
    if tree.get("resourceType") != "Bundle":
        raise Structure("resource-type", "the base takes a Bundle", "resourceType")
    kind, entries = read_bundle(tree, network.settings.max_bundle_entries)
    return await (transaction if kind == "transaction" else batch)(network, caller, entries)
