"""What every type does when it is searched: by every parameter, with what belongs to it, page by page."""

from urllib.parse import quote, urlencode

from app.fhir.registry import SearchParameter
from tests.api.answers import refused
from tests.conformance.bench import Made, Subject, Tree
from tests.conformance.planting import Planted, Plot

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


async def it_is_found_by_its_id(subject: Subject) -> None:
    made = await subject.make()
    assert await subject.found(f"_id={made.id}") == [made.tree]
    answer = await subject.http.post(subject.at("_search"), content=f"_id={made.id}", headers=FORM)
    assert [entry["resource"] for entry in answer.json()["entry"]] == [made.tree]
    assert await subject.found("_id=nowhere") == []


async def it_is_found_by_every_parameter(subject: Subject) -> None:
    """With a value that is there, with one that is not, and by whether there is one at all."""
    wrong = []
    for parameter in subject.served.parameters.values():
        planted, made = await _planted(subject, parameter)
        beside = f"&_tag={made.tag}" if made.tag else f"&_id={made.id}"
        if planted is None:
            expected = {f"{parameter.code}:missing=true": True, f"{parameter.code}:missing=false": False}
        elif parameter.kind == "composite":
            expected = {_query(*planted.asked): True, _query(*planted.other): False}
        else:
            there = _query(*planted.asked) + f"&{parameter.code}:missing=false"
            expected = {there: True, _query(*planted.other): False, f"{parameter.code}:missing=true": False}
        for query, found in expected.items():
            if bool(await subject.found(query + beside)) != found:
                wrong.append((query, found))
    assert not wrong, wrong


async def what_lacks_a_value_is_found_as_missing(subject: Subject) -> None:
    made = await subject.make()
    assert len(await subject.found(f"_source:missing=true&_tag={made.tag}")) == 1
    assert await subject.found(f"_source:missing=false&_tag={made.tag}") == []


async def alternatives_and_further_conditions_are_understood(subject: Subject) -> None:
    made, other = await subject.make(), await subject.make()
    both = {made.id, other.id}
    assert {each["id"] for each in await subject.found(f"_tag={made.tag},{other.tag}")} == both
    assert await subject.found(f"_tag={made.tag}&_tag={other.tag}") == []
    assert {each["id"] for each in await subject.found(f"_id={made.id},{other.id}")} == both
    assert [each["id"] for each in await subject.found(f"_id={made.id},{other.id}&_tag:not={made.tag}")] == [other.id]


async def what_it_refers_to_comes_along(subject: Subject) -> None:
    wrong = []
    for code in subject.served.includes:
        planted = subject.plot.planted(subject.served.parameters[code])
        if not planted.led:  # to a type that is not served
            continue
        made = await subject.make(planted.tree)
        answer = await subject.get(f"?_tag={made.tag}&_include={subject.name}:{code}")
        if planted.led not in _included(answer.json()):
            wrong.append((code, planted.led))
    assert not wrong, wrong


async def what_refers_to_it_comes_along(subject: Subject) -> None:
    wrong = []
    for each in subject.served.revincludes:
        source, code = each.split(":")
        other = Subject(subject.bench, subject.bench.registry.types[source])
        made = await subject.make()
        planted = other.plot.planted(other.served.parameters[code], leads_to=f"{subject.name}/{made.id}")
        referring = await other.make(planted.tree)
        answer = await subject.get(f"?_id={made.id}&_revinclude={each}")
        if f"{source}/{referring.id}" not in _included(answer.json()):
            wrong.append(each)
    assert not wrong, wrong


async def an_include_that_is_not_declared_is_told(subject: Subject) -> None:
    answer = await subject.get(f"?_include={subject.name}:unheard-of&_count=1")
    assert "outcome" in [entry["search"]["mode"] for entry in answer.json()["entry"]]


