"""The codes of a value set, page by page and by their words: `ValueSet/$expand`.

*Source*: R4 valueset-operation-expand.html; valueset.html (expansion).
"""

from typing import Any

import httpx
import pytest

from tests.api.answers import MARK, refused
from tests.town import Town
from tests.world import FHIR_JSON, System

STATUSES = "http://hl7.org/fhir/ValueSet/task-status"
STATUS = "http://hl7.org/fhir/task-status"
# all of SNOMED CT below one code: nobody here has it
UNLISTED = "http://hl7.org/fhir/us/core/ValueSet/us-core-condition-code"
FOOD = "urn:baton:catalogue:food-insecurity:services"
# one code of it has a word with an accent, none of R4's has
SNOMED = "http://snomed.info/sct"


async def ask(system: System, path: str, /, **query: str) -> httpx.Response:
    return await system.http.get(f"/fhir/{path}", params=query)


async def post(system: System, path: str, *parameters: dict[str, Any]) -> httpx.Response:
    tree = {"resourceType": "Parameters", "parameter": list(parameters)}
    return await system.http.post(f"/fhir/{path}", json=tree, headers={"Content-Type": FHIR_JSON})


def expanded(answer: httpx.Response) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    assert answer.json()["resourceType"] == "ValueSet"
    return dict(answer.json()["expansion"])


def codes(answer: httpx.Response) -> list[str]:
    return [each["code"] for each in expanded(answer).get("contains", ())]


async def id_of(system: System, url: str) -> str:
    (found,) = await system.search(f"ValueSet?url={url}")
    return str(found["id"])


async def test_a_value_set_is_expanded_by_its_address(town: Town) -> None:
    answer = await ask(town.ehr, "ValueSet/$expand", url=STATUSES)
    found = expanded(answer)
    assert answer.json()["url"] == STATUSES
    assert found["total"] == len(found["contains"]) == 12
    assert {"system": STATUS, "code": "on-hold", "display": "On Hold"} in found["contains"]
    assert found["identifier"].startswith("urn:uuid:")
    assert found["timestamp"]
    # of a page alone
    assert not {"offset", "parameter"} & found.keys()


async def test_a_value_set_is_expanded_by_its_id(town: Town) -> None:
    by_id = await ask(town.ehr, f"ValueSet/{await id_of(town.ehr, STATUSES)}/$expand")
    assert codes(by_id) == codes(await ask(town.ehr, "ValueSet/$expand", url=STATUSES))


async def test_a_version_is_that_which_is_known_or_the_set_is_not_there(town: Town) -> None:
    for query in ({"url": f"{STATUSES}|4.0.1"}, {"url": STATUSES, "valueSetVersion": "4.0.1"}):
        assert len(codes(await ask(town.ehr, "ValueSet/$expand", **query))) == 12
    for query in ({"url": f"{STATUSES}|{MARK}"}, {"url": STATUSES, "valueSetVersion": MARK}):
        refused(await ask(town.ehr, "ValueSet/$expand", **query), 404, "not-found", rule="value-set-unknown")


async def test_an_expansion_comes_in_pages(town: Town) -> None:
    whole = codes(await ask(town.ehr, "ValueSet/$expand", url=STATUSES))
    pages = [await ask(town.ehr, "ValueSet/$expand", url=STATUSES, count="5", offset=str(at)) for at in (0, 5, 10, 15)]
    assert [code for page in pages for code in codes(page)] == whole
    assert [expanded(page)["offset"] for page in pages] == [0, 5, 10, 15]
    assert {expanded(page)["total"] for page in pages} == {12}
    told = [{"name": "offset", "valueInteger": 5}, {"name": "count", "valueInteger": 5}]
    assert expanded(pages[1])["parameter"] == told


async def test_no_code_at_all_says_how_many_there_are(town: Town) -> None:
    found = expanded(await ask(town.ehr, "ValueSet/$expand", url=STATUSES, count="0"))
    assert found["total"] == 12
    assert "contains" not in found


@pytest.mark.parametrize("words", ["hold", "HOLD", "on  hold"])
async def test_codes_are_found_by_their_words_however_they_are_typed(town: Town, words: str) -> None:
    answer = await ask(town.ehr, "ValueSet/$expand", url=STATUSES, filter=words)
    assert codes(answer) == ["on-hold"]
    assert expanded(answer)["total"] == 1
    assert expanded(answer)["parameter"] == [{"name": "filter", "valueString": words}]


async def test_words_that_nothing_means_give_an_empty_expansion(town: Town) -> None:
    found = expanded(await ask(town.ehr, "ValueSet/$expand", url=STATUSES, filter="nothing of the kind"))
    assert found["total"] == 0
    assert "contains" not in found


