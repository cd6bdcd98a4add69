"""Page links: signed, for one caller and one search, for an hour; who may see what is asked anew on each page."""

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from app.clock import SystemClock
from tests.api.answers import MARK, refused
from tests.builders import resource
from tests.town import Town


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
