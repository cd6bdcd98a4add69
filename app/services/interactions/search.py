"""search: a page of what the caller may see, with what it refers to or is referred to by. *Source*: R4 search.html."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from app.fhir import json
from app.fhir.bundles import Found, searchset
from app.fhir.errors import Issue, MediaType, TooCostly, UnknownParameter, Value
from app.fhir.outcomes import operation_outcome
from app.fhir.registry import Registry
from app.fhir.search import Query, parse_query
from app.fhir.subset import Subset, asked, subset
from app.services.aside import aside
from app.services.caller import Caller
from app.services.interactions.paging import PAGE, links, open_page, refuse_endless
from app.services.interactions.prefer import handling_strict
from app.services.interactions.reading import reading
from app.services.interactions.search_scopes import refuse_unscoped
from app.services.interactions.totals import Total, told, total_of
from app.services.network import Network
from app.services.projection import projection
from app.services.requests import FhirRequest, FhirResponse, query_pairs
from app.store import budget
from app.store import search as store_search
from app.store.horizon import horizon
from app.store.pool import Unit
from app.store.resources import Stored
from app.store.search import Hit

FORM = "application/x-www-form-urlencoded"
Pairs = list[tuple[str, str]]


async def search(network: Network, caller: Caller, request: FhirRequest) -> FhirResponse:
    """200 with a searchset Bundle; unknown parameters are refused when the client asks to be told."""
    type_name = request.path[0]
    pairs = [*request.query, *await form(request)]
    query = _query(network, type_name, [pair for pair in pairs if pair[0] != PAGE], await network.asking_by_now())
    refuse_unknown(request, query)
    refuse_unscoped(caller, query)
    if query.count:
        refuse_endless(network, type_name, query.used, query.sort)
    page = open_page(network, caller, type_name, query.used, [value for name, value in pairs if name == PAGE])
    act = caller.act(network.ids, "search", type_name, _names(query))
    async with reading(network, caller, request, searching=True) as unit:
        if query.last_updated and page.before_moment is None:
            page = replace(page, before_moment=await horizon(unit))
        hits, more = await store_search.page(
            unit,
            act,
            query,
            network.numbers,
            limit=query.count,
            after=page.after,
            before_moment=page.before_moment,
        )
        shown, others = await _with_others(network, caller, unit, query, hits)
        total = await _total(network, unit, query, page.before_moment)
    last = shown[-1].place if shown and (more or len(shown) < len(hits)) else None
    found = links(network, caller, type_name, query.used, page, last)
    bodies = (*(hit.stored.body for hit in shown), *(stored.body for stored in others))
    reduced = sum(map(len, bodies)) if asked(query.used) else 0
    return FhirResponse(200, await aside(reduced, _bundle, network, query, shown, others, total, found))


def _query(network: Network, type_name: str, wanted: Pairs, registry: Registry) -> Query:
    settings = network.settings
    sizes = (settings.page_size, settings.max_page_size)
    return parse_query(registry, type_name, wanted, network.base, now=network.clock.now(), sizes=sizes)


async def form(request: FhirRequest) -> Pairs:
    """What a search by POST brings beside its address. Raises MediaType, Value."""
    body = await request.read_body(8 * 1024) if request.method == "POST" else b""
    if not body:
        return []
    kind, _, parameter = request.headers.get("content-type", "").partition(";")
    if kind.strip().lower() != FORM or parameter.strip(" ;").lower().replace('"', "") not in ("", "charset=utf-8"):
        raise MediaType("media-type", f"_search takes {FORM} in UTF-8")
    try:
        return query_pairs(body.decode("utf-8"))
    except UnicodeDecodeError:
        raise Value("query-text", "a form is UTF-8, escaped") from None


def _names(query: Query) -> str:
    """What was asked by, for the audit: the parameters' names, not their values."""
    return ",".join(sorted({name.split(":")[0].split(".")[0] for name, _ in query.used}))[:500]


