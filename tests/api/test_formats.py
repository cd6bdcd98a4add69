"""Formats: every answer leaves as the client asks for it, in JSON or XML, pretty or not, with or without its body."""

from typing import Any

import httpx
import pytest

from app.fhir import json, xml
from app.fhir.subset import SUBSETTED
from tests.api.answers import MARK, outcome_issues, refused
from tests.builders import resource
from tests.town import Town
from tests.world import FHIR_JSON

FHIR_XML = "application/fhir+xml"
PNG = bytes(range(256))


async def get(town: Town, address: str, accept: str | None = None, method: str = "GET") -> httpx.Response:
    request = town.ehr.http.build_request(method, f"/fhir/{address}")
    del request.headers["accept"]
    if accept is not None:
        request.headers["Accept"] = accept
    return await town.ehr.http.send(request)


def kind(answer: httpx.Response) -> str:
    return answer.headers["content-type"].split(";")[0]


async def a_patient(town: Town) -> dict[str, Any]:
    made: dict[str, Any] = (await town.ehr.create(resource("Patient", name=[{"family": "f"}]))).json()
    return made


@pytest.mark.parametrize(
    ("accept", "written"),
    [
        (None, FHIR_JSON),
        ("", FHIR_JSON),
        ("*/*", FHIR_JSON),
        ("application/*", FHIR_JSON),
        ("application/fhir+json", FHIR_JSON),
        ("APPLICATION/FHIR+JSON", FHIR_JSON),
        ("application/json", "application/json"),
        ("text/json", "text/json"),
        ("application/fhir+xml", FHIR_XML),
        ("application/xml", "application/xml"),
        ("text/xml", "text/xml"),
        ("application/fhir+xml, application/fhir+json", FHIR_XML),
        ("application/fhir+json, application/fhir+xml", FHIR_JSON),
        ("application/fhir+json;q=0.5, application/fhir+xml;q=0.6", FHIR_XML),
        ("application/fhir+xml;q=0, */*;q=0.1", FHIR_JSON),
        ("application/fhir+xml, */*", FHIR_XML),
        ("text/html, application/xhtml+xml, application/xml;q=0.9, */*;q=0.8", "application/xml"),
        ("text/html, application/fhir+json;q=2, application/fhir+xml;q=0.001", FHIR_XML),
        ("application/fhir+xml; charset=utf-8", FHIR_XML),
        ("application/fhir+xml; fhirVersion=4.0", FHIR_XML),
        ("application/fhir+xml; fhirVersion=3.0, application/fhir+json; fhirVersion=4.0", FHIR_JSON),
        (", ".join(["text/x"] * 30 + [FHIR_XML]), FHIR_XML),
    ],
)
async def test_the_format_is_the_one_that_the_client_likes_best(town: Town, accept: str | None, written: str) -> None:
    for address in ("metadata", "Patient?_count=1"):
        answer = await get(town, address, accept)
        assert (answer.status_code, kind(answer)) == (200, written), address
        assert answer.headers["vary"] == "accept"
        read = xml.parse if written.endswith("xml") else json.parse
        assert read(answer.content)["resourceType"] in ("Bundle", "CapabilityStatement")


@pytest.mark.parametrize(
    "accept",
    ["text/html", "image/png, text/plain", "application/fhir+turtle", "application/fhir+json;q=0", "*/*;q=0", "application/fhir+json;q=x",
     "application/fhir+json;fhirVersion=5.0", "application/fhir+xml;charset=utf-16", MARK, ",".join(["text/x"] * 500)],
)  # fmt: skip
async def test_what_is_not_written_here_is_406(town: Town, accept: str) -> None:
    """A23; the refusal itself is JSON."""
    refused(await get(town, "metadata", accept), 406, "not-supported")
    refused(await get(town, "Patient", accept), 406, "not-supported")


