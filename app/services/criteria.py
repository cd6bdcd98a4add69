"""Conditions of conditional interactions and references: one identifier with its system, or one id, and nothing else.

Never lenient: a parameter that was passed over would let a condition fit everything.
*Source*: R4 http.html#ccreate, #cond-update; security sheet REL-04, INP-17, B27.
"""

from collections.abc import Iterator

from app.fhir import search_values
from app.fhir.errors import NotSupported, Required, UnknownParameter
from app.fhir.json import JsonObject
from app.fhir.search_values import TokenMatch
from app.services.network import Network
from app.services.requests import query_pairs
from app.services.writing import Criterion, Entry

# these change how an answer looks, not what is meant
ASIDE = frozenset({"_format", "_pretty"})
_FORM = "a condition is identifier=system|value or _id=id, and nothing else"


def criterion(network: Network, type_name: str, query: str, at: str = "") -> Criterion:
    """What a condition goes by. Raises UnknownParameter, Required (an empty one) or NotSupported."""
    return criterion_of(network, type_name, query_pairs(query.lstrip("?")), at)


def criterion_of(network: Network, type_name: str, query: list[tuple[str, str]], at: str = "") -> Criterion:
    """The same of a query that has been read."""
    pairs = [(name, value) for name, value in query if name not in ASIDE]
    if not pairs:
        raise Required("condition-absent", _FORM, at)
    if len(pairs) == 1 and pairs[0][0] == "_id" and pairs[0][1]:
        return Criterion(None, pairs[0][1])
    if len(pairs) != 1 or pairs[0][0] != "identifier":
        raise UnknownParameter("condition", _FORM, at)
    if "identifier" not in network.registry.types[type_name].parameters:
        raise NotSupported("condition-identifier", f"{type_name} has no identifier to go by", at)
    matches = search_values.each("identifier", pairs[0][1], search_values.token)
    if len(matches) == 1 and isinstance(matches[0], TokenMatch):
        token = matches[0]
        if token.value and (token.system or token.no_system):
            return Criterion(token.system or "", token.value)
    raise UnknownParameter("condition", "a condition names one identifier with its system: system|value", at)


def identifiers(tree: JsonObject) -> Iterator[tuple[str, str]]:
    """(system, '' where there is none, and value) of each identifier of a resource."""
    found = tree.get("identifier", [])
    for each in found if type(found) is list else [found]:
        if type(each) is dict and type(each.get("value")) is str:
            yield each.get("system", ""), each["value"]


def fulfils(gone: Entry, wanted: Criterion) -> bool:
    """Whether a condition meant what has just been deleted."""
    if wanted.system is None:
        return gone.fhir_id == wanted.value
    return (wanted.system, wanted.value) in identifiers(gone.before_tree or {})
