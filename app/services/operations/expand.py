"""ValueSet/$expand: the codes of a value set that is known here, page by page, also by their words.

*Source*: R4 valueset-operation-expand.html.
"""

from app.fhir import json
from app.fhir.bundles import instant
from app.fhir.errors import NotSupported, TooCostly, Value
from app.fhir.folding import folded
from app.fhir.terminology.facts import ValueSetFacts
from app.fhir.terminology.resources import Member, expansion
from app.services.caller import Caller
from app.services.network import Network
from app.services.operations.inputs import Inputs, inputs
from app.services.operations.operation import Operation
from app.services.operations.terms import asked_for
from app.services.requests import FhirRequest, FhirResponse
from app.services.terminology.known import MOST, NotListed, Terms, TooMany
from app.store import audit

INPUTS = ("url", "valueSetVersion", "filter", "offset", "count")
MAX_DIGITS = 9


async def expand(network: Network, caller: Caller, request: FhirRequest) -> FhirResponse:
    """200 with a ValueSet that has an expansion; 404 for one that is not known, 422 for one that nobody can list.
    Raises TooCostly."""
    given = await inputs(request, INPUTS, network.settings.max_resource_bytes)
    offset, count = _number(given, "offset"), _number(given, "count")
    words = given.one("filter") or ""
    async with network.store.unit(()) as unit:
        await audit.write(unit, caller.act(network.ids, "expand", "ValueSet"), "done")
        terms = Terms(network, unit)
        facts = await asked_for(terms, request.path[1:-1], given)
        members = await _members(terms, facts, words)
    if count is None and len(members) > MOST:
        raise TooCostly("expand-size", f"it has {len(members)} codes; ask for them with count and offset", "count")
    shown = members[offset or 0 :][:count]
    narrowed: list[tuple[str, str | int]] = [("filter", words)] if words else []
    pages = (("offset", offset), ("count", count))
    body = expansion(
        facts,
        shown,
        identifier=network.ids.next(),
        timestamp=instant(network.clock.now()),
        total=len(members),
        # it stands there for pages only (R4 ValueSet.expansion.offset)
        offset=offset or 0 if count is not None else offset,
        parameters=[*narrowed, *((name, value) for name, value in pages if value is not None)],
    )
    return FhirResponse(200, json.dump(body))


async def _members(terms: Terms, facts: ValueSetFacts, words: str) -> list[Member]:
    try:
        codes = await terms.members(facts)
    except TooMany as problem:
        raise TooCostly("expand-size", f"it cannot be listed: {problem}") from problem
    except NotListed as problem:
        raise NotSupported("value-set-unlisted", f"it cannot be listed: {problem}") from problem
    members = await terms.words(codes)
    wanted = folded(words)
    return [each for each in members if wanted in folded(each[2] or each[1])] if wanted else members


def _number(given: Inputs, name: str) -> int | None:
    text = given.one(name)
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= MAX_DIGITS):
        raise Value("terminology-number", f"{name} is a whole number, 0 or more", name)
    return int(text)


OPERATION = Operation(
    name="expand",
    levels=("type", "instance"),
    types=("ValueSet",),
    affects_state=False,
    definition_url="http://hl7.org/fhir/OperationDefinition/ValueSet-expand",
    handler=expand,
)
