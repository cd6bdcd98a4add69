"""An EHR's chart: read, searched and written; the token stays with this EHR, whatever it answers."""

from typing import Any

import pytest

from app.gateways.ehr.chart import Chart
from app.gateways.ehr.smart import EhrTrouble
from app.gateways.outbound.client import Outbound
from tests.gateways.ehrs import Ehr, dump
from tests.gateways.servers import answer, serving

PATIENT = {"resourceType": "Patient", "id": "p-1", "name": [{"family": "Rivera"}]}
READ, SEARCH = "GET /fhir/Patient/p-1", "GET /fhir/Condition"
OUTCOME = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "exception"}]}
ELSEWHERE = "https://evil.example/fhir?page=2"


@pytest.fixture
async def chart(ehr: Ehr, outbound: Outbound) -> Chart:
    return Chart(outbound, ehr.server.allowed(), ehr.base, "t0ken")


def page(*trees: Any, following: Any = None) -> dict[str, Any]:
    link = [{"relation": "self", "url": "x"}, *([{"relation": "next", "url": following}] if following else [])]
    return {
        "resourceType": "Bundle",
        "type": "searchset",
        "link": link,
        "entry": [{"resource": tree} for tree in trees],
    }


def condition(id: str) -> dict[str, Any]:
    return {"resourceType": "Condition", "id": id}


async def test_a_resource_is_read_with_the_token(ehr: Ehr, chart: Chart) -> None:
    ehr.answers[READ] = PATIENT
    assert await chart.read("Patient", "p-1") == PATIENT
    sent = ehr.server.seen[0].headers
    assert (sent["authorization"], sent["accept"]) == ("Bearer t0ken", "application/fhir+json")
    assert "t0ken" not in repr(chart)


@pytest.mark.parametrize("raw", [None, answer(dump(OUTCOME), status=404), answer(b"", status=410)])
async def test_what_is_not_there_is_none(ehr: Ehr, chart: Chart, raw: Any) -> None:
    ehr.answers[READ] = raw
    assert await chart.read("Patient", "p-1") is None


@pytest.mark.parametrize("id", ["../Patient/p-1", "", "a/b", "x" * 65, "p-1?x", "p 1", "p-1\n"])
async def test_what_is_no_id_is_not_asked_for(ehr: Ehr, chart: Chart, id: str) -> None:
    assert await chart.read("Patient", id) is None
    assert ehr.server.seen == []


@pytest.mark.parametrize(
    ("raw", "kind"),
    [
        (answer(b"", status=401), "ended"), (answer(b"", status=403), "refused"), (answer(b"", status=500), "away"),
        (answer(b"", status=429), "away"), (answer(b"", status=400), "refused"), (answer(b"", status=302, Location="/login"), "not-fhir"),
        (answer(b"<html>", kind="text/html"), "not-fhir"), (answer(dump(OUTCOME)), "not-fhir"), (answer(b"{}"), "not-fhir"),
        (answer(dump(PATIENT | {"id": "p-2"})), "not-fhir"), (answer(dump(condition("p-1"))), "not-fhir"),
        (answer(b'{"a":' * 90 + b"1" + b"}" * 90), "not-fhir"), (answer(b"x" * 6_000_000), "too-large"), (answer(b"\xff"), "not-fhir"),
    ],
)  # fmt: skip
async def test_an_answer_that_is_no_such_resource_is_a_failure(ehr: Ehr, chart: Chart, raw: bytes, kind: str) -> None:
    ehr.answers[READ] = raw
    with pytest.raises(EhrTrouble) as found:
        await chart.read("Patient", "p-1")
    assert found.value.kind == kind


async def test_a_search_goes_through_its_pages_and_leaves_notes_out(ehr: Ehr, chart: Chart) -> None:
    ehr.answers[SEARCH] = lambda seen: answer(
        dump(
            page(condition("c-2"))
            if "page=2" in seen.path
            else page(condition("c-1"), OUTCOME, 7, following="Condition?page=2")
        )
    )
    assert [tree["id"] for tree in await chart.search("Condition", {"patient": "p-1"})] == ["c-1", "c-2"]
    assert [seen.path for seen in ehr.server.seen] == [
        "/fhir/Condition?patient=p-1&_count=100",
        "/fhir/Condition?page=2",
    ]


