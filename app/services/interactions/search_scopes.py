"""May this caller search all that a search passes through? A chain, forwards or backwards, may not feel for what the
caller's scopes do not let it search. *Source*: security sheet SCO-15, C16.
"""

from collections.abc import Iterable

from app.fhir.errors import Forbidden
from app.fhir.search import Chain, Criterion, Has, Query
from app.services.caller import Caller


def refuse_unscoped(caller: Caller, query: Query) -> None:
    """Raises Forbidden."""
    for type_name in sorted(_traversed(query.terms)):
        if not caller.allows(type_name, "s"):
            raise Forbidden("scope", f"the access token's scopes do not hold system/{type_name}.s")


def _traversed(criteria: Iterable[Criterion]) -> set[str]:
    found: set[str] = set()
    for criterion in criteria:
        if isinstance(criterion, Chain):
            for type_name, then in criterion.branches:
                found |= {type_name} | _traversed((then,))
        elif isinstance(criterion, Has):
            found |= {criterion.parameter.type} | _traversed((criterion.then,))
    return found
