"""$everything: a person's record, page by page: what is in her compartment, and what it refers to.

Her Tasks and devices come too, which R4's compartment leaves out but which are about her. Which parameters lead to the
person stands in the types' files. *Source*: R4 patient-operation-everything.html, compartmentdefinition-patient.html.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from app.fhir import dates, json, search_values
from app.fhir.bundles import Found, searchset
from app.fhir.errors import Issue, Value
from app.fhir.outcomes import operation_outcome
from app.fhir.registry import Registry, ResourceType
from app.fhir.search_terms import refuse_building
from app.services.caller import Caller
from app.services.interactions.paging import PAGE, links, open_page, refuse_endless
from app.services.interactions.permit import scoped
from app.services.interactions.read import answer
from app.services.interactions.reading import reading
from app.services.network import Network
from app.services.operations.inputs import Inputs, inputs
from app.services.operations.operation import Operation
from app.services.projection import projection
from app.services.requests import FhirRequest, FhirResponse
from app.store import audit, compartment, resources
from app.store.compartment import Extent
from app.store.horizon import horizon
from app.store.pool import Unit
from app.store.resources import Stored
from app.store.search import Place

INPUTS = ("start", "end", "_since", "_type", "_count", PAGE)
CUT = Issue(
    "incomplete",
    "everything-cut",
    "the resource of this page refers to more than an answer holds; read what is missing by the references in it",
    severity="warning",
)
# dates of a life, not of its care
NOT_OF_CARE = frozenset({"birthdate", "death-date"})


@dataclass(frozen=True, slots=True)
class Wish:
    """What the call asks for: `listed` are the types of `_type`, empty for all."""

    listed: tuple[str, ...]
    start: datetime | None
    end: datetime | None
    since: datetime | None
    count: int


async def everything(network: Network, caller: Caller, request: FhirRequest) -> FhirResponse:
    """200 with a searchset; a hidden person is the same 404 as none."""
    _, *rest = request.path
    given = await inputs(request, INPUTS, network.settings.max_resource_bytes)
    if len(rest) == 1:
        scoped(caller, "Patient", "rs")
    wish = _wish(network, caller, given, of_one=len(rest) == 2)
    wanted = [(name, value) for name in INPUTS if name != PAGE for value in given.values.get(name, ())]
    address = "/".join(request.path)
    refuse_endless(network, address, wanted)
    place = open_page(network, caller, address, wanted, given.values.get(PAGE, []))
    after = place.after.key if place.after else None
    registry = await network.asking_by_now()
    types = [name for name in registry.types if caller.allows(name, "r") and name in (wish.listed or (name,))]
    async with reading(network, caller, request, searching=True) as unit:
        patient = await _patient(network, caller, unit, rest[0]) if len(rest) == 2 else None
        if wish.since is not None and place.before_moment is None:
            place = replace(place, before_moment=await horizon(unit))
        # she herself is read by her id; what leads to her is found by a search
        searched = [name for name in types if caller.allows(name, "s")]
        herself = ["Patient"] if patient is not None and "Patient" in types else []
        extent = _extent(network, registry, wish, searched, patient, place.before_moment, herself)
        found, more = await compartment.page(unit, extent, limit=wish.count, after=after)
        beside = [name for name in types if not leading_to_the_person(registry.types[name])]
        shown, others, cut = await _with_others(unit, found, beside)
        if patient is None:
            await audit.write(unit, caller.act(network.ids, "everything", "Patient"), "done")
    entries = [Found(each.type, each.fhir_id, projection(each)) for each in shown]
    entries += [Found(each.type, each.fhir_id, projection(each), "include") for each in others]
    goes_on = more or len(shown) < len(found)
    last = Place(shown[-1].id, shown[-1].last_updated) if goes_on else None
    found_links = links(network, caller, address, wanted, place, last)
    warning = json.dump(operation_outcome([CUT])) if cut else None
    return FhirResponse(200, searchset(entries, base=network.base, links=found_links, warning=warning))


async def _with_others(unit: Unit, found: list[Stored], beside: list[str]) -> tuple[list[Stored], list[Stored], bool]:
    """As many of the resources as one answer holds with what they refer to, that, and whether there is more of it: of
    one resource's all that fits comes, since a record with a gap that is told is better than none."""
    while True:
        others, cut = await compartment.supporting(unit, [stored.id for stored in found], beside)
        if not cut or len(found) == 1:
            return found, others, cut
        found = found[: len(found) // 2]


def leading_to_the_person(served: ResourceType) -> tuple[str, ...]:
    """The parameters by which a type's resources belong to a person; none for what is only referred to."""
    return served.compartment or (("patient",) if "patient" in {*served.parameters, *served.building} else ())


def _wish(network: Network, caller: Caller, given: Inputs, *, of_one: bool) -> Wish:
    listed = tuple(given.listed("_type"))
    for name in listed:
        if name not in network.registry.types:
            raise Value("everything-type", "_type names types that are served; /fhir/metadata lists them", "_type")
        by_search = leading_to_the_person(network.registry.types[name]) and not (of_one and name == "Patient")
        scoped(caller, name, "rs" if by_search else "r")
    start, end, since = (_interval(given, name) for name in ("start", "end", "_since"))
    most = network.settings.max_page_size
    count = given.one("_count") or str(network.settings.page_size)
    if not (count.isascii() and count.isdigit() and len(count) < 10 and int(count) > 0):
        raise Value("search-count", f"_count is a whole number from 1 to {most}", "_count")
    return Wish(
        listed, start[0] if start else None, end[1] if end else None, since[0] if since else None, min(int(count), most)
    )


def _interval(given: Inputs, name: str) -> dates.Interval | None:
    text = given.one(name)
    if text is None:
        return None
    (match,) = search_values.dates(name, text)[:1]
    if match.prefix != "eq" or "," in text:
        raise Value("everything-date", "this is one date, without a prefix", name)
    return match.start, match.end


async def _patient(network: Network, caller: Caller, unit: Unit, fhir_id: str) -> UUID:
    stored = await resources.read(unit, caller.act(network.ids, "everything", "Patient"), "Patient", fhir_id)
    answer(network, stored)
    assert stored is not None
    return stored.id


def _extent(
    network: Network,
    registry: Registry,
    wish: Wish,
    types: list[str],
    patient: UUID | None,
    before_moment: datetime | None,
    herself: list[str],
) -> Extent:
    """Raises UnknownParameter while a parameter that it goes by is being built: half a record is none."""
    leading = [(name, code) for name in types for code in leading_to_the_person(registry.types[name])]
    narrowed = wish.start is not None or wish.end is not None
    care = [(name, code) for name in types for code in _dates_of_care(network.registry.types[name])] if narrowed else []
    for name, code in (*leading, *care):
        refuse_building(registry.types[name], code)
    return Extent(
        patient=patient,
        types=[*herself, *(name for name in types if leading_to_the_person(registry.types[name]))],
        params=[network.numbers[name][code] for name, code in leading],
        dates=[network.numbers[name][code] for name, code in care],
        start=wish.start,
        end=wish.end,
        since=wish.since,
        before_moment=before_moment,
    )


def _dates_of_care(served: ResourceType) -> list[str]:
    return [each.code for each in served.parameters.values() if each.kind == "date" and each.code not in NOT_OF_CARE]


OPERATION = Operation(
    name="everything",
    levels=("type", "instance"),
    types=("Patient",),
    affects_state=False,
    definition_url="http://hl7.org/fhir/OperationDefinition/Patient-everything",
    handler=everything,
)
