"""Chains, backwards too, and what comes along: only what the caller may search, read and see."""

import pytest

from tests.api.answers import refused
from tests.builders import Sent, refer, resource
from tests.town import Town


@pytest.fixture(scope="module")
async def sent(town: Town) -> Sent:
    return await refer(town.world, town.ehr, town.pantry, Patient={"name": [{"family": "Numbat"}]})


def entries(answer: dict[str, object], mode: str) -> set[str]:
    listed = answer.get("entry", [])
    assert isinstance(listed, list)
    return {
        f"{each['resource']['resourceType']}/{each['resource']['id']}"
        for each in listed
        if each["search"]["mode"] == mode
    }


async def test_what_refers_to_a_resource_can_be_asked_for(town: Town, sent: Sent) -> None:
    """R4 search, reverse chaining."""
    person, request = sent.ids["Patient"], sent.ids["ServiceRequest"]
    code = (await sent.read("ServiceRequest"))["code"]["coding"][0]["code"]
    for query, found in (
        (f"_has:ServiceRequest:patient:code={code},nothing", [person]),
        ("_has:ServiceRequest:patient:code=nothing", []),
        (f"_has:ServiceRequest:patient:_id={request}", [person]),
        (f"_has:ServiceRequest:patient:code={code}&_has:Task:patient:status=completed", []),
        (f"_has:Task:patient:focus:ServiceRequest.code={code}", [person]),
        ("_has:ServiceRequest:patient:_has:Task:focus:code=fulfill", [person]),
        ("_has:ServiceRequest:patient:_has:Task:focus:status=rejected", []),
    ):
        got = [each["id"] for each in await town.ehr.search(f"Patient?family=numbat&{query}")]
        assert got == found, query
    assert [
        each["id"] for each in await town.ehr.search(f"Task?patient._has:ServiceRequest:patient:_id={request}")
    ] == [sent.ids["Task"]]


async def test_backwards_needs_the_scope_of_what_it_passes_through(town: Town) -> None:
    """C16"""
    narrow = await town.world.system(town.clinic, scopes="system/Patient.rs system/Task.s")
    for query in ("_has:Observation:patient:code=x", "_has:Task:patient:_has:Task:part-of:code=x&_has:Goal:patient:_id=x",
                  "_has:Task:patient:focus:ServiceRequest.code=x"):  # fmt: skip
        refused(await narrow.get(f"Patient?{query}"), 403, "forbidden", rule="scope")
    assert (await narrow.get("Patient?_has:Task:patient:code=x")).status_code == 200


async def test_backwards_does_not_feel_for_what_is_hidden(town: Town) -> None:
    """C18; a Condition that the clinic sees no longer does not find its patient any more."""
    person = (await town.ehr.create(resource("Patient", name=[{"family": "Bilby"}]))).json()["id"]
    made = (await town.ehr.create(resource("Condition", subject=f"Patient/{person}"))).json()["id"]
    query = f"Patient?_has:Condition:patient:_id={made}"
    assert [each["id"] for each in await town.ehr.search(query)] == [person]
    await town.world.rows("UPDATE participation SET until = now() WHERE resource = $1::uuid AND role = 'author'", made)
    assert await town.ehr.search(query) == []
    revincluded = (await town.ehr.get(f"Patient?_id={person}&_revinclude=Condition:patient")).json()
    assert entries(revincluded, "include") == set()


async def test_chains_of_more_than_two_hops_cost_too_much(town: Town) -> None:
    """C05"""
    for query in (".".join(["subject"] * 10), "_has:Task:patient:_has:Task:part-of:patient.name", "a.b.c.d"):
        refused(await town.ehr.get(f"Patient?{query}=x"), 400, "too-costly", rule="search-chain")


async def test_what_refers_to_a_match_comes_along(town: Town, sent: Sent) -> None:
    request = sent.ids["ServiceRequest"]
    answer = (
        await town.ehr.get(f"ServiceRequest?_id={request}&_revinclude=Task:focus&_include=ServiceRequest:patient")
    ).json()
    assert entries(answer, "match") == {f"ServiceRequest/{request}"}
    assert entries(answer, "include") >= {f"Task/{sent.ids['Task']}", f"Patient/{sent.ids['Patient']}"}
    outsider = (await town.other_cbo.get(f"ServiceRequest?_id={request}&_revinclude=Task:focus")).json()
    assert "entry" not in outsider


@pytest.mark.parametrize("scopes", ["system/ServiceRequest.rs", "system/ServiceRequest.rs system/Task.r",
                                    "system/ServiceRequest.rs system/Task.s"])  # fmt: skip
async def test_nothing_comes_along_that_the_scopes_do_not_hold(town: Town, sent: Sent, scopes: str) -> None:
    """C15; what refers to a match is found by a search and read, which takes both letters."""
    narrow = await town.world.system(town.clinic, scopes=scopes)
    address = f"ServiceRequest?_id={sent.ids['ServiceRequest']}&_revinclude=Task:focus&_include=ServiceRequest:patient"
    answer = (await narrow.get(address)).json()
    assert entries(answer, "match") == {sent.ref("ServiceRequest")}
    assert entries(answer, "include") == set()


async def test_wildcards_and_iterating_cost_too_much(town: Town) -> None:
    """C06"""
    for query in ("_include=*", "_revinclude=*", "_revinclude=Task:*", "_include:iterate=Task:focus", "_revinclude:iterate=Task:part-of",
                  "_include:recurse=Task:part-of"):  # fmt: skip
        refused(await town.ehr.get(f"Task?{query}"), 400, "too-costly", rule="search-include")


async def test_two_of_one_parameter_must_both_hold(town: Town, sent: Sent) -> None:
    """C29"""
    other = await refer(town.world, town.ehr, town.pantry)
    both = f"Task?patient={sent.ids['Patient']}&patient={other.ids['Patient']}"
    assert await town.ehr.search(both) == []
    either = await town.ehr.search(f"Task?patient={sent.ids['Patient']},{other.ids['Patient']}")
    assert {each["id"] for each in either} >= {sent.ids["Task"], other.ids["Task"]}


async def test_only_what_was_searched_for_is_cut_to_elements(town: Town, sent: Sent) -> None:
    """search.html#elements: the list says nothing of what comes along."""
    query = f"Task?_id={sent.ids['Task']}&_include=Task:patient&_elements=status"
    task, person = (await town.ehr.get(query)).json()["entry"]
    assert "for" not in task["resource"]
    assert person["resource"] == await sent.read("Patient")
    short = (await town.ehr.get(query.replace("_elements=status", "_summary=true"))).json()["entry"]
    assert all(each["resource"]["meta"]["tag"][0]["code"] == "SUBSETTED" for each in short)
