"""history of one resource, of a type, and, for the network's own systems, of everything; newest first, in pages.

`_since` asks for what was stamped at that moment or later and stops at the oldest writer that is still running, so that
a poller loses nothing. What a version held is shown as a read of it would be.
*Source*: R4 http.html#history; security sheet SCO-16, C12, C22.
"""

from dataclasses import replace
from datetime import datetime
from functools import partial

from app.fhir import bundles, dates, json, subset
from app.fhir.bundles import Past
from app.fhir.errors import Forbidden, NotFound, UnknownParameter, Value
from app.fhir.outcomes import operation_outcome
from app.fhir.search_results import count
from app.fhir.subset import Subset
from app.services.aside import aside
from app.services.caller import Caller
from app.services.interactions.paging import PAGE, links, open_page, refuse_endless
from app.services.interactions.reading import reading
from app.services.interactions.totals import Total, told, total_of
from app.services.network import Network
from app.services.projection import projection
from app.services.requests import FhirRequest, FhirResponse
from app.store import history as store_history
from app.store.history import Asked, PastVersion
from app.store.horizon import horizon
from app.store.search import Place

KNOWN = frozenset({"_count", "_since", "_format", "_pretty", "_summary", "_elements", PAGE})
Pairs = list[tuple[str, str]]


async def history(network: Network, caller: Caller, request: FhirRequest) -> FhirResponse:
    """200 with a Bundle of type history; 404 for a resource that is missing or hidden."""
    *where, _ = request.path
    pairs = [(name, value) for name, value in request.query if value or name == PAGE]
    _refuse_unknown(pairs)
    part, since = subset.asked(pairs), _since(pairs)
    size = 0 if part is not None and part.summary == "count" else _count(network, pairs)
    wanted = [pair for pair in pairs if pair[0] != PAGE]
    address = "/".join(request.path)
    if size:
        refuse_endless(network, address, wanted)
    page = open_page(network, caller, address, wanted, [value for name, value in pairs if name == PAGE])
    act = caller.act(network.ids, "history", where[0] if where else None)
    types = (where[0],) if where else _types(network, caller)
    fhir_id = where[1] if len(where) == 2 else None
    async with reading(network, caller, request, searching=True) as unit:
        before = page.before_moment or (await horizon(unit) if since is not None else None)
        asked = Asked(types, fhir_id, since, before)
        after = (page.after.stamp, page.after.key) if page.after else None
        shown, more = await store_history.page(unit, act, asked, after=after, limit=size)
        if not (shown or more) and fhir_id is not None and not await store_history.is_seen(unit, types[0], fhir_id):
            raise NotFound("not-found", "there is no such resource")
        total = await total_of("accurate", partial(store_history.count, unit, asked)) if size == 0 else None
    last = Place(shown[-1].stored.id, shown[-1].stored.last_updated) if shown and more else None
    found = links(network, caller, address, wanted, replace(page, before_moment=before), last)
    reduced = sum(len(each.stored.body) for each in shown) if part else 0
    return FhirResponse(200, await aside(reduced, _bundle, network, shown, part, found, total))


def _bundle(
    network: Network, shown: list[PastVersion], part: Subset | None, found: Pairs, total: Total | None
) -> bytes:
    entries = [_past(each, part) for each in shown]
    issues = list(told(total))
    warning = json.dump(operation_outcome(issues)) if issues else None
    count = total.count if total else None
    return bundles.history(entries, base=network.base, links=found, total=count, warning=warning)


def _refuse_unknown(pairs: Pairs) -> None:
    if any(name not in KNOWN for name, _ in pairs):
        message = (
            "a history takes _count, _since, _summary, _elements, _format and _pretty; _at and _list are not offered"
        )
        raise UnknownParameter("history-parameter", message)


def _count(network: Network, pairs: Pairs) -> int:
    """How many versions a page has: 0 for their number alone."""
    texts = [value for name, value in pairs if name == "_count"]
    if len(texts) > 1:
        raise Value("search-repeated", "_count may be given once.", "_count")
    settings = network.settings
    return count(texts[0] if texts else str(settings.page_size), settings.max_page_size)


def _since(pairs: Pairs) -> datetime | None:
    texts = [value for name, value in pairs if name == "_since"]
    if len(texts) > 1:
        raise Value("history-since", "_since is sent once", "_since")
    return dates.searched(texts[0])[0] if texts else None


def _types(network: Network, caller: Caller) -> tuple[str, ...]:
    """All that a system of the network itself may search."""
    if caller.kind != "client" or network.organization not in caller.members:
        raise Forbidden("history-system", "the history of everything is for the network's own systems")
    served = network.registry.types.values()
    types = tuple(each.name for each in served if "history-type" in each.interactions and caller.allows(each.name, "s"))
    if not types:
        raise Forbidden("scope", "the access token's scopes do not hold the letter s of any type")
    return types


def _past(each: PastVersion, part: Subset | None) -> Past:
    stored = each.stored
    body = b"" if stored.deleted else projection(stored)
    if body and part:
        body = subset.subset(body, part)
    return Past(stored.type, stored.fhir_id, stored.version, stored.last_updated, each.interaction, body)
