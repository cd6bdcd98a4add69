"""search: a page of what the caller may see, with what it refers to or is referred to by. *Source*: R4 search.html."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from app.fhir import json
from app.fhir.bundles import Found, searchset
from app.fhir.errors import Issue, MediaType, TooCostly, UnknownParameter
from app.fhir.outcomes import operation_outcome
from app.fhir.registry import Registry
from app.fhir.search import COUNTED_TO, Query, parse_query
from app.fhir.subset import Subset, asked, subset
from app.services.caller import Caller
from app.services.interactions.paging import Page, next_page, open_page
from app.services.interactions.prefer import handling_strict
from app.services.interactions.reading import reading
from app.services.interactions.search_scopes import refuse_unscoped
from app.services.network import Network
from app.services.projection import projection
from app.services.requests import FhirRequest, FhirResponse, query_pairs
from app.store import search as store_search
from app.store.horizon import horizon
from app.store.pool import Unit
from app.store.resources import Stored
from app.store.search import MOST_INCLUDED, Hit

PAGE = "_page"
FORM = "application/x-www-form-urlencoded"
Pairs = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Total:
    """How many match; `more` when the counting stopped there."""

    count: int
    more: bool


async def search(network: Network, caller: Caller, request: FhirRequest) -> FhirResponse:
    """200 with a searchset Bundle; unknown parameters are refused when the client asks to be told."""
    type_name = request.path[0]
    pairs = [*request.query, *await form(request)]
    query = _query(network, type_name, [pair for pair in pairs if pair[0] != PAGE], await network.asking_by_now())
    refuse_unknown(request, query)
    refuse_unscoped(caller, query)
    page = open_page(network, caller, type_name, query.used, [value for name, value in pairs if name == PAGE])
    act = caller.act(network.ids, "search", type_name, _names(query))
    async with reading(network, caller, request, searching=True) as unit:
        if query.last_updated and page.before_moment is None:
            page = Page(page.after, await horizon(unit))
        hits = await store_search.page(
            unit,
            act,
            query,
            network.numbers,
            limit=query.count + 1,
            after=page.after,
            before_moment=page.before_moment,
        )
        shown = hits[: query.count]
        others = await _sent_along(network, caller, unit, query, [hit.stored for hit in shown])
        total = await _total(network, unit, query, page.before_moment)
    last = shown[-1] if len(hits) > query.count > 0 else None
    links = _links(network, caller, query, page, last)
    return FhirResponse(200, _bundle(network, query, shown, others, total, links))


def _query(network: Network, type_name: str, wanted: Pairs, registry: Registry) -> Query:
    settings = network.settings
    sizes = (settings.page_size, settings.max_page_size)
    return parse_query(registry, type_name, wanted, network.base, now=network.clock.now(), sizes=sizes)


async def form(request: FhirRequest) -> Pairs:
    if request.method != "POST":
        return []
    if request.headers.get("content-type", "").split(";")[0].strip().lower() != FORM:
        raise MediaType("media-type", f"_search takes {FORM}")
    body = await request.read_body(8 * 1024)
    return query_pairs(body.decode("utf-8", "replace"))


def _names(query: Query) -> str:
    """What was asked by, for the audit: the parameters' names, not their values."""
    return ",".join(sorted({name.split(":")[0].split(".")[0] for name, _ in query.used}))[:500]


def refuse_unknown(request: FhirRequest, query: Query) -> None:
    if query.unknown and handling_strict(request.headers):
        message = "a search parameter is not known here; /fhir/metadata lists those that are"
        raise UnknownParameter("search-parameter-unknown", message)


async def _sent_along(network: Network, caller: Caller, unit: Unit, query: Query, shown: list[Stored]) -> list[Stored]:
    """Each once, and only of types that the caller may read; what refers to a match is found by a search, so that its
    type must be one that the caller may search too."""
    found: list[Stored] = []
    ids = [stored.id for stored in shown]
    if query.includes and ids:
        numbers = network.numbers[query.type]
        wanted = [(numbers[each.parameter.code], each.target or "") for each in query.includes]
        found += await store_search.included(unit, ids, wanted)
    if query.revincludes and ids:
        back = [each.parameter for each in query.revincludes if caller.allows(each.parameter.type, "s")]
        found += await store_search.revincluded(unit, ids, [network.numbers[each.type][each.code] for each in back])
    if len(found) > MOST_INCLUDED:
        too_many = f"This page would bring more than {MOST_INCLUDED} other resources along; ask for a smaller _count."
        raise TooCostly("search-included", too_many)
    return list({stored.id: stored for stored in found if caller.allows(stored.type, "r")}.values())


async def _total(network: Network, unit: Unit, query: Query, before_moment: datetime | None) -> Total | None:
    kind = "accurate" if query.count == 0 else query.total
    if kind == "none":
        return None
    most = COUNTED_TO[kind]
    counted = await store_search.count(unit, query, network.numbers, to=most, before_moment=before_moment)
    return Total(min(counted, most), counted > most)


def _links(network: Network, caller: Caller, query: Query, page: Page, last: Hit | None) -> dict[str, str]:
    """What was really asked for, and where it goes on."""
    address = "/".join((network.base, query.type))
    asked_for = urlencode(query.used)
    links = {"self": "?".join((address, asked_for)) if asked_for else address}
    if last is not None:
        token = next_page(network, caller, query.type, query.used, Page(last.place, page.before_moment))
        links["next"] = "".join((address, "?", asked_for, "&" if asked_for else "", urlencode([(PAGE, token)])))
    return links


def _bundle(
    network: Network, query: Query, shown: list[Hit], others: list[Stored], total: Total | None, links: dict[str, str]
) -> bytes:
    part = asked(query.used)
    entries = [
        *(_entry(hit.stored, part, "match") for hit in shown),
        *(_entry(stored, part, "include") for stored in others),
    ]
    issues = list(_told(query, total))
    warning = json.dump(operation_outcome(issues)) if issues else None
    count = total.count if total else None
    return searchset(entries, base=network.base, links=list(links.items()), total=count, warning=warning)


def _entry(stored: Stored, part: Subset | None, mode: str) -> Found:
    body = projection(stored)
    return Found(stored.type, stored.fhir_id, subset(body, part) if part else body, mode)


def _told(query: Query, total: Total | None) -> Iterator[Issue]:
    if query.unknown:
        message = "some search parameters are not known here and were ignored; /fhir/metadata lists those that are"
        yield Issue("not-supported", "search-parameter-unknown", message, severity="warning")
    if total and total.more:
        so_far = f"there are more than {total.count} matches; a total is counted so far and no further"
        yield Issue("incomplete", "search-total-cap", so_far, severity="warning")
