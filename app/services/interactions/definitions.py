"""ValueSet and CodeSystem, read and searched: made of the facts that are shipped or installed.

They tell nothing about anybody, so that everybody sees them whose scopes have the type. They change when a package is
installed, at the next start of the server.
*Source*: R4 valueset.html, codesystem.html; terminology-service.html.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time
from types import MappingProxyType
from uuid import UUID

from app.fhir import json
from app.fhir.bundles import Found, instant, searchset
from app.fhir.errors import Invalid, NotFound, UnknownParameter
from app.fhir.folding import folded
from app.fhir.search import Query, Term, parse_query
from app.fhir.search_results import Sort
from app.fhir.search_values import DateMatch, Match, StringMatch, TokenMatch, UriMatch
from app.fhir.subset import asked, subset
from app.fhir.terminology.resources import id_of, resource
from app.services.aside import aside
from app.services.caller import Caller
from app.services.interactions.paging import PAGE, Page, links, open_page, refuse_endless
from app.services.interactions.search import form, refuse_unknown, total_asked, warning
from app.services.interactions.totals import Total
from app.services.network import Network
from app.services.requests import FhirRequest, FhirResponse
from app.services.terminology.known import Head, Kind, Terms
from app.store import audit
from app.store.budget import MOST_BYTES
from app.store.search import Place
from app.version import RELEASED

KINDS: Mapping[str, Kind] = MappingProxyType({"ValueSet": "value-set", "CodeSystem": "code-system"})
RELEASED_AT = datetime.combine(RELEASED, time(), UTC)


@dataclass(frozen=True, slots=True)
class _Asked:
    """One search: what was asked, and where its page begins."""

    network: Network
    caller: Caller
    query: Query
    page: Page
    pairs: list[tuple[str, str]]


async def read(network: Network, caller: Caller, request: FhirRequest) -> FhirResponse:
    """200 with the definition of this id."""
    type_name, fhir_id = request.path
    async with network.store.unit(()) as unit:
        await audit.write(unit, caller.act(network.ids, "read", type_name), "done")
        terms = Terms(network, unit)
        url = await terms.url_of(KINDS[type_name], fhir_id)
        body = await _body(terms, type_name, url) if url else b""
    if not body:
        raise NotFound("not-found", "there is no such resource")
    wanted = asked(request.query)
    return FhirResponse(200, subset(body, wanted) if wanted else body, last_updated=RELEASED_AT)


async def search(network: Network, caller: Caller, request: FhirRequest) -> FhirResponse:
    """200 with a page of definitions, by their addresses."""
    type_name = request.path[0]
    pairs = [*request.query, *await form(request)]
    settings = network.settings
    sizes = (settings.page_size, settings.max_page_size)
    wanted = [pair for pair in pairs if pair[0] != PAGE]
    query = parse_query(network.registry, type_name, wanted, network.base, now=network.clock.now(), sizes=sizes)
    if query.sort or any(not isinstance(term, Term) for term in query.terms):
        raise UnknownParameter("definition-search", f"{type_name} comes by its address, searched without chains")
    refuse_unknown(request, query)
    refuse_endless(network, type_name, query.used, (Sort("_id"),))
    page = open_page(network, caller, type_name, query.used, [value for name, value in pairs if name == PAGE])
    asking = _Asked(network, caller, query, page, pairs)
    async with network.store.unit(()) as unit:
        await audit.write(unit, caller.act(network.ids, "search", type_name), "done")
        return FhirResponse(200, await _answer(asking, Terms(network, unit)))


async def _answer(asking: _Asked, terms: Terms) -> bytes:
    query = asking.query
    heads = [head for head in await terms.heads(KINDS[query.type]) if _fulfils(head, query)]
    rest = heads[_behind(heads, asking.page.after) :]
    bodies = await _fitting(terms, query.type, [url for url, _, _ in rest[: query.count]])
    last = next(reversed(bodies)) if 0 < len(bodies) < len(rest) else None
    after = Place(UUID(int=0), RELEASED_AT, (id_of(last),)) if last is not None else None
    found = links(asking.network, asking.caller, query.type, query.used, asking.page, after)
    counted = Total(len(heads), more=False) if total_asked(query) else None
    size = sum(map(len, bodies.values()))
    return await aside(size, _bundle, asking, bodies, counted, found)


def _behind(heads: list[Head], after: Place | None) -> int:
    """How many there are up to where a page begins. Raises Invalid when a package has taken that one away since."""
    if after is None:
        return 0
    for number, head in enumerate(heads, start=1):
        if id_of(head[0]) == after.values[0]:
            return number
    raise Invalid("page-token", "other definitions are installed since this page link was made; begin it again", PAGE)


async def _fitting(terms: Terms, type_name: str, urls: Iterable[str]) -> dict[str, bytes]:
    """The first of these, as many as one answer holds; at least one."""
    found: dict[str, bytes] = {}
    size = 0
    for url in urls:
        body = await _body(terms, type_name, url)
        size += len(body)
        if found and size > MOST_BYTES:
            break
        found[url] = body
    return found


def _bundle(asking: _Asked, bodies: Mapping[str, bytes], total: Total | None, found: list[tuple[str, str]]) -> bytes:
    part = asked(asking.pairs)
    kind = asking.query.type
    entries = [Found(kind, id_of(url), subset(body, part) if part else body) for url, body in bodies.items()]
    count, said = total.count if total else None, warning(asking.query, total)
    return searchset(entries, base=asking.network.base, links=found, total=count, warning=said)


async def _body(terms: Terms, type_name: str, url: str) -> bytes:
    facts = await (terms.value_set(url) if type_name == "ValueSet" else terms.code_system(url))
    if facts is None:
        return b""
    # R4 http.html#versions: what has no versions has no meta.versionId
    named = {"resourceType": type_name, "id": id_of(url), "meta": {"lastUpdated": instant(RELEASED_AT)}}
    return json.dump({**named, **resource(facts)})


def _fulfils(head: Head, query: Query) -> bool:
    if query.ids is not None and id_of(head[0]) not in query.ids:
        return False
    if not all(any(_updated(match) for match in each) for each in query.last_updated):
        return False
    return all(_holds(head, term) for term in query.terms if isinstance(term, Term))


def _holds(head: Head, term: Term) -> bool:
    value_of = _VALUES.get(term.parameter.code)
    value = value_of(head) if value_of is not None else ""
    if term.missing is not None:
        return bool(value) != term.missing
    return any(_matches(value, match) for match in term.matches) != term.negated


def _matches(value: str, match: Match) -> bool:
    if isinstance(match, StringMatch):
        compared = value if match.how == "exact" else folded(value)
        return (
            match.text in compared
            if match.how == "contains"
            else (compared == match.text if match.how == "exact" else compared.startswith(match.text))
        )
    if isinstance(match, TokenMatch):
        return bool(value) and match.value in (None, value)
    return isinstance(match, UriMatch) and match.value == value


_VALUES: Mapping[str, Callable[[Head], str]] = MappingProxyType(
    {
        "url": lambda head: head[0],
        "version": lambda head: head[1],
        "title": lambda head: head[2],
        "status": lambda _: "active",
    }
)


def _updated(match: DateMatch) -> bool:
    after, before = match.end <= RELEASED_AT, match.start > RELEASED_AT
    within = not after and not before
    answers = {"eq": within, "ap": within, "ne": not within, "gt": after, "sa": after, "ge": not before}
    return {**answers, "lt": before, "eb": before, "le": not after}[match.prefix]
