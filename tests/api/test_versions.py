"""Reads by version and time, HEAD, and how much of a resource an answer holds."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from uuid import uuid4

import pytest

from app.services.requests import http_date
from tests.api.answers import MARK, refused, without_number
from tests.api.verbs import identified, op, patch
from tests.builders import resource
from tests.town import Town

NOBODY = "0198c0de-0000-7000-8000-000000000000"


async def test_who_has_a_version_need_not_read_it_again(town: Town) -> None:
    made = await town.ehr.create(resource("Patient"))
    address, etag = f"/fhir/Patient/{made.json()['id']}", made.headers["etag"]
    http = town.ehr.http
    for tags in (etag, '"1"', f'W/"7", {etag}', "*"):
        answer = await http.get(address, headers={"If-None-Match": tags})
        assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", etag), tags
    for tags in ('W/"2"', '"x"', 'W/"11"', "1", "1, *", MARK):
        assert (await http.get(address, headers={"If-None-Match": tags})).status_code == 200, tags
    version = await http.get(f"{address}/_history/1", headers={"If-None-Match": etag})
    assert version.status_code == 304


async def test_who_read_it_lately_need_not_read_it_again(town: Town) -> None:
    made = await town.ehr.create(resource("Patient"))
    address, modified = f"/fhir/Patient/{made.json()['id']}", made.headers["last-modified"]
    http = town.ehr.http
    assert (await http.get(address, headers={"If-Modified-Since": modified})).status_code == 304
    later = format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)
    assert (await http.get(address, headers={"If-Modified-Since": later})).status_code == 304
    for before in ("Mon, 01 Jan 2001 00:00:00 GMT", "yesterday", "", "Mon, 01 Jan 99999 00:00:00 GMT"):
        assert (await http.get(address, headers={"If-Modified-Since": before})).status_code == 200, before
    both = {"If-Modified-Since": later, "If-None-Match": 'W/"9"'}
    assert (await http.get(address, headers=both)).status_code == 200, "the tag outweighs the time"


async def test_hidden_is_missing_whatever_one_claims_to_have(town: Town) -> None:
    hidden = (await town.cbo.create(resource("Patient"))).json()["id"]
    answers = [
        await town.ehr.http.get(f"/fhir/Patient/{id}", headers={"If-None-Match": "*"}) for id in (hidden, NOBODY)
    ]
    refused(answers[0], 404, "not-found")
    assert without_number(answers[0]) == without_number(answers[1])


async def test_an_update_that_must_be_the_first_is_refused_when_it_is_not(town: Town) -> None:
    made = (await town.ehr.create(resource("Patient"))).json()
    refused(await town.ehr.update(made, **{"If-None-Match": "*"}), 412, "conflict", rule="version-exists")
    refused(await town.ehr.update(made, **{"If-None-Match": 'W/"1"'}), 412, "conflict")
    refused(await town.ehr.update(made, **{"If-None-Match": "x"}), 400, "value")
    assert (await town.ehr.update(made, **{"If-None-Match": 'W/"7"'})).status_code == 200


async def test_a_head_is_a_read_without_its_body(town: Town) -> None:
    made = await town.ehr.create(resource("Patient"))
    id = made.json()["id"]
    for address in (f"Patient/{id}", f"Patient/{id}/_history/1", f"Patient?_id={id}", f"Patient/{id}/_history"):
        head, get = await town.ehr.http.head(f"/fhir/{address}"), await town.ehr.get(address)
        assert (head.status_code, head.content) == (200, b""), address
        for name in ("etag", "last-modified", "content-type"):
            assert head.headers.get(name) == get.headers.get(name), (address, name)
    assert (await town.ehr.http.head(f"/fhir/Patient/{NOBODY}")).status_code == 404


@pytest.mark.parametrize("month", range(1, 13))
def test_times_in_headers_are_in_english(month: int) -> None:
    moment = datetime(2026, month, 3, 4, 5, 6, tzinfo=UTC)
    assert http_date(moment) == format_datetime(moment, usegmt=True)


# Prefer


async def test_an_answer_holds_as_much_as_is_preferred(town: Town) -> None:
    for wanted, kind in (("minimal", None), ("representation", "Patient"), ("OperationOutcome", "OperationOutcome"),
                         ("nonsense", "Patient"), ("", "Patient")):  # fmt: skip
        preferred = {"Prefer": f"return={wanted}"}
        made = await town.ehr.create(resource("Patient"), **preferred)
        where = made.headers["location"].split("/")[-3]
        answers = [
            made,
            await town.ehr.update(resource("Patient", id=where), **preferred),
            await patch(town.ehr, f"Patient/{where}", op("add", "/active", True), **preferred),
        ]
        assert [answer.status_code for answer in answers] == [201, 200, 200]
        for answer in answers:
            assert (answer.json()["resourceType"] if answer.content else None) == kind, wanted
            assert answer.headers["etag"]
            assert answer.headers["last-modified"]


@pytest.mark.parametrize(
    "text",
    ["return=minimal", "handling=strict, return=minimal", 'return="minimal"', "RETURN=minimal", "return=minimal; x=y",
     "return = minimal", "return=minimal, return=representation"],
)  # fmt: skip
async def test_a_preference_is_read_as_http_writes_it(town: Town, text: str) -> None:
    assert (await town.ehr.create(resource("Patient"), Prefer=text)).content == b""


async def test_a_scope_to_write_is_none_to_read(town: Town) -> None:
    """SCO-02."""
    writer = await town.world.system(town.clinic, scopes="system/Patient.cus")
    value = uuid4().hex
    condition = f"identifier=urn:s|{value}"
    for _ in range(2):
        answer = await writer.create(
            identified(value), **{"If-None-Exist": condition, "Prefer": "return=representation"}
        )
        assert answer.content == b""
        assert answer.headers["location"]
    where = answer.headers["location"].split("/")[-3]
    assert (await writer.update(identified(value, id=where))).content == b""
    assert (await patch(writer, f"Patient/{where}", op("add", "/active", True))).content == b""
    refused(await writer.get(f"Patient/{where}"), 403, "forbidden")
