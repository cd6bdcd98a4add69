"""What an operation is called with: names that it does not know, bodies that are none. *Source*: R4 operations.html."""

from collections.abc import AsyncIterator

import pytest

from tests.api.answers import MARK, refused
from tests.town import Town
from tests.world import FHIR_JSON

JSON = {"Content-Type": FHIR_JSON}


@pytest.mark.parametrize(
    ("name", "at"),
    [("colour", ["colour"]), ("_since-when", []), ("a" * 65, []), (f"{MARK}.x", []), ("%C3%A9", []), ("", [])],
)
async def test_a_parameter_that_is_not_taken_is_named_where_it_has_a_name(town: Town, name: str, at: list[str]) -> None:
    answer = await town.ehr.get(f"Patient/$everything?_type=Patient&{name}=1")
    (issue,) = refused(answer, 400, "not-supported", rule="operation-parameter")
    assert issue.get("expression", []) == at


async def test_a_parameter_of_the_body_is_told_by_its_place(town: Town) -> None:
    listed = [{"name": "_type", "valueString": "Patient"}, {"name": MARK, "valueString": "x"}]
    body = {"resourceType": "Parameters", "parameter": listed}
    answer = await town.ehr.http.post("/fhir/Patient/$everything", json=body, headers=JSON)
    refused(answer, 400, "not-supported", rule="operation-parameter", at="Parameters.parameter[1].name")


async def nothing() -> AsyncIterator[bytes]:
    """A body in pieces, of which there is none."""
    for piece in ():
        yield piece


@pytest.mark.parametrize("address", ["Patient/$everything", "Patient/$meta", "$meta"])
async def test_an_empty_body_is_no_body(town: Town, address: str) -> None:
    for headers in (JSON, {}, {"Content-Type": "text/plain"}):
        for content in (b"", nothing()):
            answer = await town.ehr.http.post(f"/fhir/{address}", content=content, headers=headers)
            assert answer.status_code == 200, answer.text


async def test_a_body_that_says_nothing_of_itself_is_not_passed_over(town: Town) -> None:
    answer = await town.ehr.http.post("/fhir/Patient/$meta", content=b'{"resourceType":"Parameters"}')
    refused(answer, 415, "not-supported", rule="media-type")
