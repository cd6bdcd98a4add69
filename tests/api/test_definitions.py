"""ValueSet and CodeSystem: read and searched by everybody, written by nobody.

*Source*: R4 valueset.html, codesystem.html, terminology-service.html.
"""

from typing import Any

import pytest

from tests.api.answers import refused
from tests.api.test_terminology import FOOD, STATUS, STATUSES
from tests.api.verbs import delete, op, patch, put
from tests.town import Town
from tests.world import FHIR_JSON

TYPES = ("ValueSet", "CodeSystem")
OFFERED = {"ValueSet": {"expand", "validate-code"}, "CodeSystem": {"lookup"}}


@pytest.mark.parametrize(("type_name", "url"), [("ValueSet", STATUSES), ("ValueSet", FOOD), ("CodeSystem", STATUS)])
async def test_a_definition_is_found_by_its_address_and_read_by_its_id(town: Town, type_name: str, url: str) -> None:
    """Ben sees what Ana sees: it tells nothing about anybody."""
    (found,) = await town.ehr.search(f"{type_name}?url={url}")
    assert found["url"] == url
    for system in (town.ehr, town.other_cbo):
        answer = await system.get(f"{type_name}/{found['id']}")
        assert (answer.status_code, answer.json()) == (200, found)


async def test_what_is_read_says_what_it_holds(town: Town) -> None:
    (values,) = await town.ehr.search(f"ValueSet?url={STATUSES}")
    assert values["compose"]["include"][0]["system"] == STATUS
    (system,) = await town.ehr.search(f"CodeSystem?url={STATUS}")
    assert (system["content"], system["status"]) == ("complete", "active")
    assert {"code": "ready", "display": "Ready"} in system["concept"]


async def test_a_definition_has_no_versions_to_tell(town: Town) -> None:
    """R4 http.html#versions: who does not version a type leaves meta.versionId out."""
    for type_name, url in (("ValueSet", STATUSES), ("CodeSystem", STATUS)):
        (found,) = await town.ehr.search(f"{type_name}?url={url}")
        assert set(found["meta"]) == {"lastUpdated"}
        assert list(found)[:3] == ["resourceType", "id", "meta"]


async def test_an_address_with_a_version_finds_that_one(town: Town) -> None:
    """R4 search.html, 3.1.1.4.9."""
    for type_name, url in (("ValueSet", STATUSES), ("CodeSystem", STATUS)):
        (found,) = await town.ehr.search(f"{type_name}?url={url}|4.0.1")
        assert (found["url"], found["version"]) == (url, "4.0.1")
        for other in (f"{url}|4", f"{url}|", f"{url}|4.0.1|", "|4.0.1"):
            assert await town.ehr.search(f"{type_name}?url={other}") == []


@pytest.mark.parametrize("type_name", TYPES)
async def test_all_of_them_come_page_by_page(town: Town, type_name: str) -> None:
    address, seen, total = f"/fhir/{type_name}?_count=100&_elements=url&_total=accurate", list[str](), set[int]()
    while address:
        answer = await town.ehr.http.get(address)
        assert answer.status_code == 200, answer.text
        seen += [each["resource"]["url"] for each in answer.json()["entry"]]
        total.add(answer.json()["total"])
        address = next((link["url"] for link in answer.json()["link"] if link["relation"] == "next"), "")
    assert len(seen) == len(set(seen))
    assert total == {len(seen)}
    assert seen == sorted(seen)


async def test_they_are_searched_by_title_version_and_status(town: Town) -> None:
    by_title = await town.ehr.search("ValueSet?title:contains=food insecurity&_count=50")
    assert FOOD in {each["url"] for each in by_title}
    assert [each["url"] for each in await town.ehr.search(f"ValueSet?url={STATUSES}&version=4.0.1&status=active")]
    for other in ("version=3", "status=draft", "title=nothing of the kind"):
        assert await town.ehr.search(f"ValueSet?url={STATUSES}&{other}") == []


@pytest.mark.parametrize("type_name", TYPES)
async def test_nobody_writes_a_definition(town: Town, type_name: str) -> None:
    (there, *_) = await town.ehr.search(f"{type_name}?_count=1")
    tree: dict[str, Any] = {"resourceType": type_name, "url": "urn:x", "status": "active", "content": "complete"}
    refused(await town.ehr.create(tree), 405, "not-supported")
    refused(await put(town.ehr, f"{type_name}/{there['id']}", there), 405, "not-supported")
    refused(await patch(town.ehr, f"{type_name}/{there['id']}", op("add", "/title", "x")), 405, "not-supported")
    refused(await delete(town.ehr, f"{type_name}/{there['id']}"), 405, "not-supported")
    entry = {"resource": tree, "request": {"method": "POST", "url": type_name}}
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": [entry]}
    answer = await town.ehr.http.post("/fhir", json=bundle, headers={"Content-Type": FHIR_JSON})
    assert answer.status_code in (400, 405), answer.text


async def test_a_definition_that_is_not_there_is_not_found(town: Town) -> None:
    for type_name in TYPES:
        missing = f"{type_name}/0198c0de-0000-7000-8000-00000000dead"
        refused(await town.ehr.get(missing), 404, "not-found", rule="not-found")


async def test_the_statement_lists_what_can_be_asked(town: Town) -> None:
    (rest,) = (await town.ehr.get("metadata")).json()["rest"]
    listed = {each["type"]: each for each in rest["resource"]}
    for type_name, names in OFFERED.items():
        told = listed[type_name]
        assert {each["code"] for each in told["interaction"]} == {"read", "search-type"}
        assert names <= {each["name"] for each in told["operation"]}
        assert {"url", "title", "version", "status"} <= {each["name"] for each in told["searchParam"]}
    definitions = {each["name"]: each["definition"] for each in listed["ValueSet"]["operation"]}
    assert definitions["expand"] == "http://hl7.org/fhir/OperationDefinition/ValueSet-expand"


async def test_definitions_are_for_whose_scopes_have_them(town: Town) -> None:
    narrow = await town.world.system(town.clinic, scopes="system/ValueSet.s")
    (found,) = await narrow.search(f"ValueSet?url={STATUSES}")
    refused(await narrow.get(f"ValueSet/{found['id']}"), 403, "forbidden", rule="scope")
    refused(await narrow.get(f"CodeSystem?url={STATUS}"), 403, "forbidden", rule="scope")
