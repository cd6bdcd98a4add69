"""What the index keeps of a resource: for who stores it, and for who makes its rows anew."""

from app.fhir.index_unsearched import add_unsearched
from app.fhir.index_values import IndexValues, extract
from app.fhir.json import JsonObject
from app.services.network import Network


def indexed(network: Network, type_name: str, tree: JsonObject) -> IndexValues:
    """The values under the codes that the registry calls `indexed`."""
    found = extract(network.registry.types[type_name], tree, network.base)
    return add_unsearched(type_name, tree, found, network.base)
