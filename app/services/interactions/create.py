"""create, also conditionally. *Source*: R4 http.html#create, #ccreate."""

from app.fhir.errors import Invalid
from app.fhir.json import JsonObject
from app.services.caller import Caller
from app.services.criteria import criterion
from app.services.interactions.bodies import limit_of, resource_of
from app.services.interactions.once import carry_out
from app.services.network import Network
from app.services.requests import FhirRequest, FhirResponse
from app.services.writing import Entry

# what an address may say of the answer
OF_THE_ANSWER = frozenset(("_format", "_pretty", "_summary", "_elements"))


async def create(network: Network, caller: Caller, request: FhirRequest) -> FhirResponse:
    """201 with the stored resource; 200 with the one that is there already when the condition finds it."""
    (type_name,) = request.path
    # passed over, a condition in the wrong place would make what is there already
    if any(name not in OF_THE_ANSWER for name, _ in request.query):
        raise Invalid("create-condition", "the condition of a create is the header If-None-Exist, not a search")
    tree = await resource_of(request, type_name, limit_of(network, type_name))
    entry = created_entry(network, type_name, tree, request.headers.get("if-none-exist"))
    return await carry_out(network, caller, request, tree, entry)


def created_entry(network: Network, type_name: str, tree: JsonObject, if_none_exist: str | None, at: str = "") -> Entry:
    """An entry under a new id; the id that the sender gave its resource is only a name it has elsewhere."""
    id = network.ids.next()
    sent_id = tree.get("id", "") if isinstance(tree.get("id", ""), str) else ""
    wanted = criterion(network, type_name, if_none_exist, at) if if_none_exist is not None else None
    return Entry(type_name, tree, "create", str(id), id, at=at, criterion=wanted, sent_id=sent_id)