async def test_the_codes_of_a_need_come_with_their_words(town: Town) -> None:
    found = expanded(await ask(town.ehr, "ValueSet/$expand", url=FOOD))["contains"]
    assert found
    assert all(each["system"] and each["display"] for each in found)


@pytest.mark.parametrize(("name", "value"), [("count", "-1"), ("count", MARK), ("offset", "1.5"), ("offset", "1" * 10)])
async def test_a_number_is_a_whole_one(town: Town, name: str, value: str) -> None:
    answer = await ask(town.ehr, "ValueSet/$expand", url=STATUSES, **{name: value})
    refused(answer, 400, "value", rule="terminology-number", at=name)


async def test_what_is_not_known_is_not_there(town: Town) -> None:
    refused(await ask(town.ehr, "ValueSet/$expand", url=f"urn:{MARK}"), 404, "not-found", rule="value-set-unknown")
    refused(await ask(town.ehr, f"ValueSet/{MARK}/$expand"), 404, "not-found", rule="value-set-unknown")
    refused(await ask(town.ehr, "ValueSet/$expand"), 400, "required", rule="terminology-url", at="url")


async def test_half_an_expansion_is_none(town: Town) -> None:
    """It is told which system is missing."""
    issues = refused(await ask(town.ehr, "ValueSet/$expand", url=UNLISTED), 422, "not-supported")
    assert issues[0]["details"]["text"] == "value-set-unlisted"
    assert SNOMED in issues[0]["diagnostics"]


async def test_what_is_not_offered_is_said_and_not_passed_over(town: Town) -> None:
    for name in ("displayLanguage", "context", f"{MARK}:x"):
        answer = await ask(town.ehr, "ValueSet/$expand", **{"url": STATUSES, name: MARK})
        issues = refused(answer, 400, "not-supported", rule="operation-parameter")
        assert "valueSetVersion" in issues[0]["diagnostics"]
    twice = await town.ehr.http.get(f"/fhir/ValueSet/$expand?url={STATUSES}&url={STATUSES}")
    refused(twice, 400, "value", rule="operation-repeated", at="url")


async def test_a_body_asks_as_an_address_does(town: Town) -> None:
    url, count = {"name": "url", "valueUri": STATUSES}, {"name": "count", "valueInteger": 3}
    answer = await post(town.ehr, "ValueSet/$expand", url, count)
    assert codes(answer) == codes(await ask(town.ehr, "ValueSet/$expand", url=STATUSES, count="3"))
    assert len(codes(await post(town.ehr, f"ValueSet/$expand?url={STATUSES}", count))) == 3


async def test_xml_asks_and_answers(town: Town) -> None:
    body = f"""<Parameters xmlns="http://hl7.org/fhir"><parameter><name value="url"/><valueUri value="{STATUSES}"/>
        </parameter><parameter><name value="count"/><valueInteger value="1"/></parameter></Parameters>"""
    headers = {"Content-Type": "application/fhir+xml", "Accept": "application/fhir+xml"}
    answer = await town.ehr.http.post("/fhir/ValueSet/$expand", content=body, headers=headers)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("application/fhir+xml")
    assert '<ValueSet xmlns="http://hl7.org/fhir">' in answer.text
    assert answer.text.count("<contains>") == 1
    assert '<total value="12"/>' in answer.text


@pytest.mark.parametrize(
    "tree",
    [
        {"resourceType": "ValueSet"},
        {"resourceType": "Parameters", "parameter": {}},
        {"resourceType": "Parameters", "parameter": [MARK]},
        {"resourceType": "Parameters", "parameter": [{"valueUri": MARK}]},
        {"resourceType": "Parameters", "parameter": [{"name": "url"}]},
        {"resourceType": "Parameters", "parameter": [{"name": "valueSet", "resource": {"resourceType": "ValueSet"}}]},
    ],
)
async def test_a_body_that_says_nothing_is_refused(town: Town, tree: dict[str, Any]) -> None:
    headers = {"Content-Type": FHIR_JSON}
    refused(await town.ehr.http.post("/fhir/ValueSet/$expand", json=tree, headers=headers), 400, "structure")


async def test_codes_are_for_whose_scopes_have_value_sets(town: Town) -> None:
    narrow = await town.world.system(town.clinic, scopes="system/ValueSet.r")
    assert len(codes(await ask(narrow, "ValueSet/$expand", url=STATUSES))) == 12
    refused(await ask(narrow, "CodeSystem/$lookup", system=STATUS, code="ready"), 403, "forbidden", rule="scope")
    none = await town.world.system(town.clinic, scopes="system/Patient.r")
    refused(await ask(none, "ValueSet/$expand", url=STATUSES), 403, "forbidden", rule="scope")
    anonymous = await town.ehr.http.get(
        f"/fhir/ValueSet/$expand?url={STATUSES}", headers={"Authorization": "Bearer none"}
    )
    refused(anonymous, 401, "login")