async def pages_hold_everything_once(subject: Subject) -> None:
    first = await subject.make()
    sent = {**first.sent, "meta": first.tree["meta"]}
    made = [first.id, *[(await subject.system.create(sent)).json()["id"] for _ in range(2)]]
    walked = []
    address = f"{subject.at()}?_tag={first.tag}&_count=1"
    while address:
        bundle = (await subject.http.get(address)).json()
        walked += [entry["resource"]["id"] for entry in bundle.get("entry", ())]
        address = next((link["url"] for link in bundle["link"] if link["relation"] == "next"), "")
    assert sorted(walked) == sorted(made)


async def the_order_can_be_chosen(subject: Subject) -> None:
    first = await subject.make()
    sent = {**first.sent, "meta": first.tree["meta"]}
    made = [first.id, *[(await subject.system.create(sent)).json()["id"] for _ in range(2)]]
    up = [each["id"] for each in await subject.found(f"_tag={first.tag}&_sort=_lastUpdated,_id")]
    down = [each["id"] for each in await subject.found(f"_tag={first.tag}&_sort=-_lastUpdated,-_id")]
    assert sorted(up) == sorted(made)
    assert down == up[::-1]


async def the_number_can_be_asked_for(subject: Subject) -> None:
    made = await subject.make()
    narrow = f"_tag={made.tag}" if made.tag else f"_id={made.id}"
    for query in (f"{narrow}&_total=accurate", f"{narrow}&_summary=count", f"{narrow}&_count=0"):
        bundle = (await subject.get(f"?{query}")).json()
        assert bundle["total"] == 1, query
    assert "entry" not in bundle
    assert "total" not in (await subject.get(f"?{narrow}")).json()


async def changes_can_be_followed(subject: Subject) -> None:
    made = await subject.make()
    narrow = f"_tag={made.tag}" if made.tag else f"_id={made.id}"
    stamp = quote(made.tree["meta"]["lastUpdated"])
    assert len(await subject.found(f"{narrow}&_lastUpdated=ge{stamp}")) == 1
    assert await subject.found(f"{narrow}&_lastUpdated=lt{stamp}") == []
    assert await subject.found(f"{narrow}&_lastUpdated=gt2100") == []


async def a_part_of_each_can_be_asked_for(subject: Subject) -> None:
    made = await subject.make()
    narrow = f"_tag={made.tag}" if made.tag else f"_id={made.id}"
    for asked in ("_summary=true", "_elements=id"):
        (part,) = await subject.found(f"{narrow}&{asked}")
        assert "SUBSETTED" in [tag.get("code") for tag in part["meta"]["tag"]]


async def what_nobody_knows_is_told_or_refused(subject: Subject) -> None:
    answer = await subject.get("?unheard-of=1&_count=1")
    assert "outcome" in [entry["search"]["mode"] for entry in answer.json()["entry"]]
    refused(await subject.get("?unheard-of=1", Prefer="handling=strict"), 400, "not-supported")


async def an_outsider_finds_nothing(subject: Subject) -> None:
    made = await subject.make()
    answer = await subject.bench.outsider.get(f"{subject.name}?_id={made.id}&_total=accurate")
    if subject.written:
        assert answer.status_code == 200, answer.text
        assert answer.json()["total"] == 0
    else:
        refused(answer, 403, "forbidden")


async def a_search_without_the_scope_is_refused(subject: Subject) -> None:
    refused(await subject.bench.narrow.get(subject.name), 403, "forbidden")


async def _planted(subject: Subject, parameter: SearchParameter) -> tuple[Planted | None, Made]:
    """A resource that the parameter finds; of a type that nobody writes, what is there, which may lack it."""
    if subject.written:
        planted = subject.plot.planted(parameter)
        return planted, await subject.make(planted.tree)
    made = await subject.make()
    plot = Plot(subject.served, [made.tree], lambda _: None)
    return None if plot.lacks(parameter) else plot.planted(parameter), made


def _query(code: str, value: str) -> str:
    return urlencode([(code, value)])


def _included(bundle: Tree) -> list[str]:
    entries = [entry for entry in bundle.get("entry", ()) if entry["search"]["mode"] == "include"]
    return [f"{entry['resource']['resourceType']}/{entry['resource']['id']}" for entry in entries]
