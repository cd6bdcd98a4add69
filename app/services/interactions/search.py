"""search: a page of what the caller may see, with what it refers to. *Source*: R4 search.html."""

from urllib.parse import urlencode

from app.fhir import json
from app.fhir.bundles import Found, searchset
from app.fhir.errors import Forbidden, Issue, MediaType, UnknownParameter
from app.fhir.outcomes import operation_outcome
from app.fhir.search import Chain, Query, Term, parse_query
from app.services.caller import Caller
from app.services.interactions.paging import Page, next_page, open_page
from app.services.interactions.reading import reading
from app.services.network import Network
from app.services.projection import projection
from app.services.requests import FhirRequest, FhirResponse, query_pairs
from app.store import search as store_search
from app.store.horizon import horizon
from app.store.pool import Unit
from app.store.resources import Stored
from app.store.search import Place

PAGE = "_page"
FORM = "application/x-www-form-urlencoded"


async def search(network: Network, caller: Caller, request: FhirRequest) -> FhirResponse:
    """200 with a searchset Bundle; unknown parameters are refused when the client asks to be told."""
    type_name = request.path[0]
    pairs = [*request.query, *await _form(request)]
    wanted = [pair for pair in pairs if pair[0] != PAGE]
    settings = network.settings
    sizes = (settings.page_size, settings.max_page_size)
    query = parse_query(network.asking, type_name, wanted, network.base, sizes=sizes)
    _refuse_unknown(request, query)
    _refuse_unscoped(caller, query)
    numbers = network.numbers
    page = open_page(network, caller, type_name, wanted, [value for name, value in pairs if name == PAGE])
    detail = ",".join(sorted({name.split(":")[0].split(".")[0] for name, _ in wanted if name.isascii()}))[:500]
    act = caller.act(network.ids, "search", type_name, detail)
    async with reading(network, caller, request, searching=True) as unit:
        if query.last_updated and page.before_moment is None:
            page = Page(page.after, await horizon(unit))
        found = await store_search.page(
            unit, act, query, numbers, limit=query.count + 1, after=page.after, before_moment=page.before_moment
        )
        shown = found[: query.count]
        others = await _included(network, caller, unit, query, shown)
        total = None
        if query.total == "accurate" or query.count == 0:
            total = await store_search.count(unit, query, numbers, before_moment=page.before_moment)
    more = len(found) > query.count > 0
    links = _links(
        network, caller, type_name, wanted, Place(shown[-1].id, shown[-1].last_updated) if more else None, page
    )
    return FhirResponse(200, _bundle(network, shown, others, total, links, query))


async def _form(request: FhirRequest) -> list[tuple[str, str]]:
    if request.method != "POST":
        return []
    if request.headers.get("content-type", "").split(";")[0].strip().lower() != FORM:
        raise MediaType("media-type", f"_search takes {FORM}")
    body = await request.read_body(8 * 1024)
    return query_pairs(body.decode("utf-8", "replace"))


def _refuse_unknown(request: FhirRequest, query: Query) -> None:
    strict = "handling=strict" in request.headers.get("prefer", "").replace(" ", "").lower()
    if strict and query.unknown:
        message = "a search parameter is not known here; /fhir/metadata lists those that are"
        raise UnknownParameter("search-parameter-unknown", message)


def _refuse_unscoped(caller: Caller, query: Query) -> None:
    """A chain may not feel for what the caller's scopes do not let it search."""
    for type_name in _traversed(query.terms):
        if not caller.allows(type_name, "s"):
            raise Forbidden("scope", f"the access token's scopes do not hold system/{type_name}.s")


def _traversed(terms: tuple[Term | Chain, ...]) -> set[str]:
    found: set[str] = set()
    for term in terms:
        if isinstance(term, Chain):
            for type_name, then in term.branches:
                found |= {type_name} | _traversed((then,))
    return found


async def _included(network: Network, caller: Caller, unit: Unit, query: Query, shown: list[Stored]) -> list[Stored]:
    if not query.includes or not shown:
        return []
    numbers = network.numbers[query.type]
    wanted = [(numbers[each.parameter.code], each.target or "") for each in query.includes]
    found = await store_search.included(unit, [stored.id for stored in shown], wanted)
    return [stored for stored in found if caller.allows(stored.type, "r")]


def _links(
    network: Network, caller: Caller, type_name: str, wanted: list[tuple[str, str]], last: Place | None, page: Page
) -> dict[str, str]:
    address = "/".join((network.base, type_name))
    asked = urlencode(wanted)
    links = {"self": "?".join((address, asked)) if asked else address}
    if last is not None:
        token = next_page(network, caller, type_name, wanted, Page(last, page.before_moment))
        links["next"] = "".join((address, "?", asked, "&" if asked else "", urlencode([(PAGE, token)])))
    return links


def _bundle(
    network: Network, shown: list[Stored], others: list[Stored], total: int | None, links: dict[str, str], query: Query
) -> bytes:
    entries = [
        *(Found(stored.type, stored.fhir_id, projection(stored)) for stored in shown),
        *(Found(stored.type, stored.fhir_id, projection(stored), "include") for stored in others),
    ]
    warning = None
    if query.unknown:
        message = "some search parameters are not known here and were ignored; /fhir/metadata lists those that are"
        issue = Issue("not-supported", "search-parameter-unknown", message, severity="warning")
        warning = json.dump(operation_outcome([issue]))
    return searchset(entries, base=network.base, links=list(links.items()), total=total, warning=warning)