async def test_a_search_takes_no_more_than_asked_and_ends_in_a_circle(ehr: Ehr, chart: Chart) -> None:
    ehr.answers[SEARCH] = lambda _: answer(
        dump(page(*map(condition, "abc"), following=f"{ehr.base}/Condition?again=1"))
    )
    assert len(await chart.search("Condition", {}, most=2)) == 2
    assert len(ehr.server.seen) == 1
    assert len(await chart.search("Condition", {})) == 6
    assert len(ehr.server.seen) == 3


@pytest.mark.parametrize(
    ("pages", "most", "complete"),
    [
        ([page(condition("c-1"))], 2, True),
        ([page(condition("c-1"), condition("c-2"))], 2, True),
        ([page(condition("c-1"), condition("c-2"), condition("c-3"))], 2, False),
        ([page(condition("c-1"), condition("c-2"), following="Condition?page=1")], 2, False),
        ([page(condition("c-1"), following="Condition?page=1"), page(condition("c-2"))], 2, True),
        ([page(condition("c-1"), following="Condition?page=1")] * 2, 9, False),
        ([page(condition("c-1"), condition("a/b"))], 2, False),
        ([page(OUTCOME)], 2, True),
    ],
)
async def test_a_search_says_whether_it_found_everything(
    ehr: Ehr, chart: Chart, pages: list[Any], most: int, complete: bool
) -> None:
    ehr.answers[SEARCH] = lambda seen: answer(dump(pages["page=1" in seen.path]))
    assert (await chart.search("Condition", {}, most)).complete is complete


async def test_ids_written_as_numbers_are_ids_and_what_has_none_is_left_out(ehr: Ehr, chart: Chart) -> None:
    odd = [
        {"resourceType": "Condition"},
        *({"resourceType": "Condition", "id": id} for id in (7, 1.5, True, None, [], {}, "a/b", "")),
    ]
    ehr.answers[SEARCH] = page(*odd, condition("c-1"))
    assert [tree["id"] for tree in await chart.search("Condition", {})] == ["7", "1.5", "c-1"]
    ehr.answers["GET /fhir/Patient/7"] = PATIENT | {"id": 7}
    assert await chart.read("Patient", "7") == PATIENT | {"id": "7"}


@pytest.mark.parametrize("id", [None, [], {}, True])
async def test_a_resource_without_an_id_is_not_the_one_that_was_asked_for(ehr: Ehr, chart: Chart, id: Any) -> None:
    ehr.answers[READ] = PATIENT | {"id": id}
    with pytest.raises(EhrTrouble, match="not-fhir"):
        await chart.read("Patient", "p-1")


@pytest.mark.parametrize("url", ["//[", "http://[x", "Condition/..;/x", "a%5c..%5cx", "..\\x", "Condition;v=1/x"])
async def test_a_next_link_that_nobody_can_read_as_one_place_is_not_followed(ehr: Ehr, chart: Chart, url: str) -> None:
    ehr.answers[SEARCH] = page(condition("c-1"), following=url)
    with pytest.raises(EhrTrouble):
        await chart.search("Condition", {})
    assert len(ehr.server.seen) == 1


@pytest.mark.parametrize(
    "url", [ELSEWHERE, "//evil.example/x", "http://127.0.0.1:1/fhir/x", "../admin", "%2e%2e/admin", "Condition/%2E%2e%2Fadmin", "/other/path", "https://127.0.0.1/fhir/x", 7]
)  # fmt: skip
async def test_a_next_link_elsewhere_takes_the_token_nowhere(ehr: Ehr, chart: Chart, url: Any) -> None:
    ehr.answers[SEARCH] = page(condition("c-1"), following=url)
    with pytest.raises(EhrTrouble):
        await chart.search("Condition", {})
    assert len(ehr.server.seen) == 1


async def test_the_token_does_not_reach_another_server_that_shares_the_beginning_of_the_base(
    ehr: Ehr, outbound: Outbound
) -> None:
    async with serving(ehr) as other:
        chart = Chart(outbound, ehr.server.allowed(), ehr.base, "t0ken")
        ehr.answers[SEARCH] = page(following=f"{ehr.base}-evil/Condition")
        with pytest.raises(EhrTrouble, match="address"):
            await chart.search("Condition", {})
        assert other.seen == []


async def test_an_unknown_parameter_is_told_apart_from_an_empty_chart(ehr: Ehr, chart: Chart) -> None:
    ehr.answers[SEARCH] = answer(dump(OUTCOME), status=400)
    with pytest.raises(EhrTrouble, match="not-offered"):
        await chart.search("Condition", {"code": "x"})
    ehr.answers[SEARCH] = {"resourceType": "Bundle", "type": "searchset", "total": 0}
    assert await chart.search("Condition", {}) == []