@pytest.mark.parametrize("version", ["application/fhir+json;fhirVersion=4.0", "application/fhir+xml; fhirVersion=4.0"])
async def test_who_names_the_version_is_told_the_version(town: Town, version: str) -> None:
    answer = await get(town, "metadata", version)
    assert "fhirVersion=4.0" in answer.headers["content-type"]
    assert "fhirVersion" not in (await get(town, "metadata", "*/*")).headers["content-type"]


@pytest.mark.parametrize(
    ("wanted", "written"),
    [
        ("json", FHIR_JSON),
        ("xml", FHIR_XML),
        ("application/fhir%2Bxml", FHIR_XML),
        ("application/fhir+xml", FHIR_XML),
        ("application/json", "application/json"),
        ("text/xml", "text/xml"),
        ("application/fhir%2Bxml;%20fhirVersion=4.0", FHIR_XML),
    ],
)
async def test_format_outweighs_accept(town: Town, wanted: str, written: str) -> None:
    for accept in ("text/html", "application/json", "application/xml"):
        answer = await get(town, f"Patient?_count=1&_format={wanted}", accept)
        assert (answer.status_code, kind(answer)) == (200, written)


@pytest.mark.parametrize("wanted", [MARK, "ttl", "html", "text/html", "application/fhir+json;fhirVersion=3.0"])
async def test_a_format_that_is_none_is_406_whatever_accept_says(town: Town, wanted: str) -> None:
    refused(await get(town, f"Patient?_format={wanted}", FHIR_JSON), 406, "not-supported")


async def test_the_same_resource_stands_in_both_formats(town: Town) -> None:
    made = await a_patient(town)
    as_xml, as_json = [await get(town, f"Patient/{made['id']}", accept) for accept in (FHIR_XML, FHIR_JSON)]
    assert xml.parse(as_xml.content) == json.parse(as_json.content) == made
    assert as_xml.headers["etag"] == as_json.headers["etag"] == 'W/"1"'
    assert as_xml.headers["last-modified"] == as_json.headers["last-modified"]


async def test_every_served_example_is_searched_in_both_formats(town: Town) -> None:
    await a_patient(town)
    as_xml, as_json = [await get(town, "Patient?_count=50", accept) for accept in (FHIR_XML, FHIR_JSON)]
    assert xml.parse(as_xml.content)["entry"] == json.parse(as_json.content)["entry"]


async def test_refusals_leave_in_the_format_that_was_asked_for(town: Town) -> None:
    addresses = {"Patient/0198c0de-0000-7000-8000-000000000000": 404, "Nothing/1": 404, "Patient//1": 404,
                 "Patient?_count=abc": 400, f"Patient/{'a' * 65}": 400, "Patient?%ff=1": 400, f"Patient?name={'a' * 9000}": 414}  # fmt: skip
    for address, status in addresses.items():
        answer = await get(town, address, FHIR_XML)
        assert (answer.status_code, kind(answer)) == (status, FHIR_XML), address
        assert outcome_issues(xml.parse(answer.content))


@pytest.mark.parametrize(
    ("form", "written"),
    [
        (b"name=a&_format=xml", FHIR_XML),
        (b"name:bad=1&_format=xml", FHIR_XML),
        (b"_format=xml&_count=abc", FHIR_XML),
        (b"_format=xml&name=J%FCrgen", FHIR_XML),
        (b"_format=xml&name=J\xfcrgen", FHIR_XML),
        (b"_format=xml&name=a%00", FHIR_JSON),
        (b"_format=xml" + b"&name=a" * 100, FHIR_JSON),
    ],
)
async def test_a_form_says_the_format_of_its_answer_and_of_its_refusal(town: Town, form: bytes, written: str) -> None:
    """Of one that cannot be taken apart, nothing is believed."""
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = await town.ehr.http.post("/fhir/Patient/_search", content=form, headers=headers)
    assert answer.status_code in (200, 400), answer.text
    assert kind(answer) == written


async def test_a_form_that_asks_for_no_format_of_ours_is_406(town: Town) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = await town.ehr.http.post("/fhir/Patient/_search", content=f"_format={MARK}", headers=headers)
    refused(answer, 406, "not-supported", rule="format")


