"""Orders that a client asks for, their pages, and totals that say how far they count."""

import base64
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from tests.api.answers import refused
from tests.builders import resource
from tests.town import Town

PEOPLE = (
    # family, birth date, gender
    ("Ångström", "1950", "male"),
    ("angus", "1950-03", "female"),
    ("Zeta", "1950-03-15", "male"),
    ("zeta", None, "female"),
    (None, "1949-12-31", "other"),
    (None, None, None),
)


async def people(town: Town) -> None:
    for number, (family, born, gender) in enumerate(PEOPLE):
        name: dict[str, Any] = {"given": [f"P{number}"], **({"family": family} if family else {})}
        more: dict[str, Any] = {"birthDate": born, "gender": gender}
        made = await town.ehr.create(
            resource("Patient", name=[name], **{key: value for key, value in more.items() if value})
        )
        assert made.status_code == 201, made.text


async def walked(town: Town, query: str, *, between: Callable[[int], Awaitable[None]] | None = None) -> list[str]:
    """The given names of all pages in their order; `between` is done after each page."""
    found: list[str] = []
    address = f"{town.world.address}/fhir/Patient?{query}"
    for page in range(20):
        answer = await town.ehr.http.get(address)
        assert answer.status_code == 200, answer.text
        tree = answer.json()
        found += [each["resource"]["name"][0]["given"][0] for each in tree.get("entry", ())]
        following = [link["url"] for link in tree["link"] if link["relation"] == "next"]
        if not following:
            return found
        (address,) = following
        if between is not None:
            await between(page)
    raise AssertionError("no end of pages")


# a year stands at its first moment, before its first month; the last one's gender is unknown
ORDERS = {
    "_sort=birthdate": "P4 P0 P1 P2 P5 P3",
    "_sort=-birthdate": "P2 P1 P0 P4 P5 P3",
    "_sort=family": "P0 P1 P3 P2 P5 P4",
    "_sort=-family": "P3 P2 P1 P0 P5 P4",
    "_sort=gender,-family": "P3 P1 P2 P0 P4 P5",
    "_sort=-gender,birthdate": "P5 P4 P0 P2 P1 P3",
    "_sort=_lastUpdated": "P0 P1 P2 P3 P4 P5",
    "_sort=-_lastUpdated": "P5 P4 P3 P2 P1 P0",
    "_sort=-_id": "P5 P4 P3 P2 P1 P0",
    "_sort=_id": "P0 P1 P2 P3 P4 P5",
    "": "P5 P4 P3 P2 P1 P0",
}


async def test_an_order_is_the_same_on_one_page_and_on_many(empty_town: Town) -> None:
    """Several keys, up and down; what has no value comes last, equals stand newest first."""
    await people(empty_town)
    for query, expected in ORDERS.items():
        for size in (1, 2, 50):
            found = " ".join(await walked(empty_town, f"{query}&_count={size}"))
            assert found == expected, (query, size)


@pytest.mark.parametrize("query", ["_sort=family,-birthdate&_count=1", "_sort=-_lastUpdated&_count=2", "_count=2"])
async def test_a_walk_finds_everything_that_stays_once_while_others_write(empty_town: Town, query: str) -> None:
    await people(empty_town)

    async def others_write(page: int) -> None:
        for family in ("Aaa", "Mmm", "Zzz"):
            made = await empty_town.ehr.create(resource("Patient", name=[{"family": family, "given": [f"new{page}"]}]))
            if page % 2:
                assert (await empty_town.ehr.http.delete(f"/fhir/Patient/{made.json()['id']}")).status_code < 300

    found = await walked(empty_town, query, between=others_write) if "family" not in query else None
    if found is None:  # what is new stands in between, so the walk is long: no more than three times
        found = await walked(empty_town, query, between=lambda page: others_write(page) if page < 3 else _nothing())
    assert sorted(name for name in found if not name.startswith("new")) == ["P0", "P1", "P2", "P3", "P4", "P5"]


async def _nothing() -> None:
    return None


async def test_a_page_link_does_not_tell_by_what_it_sorts(town: Town) -> None:
    """Names do not stand in addresses."""
    for _ in range(2):
        await town.ehr.create(resource("Patient", name=[{"family": "Quenda"}]))
    answer = (await town.ehr.get("Patient?_sort=-family&_count=1&birthdate:missing=true")).json()
    (link,) = [each["url"] for each in answer["link"] if each["relation"] == "next"]
    token = link.partition("_page=")[2]
    assert b"quenda" not in base64.urlsafe_b64decode(token + "==").lower()


async def test_an_order_that_is_not_offered_is_refused(town: Town) -> None:
    for query, code in (("_sort=general-practitioner", "not-supported"), ("_sort=nothing", "not-supported"),
                        ("_sort=name&_sort=family", "value"), ("_sort=" + ",".join(["name"] * 6), "too-costly")):  # fmt: skip
        refused(await town.ehr.get(f"Patient?{query}"), 400, code)


async def test_a_total_is_counted_so_far_and_the_answer_says_where_it_stopped(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    """C02: `_count=0` asks for the number alone."""
    for _ in range(4):
        await town.ehr.create(resource("Location", name="Potoroo"))
    assert "total" not in (await town.ehr.get("Location?name=potoroo")).json()
    for ask in ("_total=accurate", "_total=estimate", "_count=0", "_summary=count"):
        assert (await town.ehr.get(f"Location?name=potoroo&{ask}")).json()["total"] == 4
    assert "entry" not in (await town.ehr.get("Location?name=potoroo&_summary=count")).json()
    monkeypatch.setattr("app.services.interactions.totals.COUNTED_TO", {"accurate": 3, "estimate": 3})
    answer = (await town.ehr.get("Location?name=potoroo&_total=accurate")).json()
    (told,) = [each["resource"]["issue"][0] for each in answer["entry"] if each["search"]["mode"] == "outcome"]
    assert (answer["total"], told["details"]["text"], told["severity"]) == (3, "search-total-cap", "warning")


async def test_the_self_link_tells_what_was_used(town: Town) -> None:
    answer = (await town.ehr.get("Location?name=a&nothing=b&_sort=-name&_count=3")).json()
    (link,) = [each["url"] for each in answer["link"] if each["relation"] == "self"]
    assert link == f"{town.world.network.base}/Location?name=a&_sort=-name&_count=3"


@pytest.mark.parametrize("query", ["Location?name=potoroo&_count=1", "Location/_history?_count=1"])
async def test_the_self_link_of_a_later_page_leads_to_that_page(town: Town, query: str) -> None:
    for number in range(3):
        await town.ehr.create(resource("Location", name=f"Potoroo {number}"))
    first = (await town.ehr.get(query)).json()
    second = (await town.ehr.http.get(link_of(first, "next"))).json()
    assert second["entry"] != first["entry"]
    assert (await town.ehr.http.get(link_of(second, "self"))).json()["entry"] == second["entry"]


def link_of(bundle: dict[str, Any], relation: str) -> str:
    (found,) = [each["url"] for each in bundle["link"] if each["relation"] == relation]
    return str(found)
