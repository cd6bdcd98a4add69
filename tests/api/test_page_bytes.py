"""An answer holds so many bytes and no more: a page ends earlier and leads on, so that nothing is lost or comes twice."""

from threading import get_ident
from typing import Any

import pytest

from app.fhir import xml
from app.fhir.subset import subset
from app.services.aside import LARGE_BYTES
from tests.api.answers import refused
from tests.builders import DELETE, resource
from tests.town import Town
from tests.world import System

HEAVY = 2_000
WORDS = {"status": "generated", "div": f'<div xmlns="http://www.w3.org/1999/xhtml">{"x" * HEAVY}</div>'}
Bundle = dict[str, Any]


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two heavy resources fit, three do not."""
    monkeypatch.setattr("app.store.budget.MOST_BYTES", 3 * HEAVY)


async def walk(system: System, address: str) -> list[Bundle]:
    """The pages of a search or a history."""
    pages: list[Bundle] = []
    while address:
        answer = await system.http.get(address)
        assert answer.status_code == 200, answer.text
        pages.append(answer.json())
        address = next((link["url"] for link in pages[-1]["link"] if link["relation"] == "next"), "")
    return pages


def ids(page: Bundle, mode: str = "match") -> list[str]:
    return [each["resource"]["id"] for each in page.get("entry", ()) if each["search"]["mode"] == mode]


async def heavy(system: System, name: str, count: int) -> list[str]:
    """So many Locations, the newest first."""
    trees = [resource("Location", name=name, description="x" * HEAVY) for _ in range(count)]
    return [(await system.create(tree)).json()["id"] for tree in trees][::-1]


@pytest.mark.parametrize("more", ["", "&_sort=-name", "&_lastUpdated=ge2020", "&_total=accurate", "&_count=2"])
async def test_a_page_ends_where_the_bytes_end_and_leads_on(town: Town, small: None, more: str) -> None:
    made = await heavy(town.ehr, "Wide", 5)
    pages = await walk(town.ehr, f"/fhir/Location?name=wide&_id={','.join(made)}{more}")
    expected = made[::-1] if "_lastUpdated" in more else made
    assert [each for page in pages for each in ids(page)] == expected
    assert [len(ids(page)) for page in pages] == [2, 2, 1]
    assert {page.get("total") for page in pages} == {5 if "_total" in more else None}


async def test_the_first_match_comes_however_large_it_is(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    made = await heavy(town.ehr, "Wider", 3)
    monkeypatch.setattr("app.store.budget.MOST_BYTES", 10)
    pages = await walk(town.ehr, "/fhir/Location?name=wider")
    assert [ids(page) for page in pages] == [[each] for each in made]


async def test_a_page_is_made_shorter_for_what_it_brings_along(town: Town, small: None) -> None:
    """Each Condition is light, the person that it is about is heavy."""
    about = {}
    for _ in range(5):
        person = await town.ehr.create(resource("Patient", text=WORDS))
        made = await town.ehr.create(resource("Condition", subject=f"Patient/{person.json()['id']}"))
        about[made.json()["id"]] = person.json()["id"]
    pages = await walk(town.ehr, f"/fhir/Condition?_id={','.join(about)}&_include=Condition:patient")
    assert [each for page in pages for each in ids(page)] == list(about)[::-1]
    assert all(ids(page, "include") for page in pages)
    for page in pages:
        assert sorted(ids(page, "include")) == sorted(about[each] for each in ids(page))
        assert len(ids(page, "include")) <= 2


async def test_it_is_made_shorter_for_how_many_come_along(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.store.search.MOST_INCLUDED", 3)
    people = [(await town.ehr.create(resource("Patient"))).json()["id"] for _ in range(3)]
    for person in people:
        for _ in range(2):
            await town.ehr.create(resource("Condition", subject=f"Patient/{person}"))
    pages = await walk(town.ehr, f"/fhir/Patient?_id={','.join(people)}&_revinclude=Condition:patient")
    assert [each for page in pages for each in ids(page)] == people[::-1]
    assert [len(ids(page, "include")) for page in pages] == [2, 2, 2]


async def test_a_match_that_alone_brings_too_much_is_refused(town: Town, small: None) -> None:
    people = [(await town.ehr.create(resource("Patient", text=WORDS))).json()["id"] for _ in range(4)]
    members = [{"entity": {"reference": f"Patient/{each}"}} for each in people]
    group = (await town.ehr.create(resource("Group", member=members, characteristic=DELETE, meta=DELETE))).json()["id"]
    alone = f"Group?_id={group}"
    refused(await town.ehr.get(f"{alone}&_include=Group:member"), 400, "too-costly", rule="search-included")
    assert len(await town.ehr.search(alone)) == 1


async def test_a_history_ends_where_the_bytes_end_and_leads_on(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    (made,) = await heavy(town.ehr, "Aged", 1)
    tree = (await town.ehr.get(f"Location/{made}")).json()
    for number in range(4):
        assert (await town.ehr.update({**tree, "name": f"Aged {number}"})).status_code == 200
    (whole,) = await walk(town.ehr, f"/fhir/Location/{made}/_history")
    monkeypatch.setattr("app.store.budget.MOST_BYTES", 3 * HEAVY)
    pages = await walk(town.ehr, f"/fhir/Location/{made}/_history")
    assert [each for page in pages for each in page["entry"]] == whole["entry"]
    assert [len(page["entry"]) for page in pages] == [2, 2, 1]


async def test_a_record_ends_where_the_bytes_end_and_leads_on(town: Town, small: None) -> None:
    person = (await town.ehr.create(resource("Patient"))).json()["id"]
    seen_by: dict[str, str] = {}
    for _ in range(4):
        doctor = (await town.ehr.create(resource("Practitioner", text=WORDS))).json()["id"]
        made = await town.ehr.create(
            resource("Condition", subject=f"Patient/{person}", asserter={"reference": f"Practitioner/{doctor}"})
        )
        seen_by[made.json()["id"]] = doctor
    pages = await walk(town.ehr, f"/fhir/Patient/{person}/$everything")
    assert [each for page in pages for each in ids(page)] == [person, *seen_by]
    for page in pages:
        assert sorted(ids(page, "include")) == sorted(seen_by[each] for each in ids(page) if each in seen_by)
        assert ids(page, "outcome") == []


async def test_a_record_says_where_it_is_cut(town: Town, small: None) -> None:
    """One resource refers to more than an answer holds: what fits comes, and the answer says that it is not all."""
    doctors = [(await town.ehr.create(resource("Practitioner", text=WORDS))).json()["id"] for _ in range(4)]
    parties = [{"reference": f"Practitioner/{each}"} for each in doctors]
    person = (await town.ehr.create(resource("Patient", generalPractitioner=parties))).json()["id"]
    (page,) = await walk(town.ehr, f"/fhir/Patient/{person}/$everything")
    assert ids(page) == [person]
    assert set(ids(page, "include")) < set(doctors)
    assert len(ids(page, "include")) == 2
    (told,) = [each["resource"]["issue"][0] for each in page["entry"] if each["search"]["mode"] == "outcome"]
    assert (told["code"], told["severity"], told["details"]["text"]) == ("incomplete", "warning", "everything-cut")


async def test_a_large_answer_is_written_beside_the_event_loop(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """In XML, or in part; what is small is written at once."""
    large, small = [
        (await town.ehr.create(resource("Location", name="Written", description="w" * size))).json()["id"]
        for size in (LARGE_BYTES, 10)
    ]
    here: list[bool] = []

    def noted(work: Any) -> Any:
        def noting(*args: Any, **kwargs: Any) -> Any:
            here.append(get_ident() == loop)
            return work(*args, **kwargs)

        return noting

    loop = get_ident()
    monkeypatch.setattr("app.web.fhir_api.dress.xml.dump", noted(xml.dump))
    monkeypatch.setattr("app.services.interactions.search.subset", noted(subset))
    monkeypatch.setattr("app.services.interactions.history.subset.subset", noted(subset))
    for id_, at_once in ((large, False), (small, True)):
        for address in (
            f"Location/{id_}?_format=xml",
            f"Location?_id={id_}&_elements=description",
            f"Location/{id_}/_history?_elements=description",
        ):
            here.clear()
            assert (await town.ehr.get(address)).status_code == 200
            assert here == [at_once], address