async def test_nobody_is_asked_to_sign_in_in_xml_too(town: Town) -> None:
    answer = await httpx.AsyncClient().get(f"{town.world.address}/fhir/Patient", headers={"Accept": FHIR_XML})
    assert (answer.status_code, kind(answer)) == (401, FHIR_XML)
    assert outcome_issues(xml.parse(answer.content))[0]["code"] == "login"


@pytest.mark.parametrize("accept", [FHIR_JSON, FHIR_XML])
async def test_pretty_is_the_same_on_many_lines(town: Town, accept: str) -> None:
    made = await a_patient(town)
    read = xml.parse if accept == FHIR_XML else json.parse
    plain, pretty = [await get(town, f"Patient/{made['id']}?_pretty={word}", accept) for word in ("false", "true")]
    assert read(plain.content) == read(pretty.content) == made
    assert plain.text.count("\n") == 0 < 5 < pretty.text.count("\n")
    refused(await get(town, f"Patient/{made['id']}?_pretty={MARK}", FHIR_JSON), 400, "value", rule="pretty")


@pytest.mark.parametrize("accept", [FHIR_JSON, FHIR_XML])
async def test_head_has_the_headers_of_get_and_no_body(town: Town, accept: str) -> None:
    whole, head = [await get(town, "metadata", accept, method) for method in ("GET", "HEAD")]
    assert head.content == b""
    same = ("content-length", "content-type", "etag", "vary", "x-content-type-options")
    assert [head.headers[name] for name in same] == [whole.headers[name] for name in same]


async def test_metadata_has_an_etag_for_each_format(town: Town) -> None:
    tags = [(await get(town, f"metadata?{more}")).headers["etag"] for more in ("", "_format=xml", "_pretty=true")]
    assert len(set(tags)) == 3
    headers = {"If-None-Match": tags[1]}
    known = await town.ehr.http.get("/fhir/metadata?_format=xml", headers=headers)
    assert (known.status_code, known.content, known.headers["etag"]) == (304, b"", tags[1])
    assert (await town.ehr.http.get("/fhir/metadata", headers=headers)).status_code == 200


async def a_binary(town: Town, media_type: str, content: bytes) -> str:
    answer = await town.ehr.http.post("/fhir/Binary", content=content, headers={"Content-Type": media_type})
    assert answer.status_code == 201, answer.text
    made = answer.json()
    assert (made["resourceType"], made["contentType"]) == ("Binary", media_type)
    return str(made["id"])


@pytest.mark.parametrize(
    "accept", ["*/*", "image/png", "image/*", None, "text/html, image/png;q=0.1", "application/json, */*;q=0.1"]
)
async def test_a_binary_is_given_back_as_the_bytes_it_was(town: Town, accept: str | None) -> None:
    id_ = await a_binary(town, "image/png", PNG)
    for address in (f"Binary/{id_}", f"Binary/{id_}/_history/1"):
        answer = await get(town, address, accept)
        assert (answer.status_code, answer.headers["content-type"], answer.content) == (200, "image/png", PNG)
        assert answer.headers["etag"] == 'W/"1"'


@pytest.mark.parametrize("accept", [FHIR_JSON, FHIR_XML, "application/json", f"{FHIR_JSON};q=0.1, image/png"])
async def test_a_binary_is_a_resource_for_those_who_ask_for_fhir(town: Town, accept: str) -> None:
    id_ = await a_binary(town, "image/png", PNG)
    answer = await get(town, f"Binary/{id_}", accept)
    tree = (xml.parse if accept == FHIR_XML else json.parse)(answer.content)
    assert (tree["resourceType"], tree["contentType"]) == ("Binary", "image/png")
    assert kind(await get(town, f"Binary/{id_}?_format=xml", "image/png")) == FHIR_XML


