"""Page links: signed, for one caller and one search, for an hour, and short enough to be followed; who may see what is
asked anew on each page.
"""

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import pytest

from app.clock import SystemClock
from app.fhir.errors import TooCostly
from app.fhir.search_results import sort_keys
from app.services.interactions.paging import Page, links, refuse_endless
from app.store.search import Place
from tests.api.answers import MARK, refused
from tests.builders import resource
from tests.town import Town, staff_of

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture(scope="module")
async def next_link(town: Town) -> str:
    for _ in range(5):
        await town.ehr.create(resource("Location", name="Paged"))
    answer = (await town.ehr.get("Location?name=paged&_count=2")).json()
    return next(link["url"] for link in answer["link"] if link["relation"] == "next")


async def test_a_page_link_leads_on(town: Town, next_link: str) -> None:
    second = (await town.ehr.http.get(next_link)).json()
    assert len(second["entry"]) == 2
    assert next_link.startswith(town.world.address)


async def test_a_page_link_is_of_one_caller(town: Town, next_link: str) -> None:
    """C24; another system of the same member is another caller."""
    refused(await town.cbo.http.get(next_link), 400, "invalid", rule="page-token")
    twin = await town.world.system(town.clinic)
    refused(await twin.http.get(next_link), 400, "invalid", rule="page-token")


@pytest.mark.parametrize("change", [("name=paged", "name=x"), ("_count=2", "_count=3"), ("name=paged", "name=paged&_total=accurate"),
                                    ("Location?", "Patient?")])  # fmt: skip
async def test_a_page_link_is_of_one_search(town: Town, next_link: str, change: tuple[str, str]) -> None:
    """C25."""
    refused(await town.ehr.http.get(next_link.replace(*change)), 400, "invalid", rule="page-token")


@pytest.mark.parametrize("token", ["", ".", MARK, "A.B", "A" * 3000, "\u00e9.x", "%20", "MTIz."])
async def test_a_page_link_that_is_not_ours_is_refused(town: Town, token: str) -> None:
    answer = await town.ehr.http.get(f"{town.world.address}/fhir/Location?name=paged&_count=2&_page={token}")
    refused(answer, 400, "invalid", rule="page-token")


async def test_a_page_link_changed_in_one_letter_is_refused(town: Town, next_link: str) -> None:
    token = parse_qs(urlsplit(next_link).query)["_page"][0]
    for place in range(0, len(token), 9):
        other = token[:place] + ("A" if token[place] != "A" else "B") + token[place + 1 :]
        refused(await town.ehr.http.get(next_link.replace(token, other)), 400, "invalid")
    refused(await town.ehr.http.get(f"{next_link}&_page={token}"), 400, "invalid")


async def test_a_page_link_lives_for_an_hour(town: Town, next_link: str, monkeypatch: pytest.MonkeyPatch) -> None:
    now = SystemClock().now()
    real = await town.ehr.http.get(next_link)
    monkeypatch.setattr("app.services.interactions.paging.datetime", Later)
    assert real.status_code == 200
    refused(await town.ehr.http.get(next_link), 400, "invalid", rule="page-token")
    assert now < SystemClock().now()


class Later:
    """The clock of whoever reads an expiry: everything expired an hour and a bit ago."""

    from datetime import datetime as _datetime

    @staticmethod
    def fromisoformat(text: str) -> "Later._datetime":
        return Later._datetime.fromisoformat(text)

    @staticmethod
    def fromtimestamp(seconds: float, zone: object) -> "Later._datetime":
        return Later._datetime.fromtimestamp(seconds, zone) - timedelta(hours=1, seconds=1)  # type: ignore[arg-type]


async def test_a_page_shows_only_what_may_be_seen_by_then(empty_town: Town) -> None:
    town = empty_town
    ids = [(await town.ehr.create(resource("Location", name="Paged"))).json()["id"] for _ in range(4)]
    first = (await town.ehr.get("Location?name=paged&_count=2")).json()
    await town.world.rows(
        "UPDATE participation SET until = now() WHERE resource = $1::uuid AND role = 'author'", ids[0]
    )
    following = next(link["url"] for link in first["link"] if link["relation"] == "next")
    second = (await town.ehr.http.get(following)).json()
    assert [each["resource"]["id"] for each in second["entry"]] == [ids[1]]


@pytest.mark.parametrize("sort", ["", "&_sort=-name,status"])
async def test_every_link_that_is_handed_out_can_be_followed(town: Town, next_link: str, sort: str) -> None:
    """The form of a POST may be as long as an address, and the link's own part comes to it."""
    told: dict[int, int] = {}
    for length in (1000, *range(6000, 8100, 50)):
        form = f"_count=2&name=paged,{'x' * length}{sort}"
        answer = await town.ehr.http.post("/fhir/Location/_search", content=form, headers=FORM)
        told[length] = answer.status_code
        if answer.status_code == 200:
            (following,) = [link["url"] for link in answer.json()["link"] if link["relation"] == "next"]
            assert len((await town.ehr.http.get(following)).json()["entry"]) == 2
        else:
            refused(answer, 400, "too-costly", rule="search-too-long")
    assert set(told.values()) == {200, 400}
    assert list(told.values()) == sorted(told.values())


async def test_what_has_no_next_page_may_be_as_long_as_a_form(town: Town) -> None:
    form = f"_count=0&name={'x' * 8000}"
    answer = await town.ehr.http.post("/fhir/Location/_search", content=form, headers=FORM)
    assert answer.json()["total"] == 0


async def test_a_record_that_could_not_be_walked_is_refused(town: Town) -> None:
    person = (await town.ehr.create(resource("Patient"))).json()["id"]
    types = [{"name": "_type", "valueString": "Condition"}] * 600
    body = {"resourceType": "Parameters", "parameter": types}
    answer = await town.ehr.http.post(
        f"/fhir/Patient/{person}/$everything", json=body, headers={"Content-Type": "application/fhir+json"}
    )
    refused(answer, 400, "too-costly", rule="search-too-long")


async def test_the_longest_link_is_foreseen_to_a_few_letters(town: Town) -> None:
    """With the longest values by which anything can be sorted."""
    network = town.world.network
    sort = sort_keys(network.registry.types["Patient"], "name,-gender,birthdate,_id,_lastUpdated")
    moment = "0001-12-31 23:59:59.999999+00 BC"
    values = ("\U0001d4cd" * 150, "\u00e9" * 300, moment, "i" * 64, moment)
    now = SystemClock().now().replace(microsecond=999_999)
    place = Place(UUID(int=2**128 - 1), now, values)

    def passes(length: int) -> bool:
        try:
            refuse_endless(network, "Patient", [("name", "x" * length)], sort)
        except TooCostly:
            return False
        return True

    most = max(length for length in range(network.settings.max_url_bytes) if passes(length))
    wanted = [("name", "x" * most)]
    (_, (_, url)) = links(network, staff_of(town.platform), "Patient", wanted, Page(before_moment=now), place)
    assert network.settings.max_url_bytes - 100 < len(url) <= network.settings.max_url_bytes
