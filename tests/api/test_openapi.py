"""The OpenAPI document and the page: what they tell of can be called, and what can be called they tell of."""

import httpx

from tests.api.answers import outcome_issues
from tests.town import Town

METHODS = {"get", "post", "put", "patch", "delete"}


async def test_each_route_that_is_told_of_is_there(town: Town) -> None:
    """Called without what it needs, it says so; never that there is no such address or method."""
    paths = (await town.ehr.http.get("/openapi.json")).json()["paths"]
    called = 0
    for address, methods in paths.items():
        if "Location" not in address and address.count("/") > 1 and "$" not in address:
            continue  # one type stands for all
        for method in METHODS & set(methods):
            where = address.replace("{type}", "Location").replace("{id}", "nobody").replace("{version}", "1")
            answer = await town.ehr.http.request(method, f"/fhir{where}".rstrip("/"))
            rules = {issue["details"]["text"] for issue in outcome_issues(answer.json())} if answer.is_error else set()
            assert not rules & {"address", "method", "interaction", "operation", "type-not-served"}, (method, address)
            called += 1
    assert called > 20


async def test_it_tells_of_all_that_the_statement_promises(town: Town) -> None:
    paths = (await town.ehr.http.get("/openapi.json")).json()["paths"]
    statement = (await town.ehr.get("metadata")).json()["rest"][0]
    addresses = {
        "read": ("get", "/{}/{{id}}"), "vread": ("get", "/{}/{{id}}/_history/{{version}}"), "create": ("post", "/{}"),
        "update": ("put", "/{}/{{id}}"), "patch": ("patch", "/{}/{{id}}"), "delete": ("delete", "/{}/{{id}}"),
        "history-instance": ("get", "/{}/{{id}}/_history"), "history-type": ("get", "/{}/_history"),
        "search-type": ("get", "/{}"),
    }  # fmt: skip
    for resource in statement["resource"]:
        for interaction in resource["interaction"]:
            method, address = addresses[interaction["code"]]
            assert method in paths[address.format(resource["type"])]
        told = {each["name"] for each in paths[f"/{resource['type']}"]["get"]["parameters"]}
        assert {each["name"] for each in resource["searchParam"]} <= told
        for operation in resource.get("operation", ()):
            assert any(address.endswith(f"${operation['name']}") for address in paths)
    assert "put" not in paths["/Provenance/{id}"]
    assert "/Subscription" not in paths


async def test_its_names_are_single_and_its_parameters_are_told(town: Town) -> None:
    document = (await town.ehr.http.get("/openapi.json")).json()
    operations = [(address, each) for address, methods in document["paths"].items() for each in methods.values()]
    names = [each["operationId"] for _, each in operations if "operationId" in each]
    assert len(names) == len(set(names)) > 200
    for address, each in operations:
        in_path = {told["name"] for told in each.get("parameters", ()) if told["in"] == "path"}
        assert in_path == {part[1:-1] for part in address.split("/") if part.startswith("{")}, address


async def test_everybody_may_read_about_it(town: Town) -> None:
    async with httpx.AsyncClient(base_url=town.world.address) as anybody:
        document, page = await anybody.get("/openapi.json"), await anybody.get("/docs")
    assert (document.status_code, document.headers["Access-Control-Allow-Origin"]) == (200, "*")
    assert page.status_code == 200
    assert "us-core-ethnicity" in page.text