def refuse_unknown(request: FhirRequest, query: Query) -> None:
    if query.unknown and handling_strict(request.headers):
        message = "this search parameter is not known here; /fhir/metadata lists those that are"
        raise UnknownParameter.of_issues(
            [UnknownParameter("search-parameter-unknown", message, name).issues[0] for name in query.unknown]
        )


async def _with_others(
    network: Network, caller: Caller, unit: Unit, query: Query, hits: list[Hit]
) -> tuple[list[Hit], list[Stored]]:
    """As many of the matches as one answer holds with what they bring along, and that. Raises TooCostly where one
    match brings too much."""
    while True:
        others = await _sent_along(network, caller, unit, query, [hit.stored.id for hit in hits])
        if others is not None:
            return hits, others
        if len(hits) == 1:
            raise TooCostly("search-included", _TOO_MUCH)
        hits = hits[: len(hits) // 2]


async def _sent_along(
    network: Network, caller: Caller, unit: Unit, query: Query, ids: list[UUID]
) -> list[Stored] | None:
    """Each once, and only of types that the caller may read; what refers to a match is found by a search, so that its
    type must be one that the caller may search too. None when it is too much."""
    found: list[Stored] = []
    if query.includes and ids:
        numbers = network.numbers[query.type]
        wanted = [(numbers[each.parameter.code], each.target or "") for each in query.includes]
        included = await store_search.included(unit, ids, wanted, budget.MOST_BYTES)
        if included is None:
            return None
        found += included
    if query.revincludes and ids:
        back = [each.parameter for each in query.revincludes if caller.allows(each.parameter.type, "s")]
        params = [network.numbers[each.type][each.code] for each in back]
        left = budget.MOST_BYTES - sum(len(stored.body) for stored in found)
        referring = await store_search.revincluded(unit, ids, params, left)
        if referring is None or len(found) + len(referring) > store_search.MOST_INCLUDED:
            return None
        found += referring
    return list({stored.id: stored for stored in found if caller.allows(stored.type, "r")}.values())


_TOO_MUCH = "one match brings more along than an answer holds; leave out _include and _revinclude, and search for that"


async def _total(network: Network, unit: Unit, query: Query, before_moment: datetime | None) -> Total | None:
    async def count(to: int) -> int:
        return await store_search.count(unit, query, network.numbers, to=to, before_moment=before_moment)

    kind = total_asked(query)
    return await total_of(kind, count) if kind else None


def total_asked(query: Query) -> str:
    """Which total a search asks for, '' for none: without entries it asks for the number."""
    kind = "accurate" if query.count == 0 else query.total
    return "" if kind == "none" else kind


def _bundle(
    network: Network, query: Query, shown: list[Hit], others: list[Stored], total: Total | None, found: Pairs
) -> bytes:
    part = asked(query.used)
    beside = None if part and part.elements else part  # _elements is said of what was searched for
    entries = [
        *(_entry(hit.stored, part, "match") for hit in shown),
        *(_entry(stored, beside, "include") for stored in others),
    ]
    count, said = total.count if total else None, warning(query, total)
    return searchset(entries, base=network.base, links=found, total=count, warning=said)


def _entry(stored: Stored, part: Subset | None, mode: str) -> Found:
    body = projection(stored)
    return Found(stored.type, stored.fhir_id, subset(body, part) if part else body, mode)


def warning(query: Query, total: Total | None) -> bytes | None:
    """An OperationOutcome about what was passed over, and where the counting stopped."""
    issues = [*_ignored(query), *told(total)]
    return json.dump(operation_outcome(issues)) if issues else None


def _ignored(query: Query) -> Iterator[Issue]:
    for name in query.unknown:
        message = "this search parameter is not known here and was ignored; /fhir/metadata lists those that are"
        yield Issue("not-supported", "search-parameter-unknown", message, name, severity="warning")
