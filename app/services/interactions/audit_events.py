"""AuditEvent, read and searched: computed from the audit, for the network's own systems.

Nobody writes one, so nothing of it is stored or indexed: a search becomes conditions on the audit's rows.
*Source*: R4 auditevent.html; security sheet C51, C52.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from types import MappingProxyType
from uuid import UUID

from app.fhir import json
from app.fhir.audit_event import SYSTEMS, Act, audit_event
from app.fhir.bundles import Found, searchset
from app.fhir.errors import Forbidden, NotFound, UnknownParameter
from app.fhir.search import Query, Term, parse_query
from app.fhir.search_values import DateMatch, ReferenceMatch, TokenMatch
from app.fhir.subset import asked, subset
from app.services.caller import Caller
from app.services.interactions.paging import PAGE, links, open_page, refuse_endless
from app.services.interactions.reading import reading
from app.services.interactions.search import form, refuse_unknown, total_asked, warning
from app.services.interactions.totals import total_of
from app.services.network import Network
from app.services.requests import FhirRequest, FhirResponse
from app.store import audit, audit_events
from app.store.audit_events import AuditRow, Conditions
from app.store.horizon import horizon
from app.store.search import Place

TYPE = "AuditEvent"
_OWN = "the audit is shown to the network's own systems"


async def read(network: Network, caller: Caller, request: FhirRequest) -> FhirResponse:
    """200 with one act; it never changes, so it has no versions."""
    _refuse_others(network, caller)
    async with reading(network, caller, request) as unit:
        conditions = Conditions(unit, ())
        conditions.ids(_keys(request.path[1]))
        found = await audit_events.rows(unit, conditions, 1)
        await audit.write(unit, caller.act(network.ids, "read", TYPE), "done")
    if not found:
        raise NotFound("not-found", "there is no such resource")
    wanted = asked(request.query)
    body = _body(network, found[0])
    return FhirResponse(200, subset(body, wanted) if wanted else body)


async def search(network: Network, caller: Caller, request: FhirRequest) -> FhirResponse:
    """200 with a page of acts, newest first."""
    _refuse_others(network, caller)
    pairs = [*request.query, *await form(request)]
    settings = network.settings
    sizes = (settings.page_size, settings.max_page_size)
    wanted = [pair for pair in pairs if pair[0] != PAGE]
    query = parse_query(network.registry, TYPE, wanted, network.base, now=network.clock.now(), sizes=sizes)
    _refuse_more(query, request)
    if query.count:
        refuse_endless(network, TYPE, query.used)
    page = open_page(network, caller, TYPE, query.used, [value for name, value in pairs if name == PAGE])
    async with reading(network, caller, request, searching=True) as unit:
        if page.before_moment is None and _is_poll(query):
            page = replace(page, before_moment=await horizon(unit))
        conditions = _conditions(Conditions(unit, tuple(network.registry.types)), query)
        if page.before_moment is not None:
            conditions.stamped_before(page.before_moment)
        kind = total_asked(query)
        total = await total_of(kind, partial(audit_events.count, unit, conditions)) if kind else None
        if page.after is not None:
            conditions.before(page.after.key)
        found = await audit_events.rows(unit, conditions, query.count + 1) if query.count else []
        await audit.write(unit, caller.act(network.ids, "search", TYPE), "done")
    shown = found[: query.count]
    last = shown[-1] if len(found) > query.count > 0 else None
    part = asked(pairs)
    bodies = [(str(row.id), _body(network, row)) for row in shown]
    entries = [Found(TYPE, fhir_id, subset(body, part) if part else body) for fhir_id, body in bodies]
    place = Place(last.id, last.at) if last else None
    found_links = links(network, caller, TYPE, query.used, page, place)
    counted, said = total.count if total else None, warning(query, total)
    return FhirResponse(200, searchset(entries, base=network.base, links=found_links, total=counted, warning=said))


def _refuse_others(network: Network, caller: Caller) -> None:
    if network.organization not in caller.members:
        raise Forbidden("audit-of-network", _OWN)


def _refuse_more(query: Query, request: FhirRequest) -> None:
    if query.sort or any(not isinstance(term, Term) for term in query.terms):
        raise UnknownParameter("audit-search", "AuditEvent comes newest first, searched without chains or _has")
    refuse_unknown(request, query)


def _is_poll(query: Query) -> bool:
    """Who asks by time goes on from the newest act seen; one that is still being written must not fall behind it."""
    return bool(query.last_updated) or any(
        isinstance(each, Term) and each.parameter.code == "date" for each in query.terms
    )


def _keys(text: str) -> list[UUID]:
    try:
        return [UUID(text)]
    except ValueError:
        return []


def _conditions(conditions: Conditions, query: Query) -> Conditions:
    if query.ids is not None:
        conditions.ids([key for text in query.ids for key in _keys(text)])
    for each in query.last_updated:
        conditions.recorded(each)
    for term in query.terms:
        if isinstance(term, Term):
            _TERMS.get(term.parameter.code, _absent)(conditions, term)
    return conditions


def _coded(conditions: Conditions, term: Term) -> None:
    if term.missing is not None:
        _always(conditions, term)
        return
    systems = (None, SYSTEMS[term.parameter.code])
    tokens = [match for match in term.matches if isinstance(match, TokenMatch)]
    tokens = [match for match in tokens if match.system in systems and not match.no_system]
    values = [match.value for match in tokens if match.value]
    if len(values) < len(tokens):  # `system|`: any code of it, and each act has one
        conditions.any(wanted=not term.negated)
    else:
        conditions.one_of(term.parameter.code, values, wanted=not term.negated)


def _date(conditions: Conditions, term: Term) -> None:
    if term.missing is not None:
        _always(conditions, term)
        return
    conditions.recorded(tuple(match for match in term.matches if isinstance(match, DateMatch)))


def _agent(conditions: Conditions, term: Term) -> None:
    if term.missing is not None:
        _always(conditions, term)
        return
    named = [match for match in term.matches if isinstance(match, ReferenceMatch)]
    members = [key for match in named if match.type in (None, "Organization") for key in _keys(match.id or "")]
    conditions.members(members)


def _entity(conditions: Conditions, term: Term) -> None:
    if term.missing is not None:
        conditions.has_entity(wanted=not term.missing)
        return
    named = [(match.type, match.id) for match in term.matches if isinstance(match, ReferenceMatch) and match.id]
    conditions.about([(name, id) for kind, id in named for name in ((kind,) if kind else conditions.types)])


def _always(conditions: Conditions, term: Term) -> None:
    if term.missing:
        conditions.any(wanted=False)


def _absent(conditions: Conditions, term: Term) -> None:
    """Labels and the like, which no act has."""
    if not (term.missing or term.negated):
        conditions.any(wanted=False)


_TERMS: Mapping[str, Callable[[Conditions, Term], None]] = MappingProxyType(
    {"action": _coded, "agent": _agent, "date": _date, "entity": _entity, "outcome": _coded}
)


def _body(network: Network, row: AuditRow) -> bytes:
    entity = f"{row.type}/{row.fhir_id}" if row.type and row.fhir_id else None
    act = Act(
        id=str(row.id),
        at=row.at,
        action=row.action,
        outcome=row.outcome,
        client=row.client,
        account=str(row.account) if row.account else None,
        members=[str(member) for member in row.members],
        type=row.type,
        entity=entity,
        version=row.version,
        detail=row.detail,
    )
    return json.dump(audit_event(act, f"Organization/{network.organization}"))