async def test_what_a_server_offers_is_what_it_says(ehr: Ehr, chart: Chart) -> None:
    ehr.answers["GET /fhir/metadata"] = {
        "resourceType": "CapabilityStatement",
        "rest": [{"resource": [{"type": "Task", "interaction": [{"code": "create"}, 7]}, {"type": "Patient"}, 7]}],
    }
    offered = await chart.capabilities()
    assert offered.offers("Task", "create")
    assert not offered.offers("Task", "update")
    assert not offered.offers("DocumentReference", "create")
    assert "authorization" not in ehr.server.seen[0].headers


async def test_a_server_that_does_not_say_what_it_offers_is_not_guessed_at(ehr: Ehr, chart: Chart) -> None:
    with pytest.raises(EhrTrouble, match="not-fhir"):
        await chart.capabilities()


@pytest.mark.parametrize(
    ("raw", "id"),
    [
        (answer(b"", status=201, Location="Condition/c-9/_history/1"), "c-9"),
        (answer(b"", status=201, Location="BASE/Condition/c-9"), "c-9"),
        (answer(dump(condition("c-8")), status=201), "c-8"),
        (answer(b"", status=201), ""),
        (answer(b"ok", status=201), ""),
        (answer(dump(condition("c-8")), status=200), "c-8"),
    ],
)
async def test_a_created_resource_has_the_id_that_the_ehr_tells(ehr: Ehr, chart: Chart, raw: bytes, id: str) -> None:
    ehr.answers["POST /fhir/Condition"] = raw.replace(b"BASE", ehr.base.encode())
    assert await chart.create({"resourceType": "Condition"}, if_none_exist="identifier=s|v") == id
    assert ehr.server.seen[0].headers["if-none-exist"] == "identifier=s|v"
    assert ehr.server.seen[0].body == b'{"resourceType":"Condition"}'


@pytest.mark.parametrize(
    ("location", "id"),
    [
        ("http://fhir.internal:8080/r4/Condition/c-9/_history/1", "c-9"), ("//[Condition/c-9", ""),
        ("https://evil.example/Patient/c-9", ""), ("Condition/c-9/x", ""), ("http://[", ""), ("Condition/c%2F9", ""),
    ],
)  # fmt: skip
async def test_a_location_elsewhere_is_no_failure_of_what_was_made(
    ehr: Ehr, chart: Chart, location: str, id: str
) -> None:
    """Nothing is sent to it, and it was made: it must not be made again."""
    ehr.answers["POST /fhir/Condition"] = answer(b"", status=201, Location=location)
    assert await chart.create({"resourceType": "Condition"}) == id
    ehr.answers["POST /fhir/Condition"] = answer(dump(condition("c-8")), status=201, Location=location)
    assert await chart.create({"resourceType": "Condition"}) == (id or "c-8")
    assert len(ehr.server.seen) == 2


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (404, "not-offered"),
        (405, "not-offered"),
        (422, "refused"),
        (403, "refused"),
        (401, "ended"),
        (503, "away"),
        (428, "refused"),
    ],
)
async def test_a_write_that_is_not_taken_says_why(ehr: Ehr, chart: Chart, status: int, kind: str) -> None:
    ehr.answers["PUT /fhir/Condition/c-1"] = answer(b"", status=status)
    with pytest.raises(EhrTrouble) as found:
        await chart.update(condition("c-1"))
    assert found.value.kind == kind


async def test_an_update_goes_to_the_resource_itself(ehr: Ehr, chart: Chart) -> None:
    ehr.answers["PUT /fhir/Condition/c-1"] = condition("c-1")
    assert await chart.update(condition("c-1"))
    assert ehr.server.seen[0].headers["content-type"] == "application/fhir+json"
    assert "if-match" not in ehr.server.seen[0].headers


@pytest.mark.parametrize("status", [409, 412])
async def test_an_update_is_of_the_version_that_was_read(ehr: Ehr, chart: Chart, status: int) -> None:
    ehr.answers["PUT /fhir/Condition/c-1"] = answer(b"", status=status)
    assert not await chart.update(condition("c-1") | {"meta": {"versionId": "7"}})
    assert ehr.server.seen[0].headers["if-match"] == 'W/"7"'