@pytest.mark.parametrize("address", ["Binary", "Binary/_history", "Binary/{id}/_history", "Binary/{id}?_summary=true"])
async def test_what_is_more_or_less_than_a_binary_is_fhir(town: Town, address: str) -> None:
    id_ = await a_binary(town, "image/png", PNG)
    answer = await get(town, address.format(id=id_), "*/*")
    assert (answer.status_code, kind(answer)) == (200, FHIR_JSON)
    assert answer.json()["resourceType"] in ("Binary", "Bundle")


async def test_a_part_of_a_resource_is_tagged_in_both_formats(town: Town) -> None:
    made = await a_patient(town)
    for accept, read in ((FHIR_JSON, json.parse), (FHIR_XML, xml.parse)):
        one = read((await get(town, f"Patient/{made['id']}?_elements=birthDate", accept)).content)
        (found,) = read((await get(town, f"Patient?_id={made['id']}&_summary=data", accept)).content)["entry"]
        assert one["meta"]["tag"] == found["resource"]["meta"]["tag"] == [{**SUBSETTED}]
        assert "name" not in one
        assert "name" in found["resource"]


async def test_a_search_may_ask_for_the_count_alone(town: Town) -> None:
    made = await a_patient(town)
    answer = (await get(town, f"Patient?_id={made['id']}&_summary=count", FHIR_JSON)).json()
    assert (answer["total"], answer.get("entry")) == (1, None)
    refused(await get(town, f"Patient/{made['id']}?_summary=count"), 400, "value", rule="summary-count")


@pytest.mark.parametrize("query", [f"_summary={MARK}", f"_elements={MARK}", "_summary=true&_elements=id"])
async def test_a_part_that_r4_does_not_know_is_refused(town: Town, query: str) -> None:
    made = await a_patient(town)
    refused(await get(town, f"Patient/{made['id']}?{query}"), 400, "value")
    refused(await get(town, f"Patient?{query}"), 400, "value")


async def test_a_binary_of_a_type_that_is_not_taken_is_406(town: Town) -> None:
    id_ = await a_binary(town, "image/png", PNG)
    refused(await get(town, f"Binary/{id_}", "text/plain"), 406, "not-supported")
    refused(await get(town, "Binary/0198c0de-0000-7000-8000-000000000000", "image/png"), 404, "not-found")


@pytest.mark.parametrize(
    "media_type", ["text/html", "image/svg+xml", "application/xhtml+xml;charset=utf-8", "text/javascript"]
)
async def test_a_browser_runs_nothing_of_a_binary(town: Town, media_type: str) -> None:
    id_ = await a_binary(town, media_type, b"<script>alert(1)</script>")
    answer = await get(town, f"Binary/{id_}", "*/*")
    assert answer.headers["content-disposition"] == "attachment"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in answer.headers["content-security-policy"]


async def test_a_binary_is_changed_by_its_bytes(town: Town) -> None:
    id_ = await a_binary(town, "image/png", PNG)
    headers = {"Content-Type": "text/plain;charset=utf-8", "Accept": FHIR_JSON}
    answer = await town.ehr.http.put(f"/fhir/Binary/{id_}", content=b"hello", headers=headers)
    assert answer.status_code == 200, answer.text
    assert (await get(town, f"Binary/{id_}", "*/*")).content == b"hello"


@pytest.mark.parametrize("media_type", ["", "png", "image/png\t; a=b", f"image/{'x' * 300}", "image/png; a=\u00e9"])
async def test_bytes_without_a_media_type_are_no_binary(town: Town, media_type: str) -> None:
    headers = {"Content-Type": media_type.encode()}
    refused(await town.ehr.http.post("/fhir/Binary", content=b"x", headers=headers), 415, "not-supported")


async def test_only_a_binary_takes_bytes(town: Town) -> None:
    headers = {"Content-Type": "image/png"}
    refused(await town.ehr.http.post("/fhir/Patient", content=PNG, headers=headers), 415, "not-supported")
    refused(await town.ehr.http.post("/fhir/Binary", content=b"", headers=headers), 400, "structure")
