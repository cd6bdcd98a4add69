"""Conditional creates, updates and reads, ids that clients choose, and how much of a resource an answer holds."""

import asyncio
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any
from uuid import uuid4

import pytest

from app.services.requests import http_date
from tests.api.answers import MARK, refused, without_number
from tests.api.verbs import delete, op, patch, put
from tests.builders import entry, put_entry, resource, urn
from tests.town import Town
from tests.world import System

NOBODY = "0198c0de-0000-7000-8000-000000000000"


def identified(value: str, **changes: Any) -> dict[str, Any]:
    return resource("Patient", identifier=[{"system": "urn:s", "value": value}], **changes)


async def chooser(town: Town) -> System:
    return await town.world.system(town.clinic, may_assign_ids=True)


# conditional updates


async def test_a_conditional_update_creates_what_is_not_there_and_updates_what_is(town: Town) -> None:
    value = uuid4().hex
    address = f"Patient?identifier=urn:s|{value}"
    first = await put(town.ehr, address, identified(value, gender="male"))
    assert first.status_code == 201, first.text
    assert first.headers["location"].endswith(f"/fhir/Patient/{first.json()['id']}/_history/1")
    second = await put(town.ehr, address, identified(value, gender="female"))
    assert (second.status_code, second.json()["id"], second.headers["etag"]) == (200, first.json()["id"], 'W/"2"')
    assert second.json()["gender"] == "female"
    with_id = await put(town.ehr, address, identified(value, id=first.json()["id"]))
    assert with_id.status_code == 200
    refused(await put(town.ehr, address, identified(value, id=NOBODY)), 400, "invalid", rule="id-differs")
    refused(await put(town.ehr, address, identified(value, id=7)), 400, "value", rule="id-form")


async def test_a_conditional_update_of_several_is_refused(town: Town) -> None:
    """B35."""
    value = uuid4().hex
    for _ in range(2):
        await town.ehr.create(identified(value))
    refused(await put(town.ehr, f"Patient?identifier=urn:s|{value}", identified(value)), 412, "multiple-matches")


async def test_a_conditional_update_neither_finds_nor_hints_at_what_others_have(town: Town) -> None:
    value = uuid4().hex
    theirs = (await town.cbo.create(identified(value))).json()
    mine = await put(town.ehr, f"Patient?identifier=urn:s|{value}", identified(value))
    assert mine.status_code == 201
    assert (await town.cbo.get(f"Patient/{theirs['id']}")).json() == theirs


async def test_a_conditional_update_with_an_id_creates_for_who_may_choose(town: Town) -> None:
    value, name = uuid4().hex, f"p-{uuid4().hex[:8]}"
    address = f"Patient?identifier=urn:s|{value}"
    refused(await put(town.ehr, address, identified(value, id=name)), 400, "invalid", rule="id-assigned")
    made = await put(await chooser(town), address, identified(value, id=name))
    assert (made.status_code, made.json()["id"]) == (201, name)


async def test_a_conditional_update_by_id(town: Town) -> None:
    made = (await town.ehr.create(resource("Patient"))).json()
    answer = await put(town.ehr, f"Patient?_id={made['id']}", {**made, "gender": "other"})
    assert (answer.status_code, answer.headers["etag"]) == (200, 'W/"2"')


async def test_a_conditional_update_honours_if_match(town: Town) -> None:
    value = uuid4().hex
    address = f"Patient?identifier=urn:s|{value}"
    await put(town.ehr, address, identified(value))
    await put(town.ehr, address, identified(value))
    refused(await put(town.ehr, address, identified(value), **{"If-Match": 'W/"1"'}), 412, "conflict")
    assert (await put(town.ehr, address, identified(value), **{"If-Match": 'W/"2"'})).status_code == 200


@pytest.mark.parametrize(
    "condition",
    ["", f"{MARK}=x", f"name={MARK}", "identifier=", "identifier=novalue", "identifier=urn:s|", "identifier=a|1,a|2",
     "identifier=a|1&identifier=a|2", "identifier=a|1&_id=x", "_id=", "identifier:not=a|1", "_lastUpdated=gt2020"],
)  # fmt: skip
async def test_a_condition_is_one_identifier_or_one_id(town: Town, condition: str) -> None:
    """REL-04: never lenient, also for who prefers that."""
    answer = await put(town.ehr, f"Patient?{condition}", resource("Patient"), Prefer="handling=lenient")
    assert answer.status_code == 400, answer.text
    refused(answer, 400, answer.json()["issue"][0]["code"])


async def test_sixty_four_conditional_updates_make_one_resource(town: Town) -> None:
    """REL-03: each one ends in one and the same resource, whose versions they are."""
    for _ in range(2):
        value = uuid4().hex
        address = f"Patient?identifier=urn:s|{value}"
        answers = await asyncio.gather(*(put(town.ehr, address, identified(value)) for _ in range(64)))
        assert sorted(answer.status_code for answer in answers) == [200] * 63 + [201], [
            answer.text for answer in answers if answer.status_code > 201
        ][:3]
        assert len(await town.ehr.search(address)) == 1
        (made,) = {answer.json()["id"] for answer in answers}
        assert (await town.ehr.get(f"Patient/{made}")).headers["etag"] == 'W/"64"'


async def test_creates_and_updates_under_one_condition_make_one_resource(town: Town) -> None:
    value = uuid4().hex
    condition = f"identifier=urn:s|{value}"
    creates = [town.ehr.create(identified(value), **{"If-None-Exist": condition}) for _ in range(24)]
    updates = [put(town.ehr, f"Patient?{condition}", identified(value)) for _ in range(24)]
    answers = await asyncio.gather(*creates, *updates)
    assert sorted(answer.status_code for answer in answers).count(201) == 1
    assert {answer.status_code for answer in answers} == {200, 201}
    assert len(await town.ehr.search(f"Patient?{condition}")) == 1


async def test_conditions_need_a_scope_to_search(town: Town) -> None:
    """SCO-04, also where the resource is there: else it would tell so."""
    value = uuid4().hex
    await town.ehr.create(identified(value))
    blind = await town.world.system(town.clinic, scopes="system/Patient.crud")
    condition = f"identifier=urn:s|{value}"
    answers = [
        await blind.create(identified(value), **{"If-None-Exist": condition}),
        await put(blind, f"Patient?{condition}", identified(value)),
        await patch(blind, f"Patient?{condition}", op("add", "/active", True)),
        await delete(blind, f"Patient?{condition}"),
        await blind.bundle("transaction", [entry(identified(value), ifNoneExist=condition)]),
        await blind.bundle("transaction", [{"request": {"method": "DELETE", "url": f"Patient?{condition}"}}]),
    ]
    for answer in answers:
        refused(answer, 403, "forbidden", rule="scope")


# ids that clients choose


async def test_who_may_choose_ids_creates_by_an_update(town: Town) -> None:
    system, name = await chooser(town), f"p.{uuid4().hex}"
    tree = resource("Patient", id=name, gender="male")
    made = await system.update(tree)
    assert (made.status_code, made.json()["id"], made.headers["etag"]) == (201, name, 'W/"1"')
    assert made.headers["location"].endswith(f"/fhir/Patient/{name}/_history/1")
    assert (await system.update({**tree, "gender": "female"})).status_code == 200
    condition = await system.create(resource("Condition", subject=f"Patient/{name}"))
    assert condition.status_code == 201
    found = await system.search(f"Condition?patient={name}")
    assert [each["id"] for each in found] == [condition.json()["id"]]
    refused(await town.ehr.update(resource("Patient", id=f"p.{uuid4().hex}")), 404, "not-found")


async def test_an_id_that_another_member_has_cannot_be_had(town: Town) -> None:
    name = f"p.{uuid4().hex}"
    theirs = await town.world.system(town.pantry, may_assign_ids=True)
    assert (await theirs.update(resource("Patient", id=name))).status_code == 201
    mine = await (await chooser(town)).update(resource("Patient", id=name))
    refused(mine, 409, "conflict", rule="id-taken")
    assert (await theirs.get(f"Patient/{name}")).headers["etag"] == 'W/"1"'
    assert (await (await chooser(town)).update(resource("Location", id=name))).status_code == 201, "another type"


async def test_many_updates_under_a_new_id_make_one_resource(town: Town) -> None:
    system, name = await chooser(town), f"p.{uuid4().hex}"
    answers = await asyncio.gather(*(system.update(resource("Patient", id=name)) for _ in range(20)))
    assert sorted(answer.status_code for answer in answers) == [200] * 19 + [201]
    once = f"p.{uuid4().hex}"
    answers = await asyncio.gather(
        *(system.update(resource("Patient", id=once), **{"If-None-Match": "*"}) for _ in range(20))
    )
    assert sorted(answer.status_code for answer in answers) == [201] + [412] * 19


async def test_who_may_choose_ids_brings_back_what_was_deleted(town: Town) -> None:
    system, name = await chooser(town), f"p.{uuid4().hex}"
    await system.update(resource("Patient", id=name, name=[{"family": name}]))
    await delete(system, f"Patient/{name}")
    refused(await town.ehr.update(resource("Patient", id=name)), 410, "deleted")
    back = await system.update(resource("Patient", id=name, name=[{"family": name}]))
    assert (back.status_code, back.headers["etag"]) == (201, 'W/"3"')
    assert len(await system.search(f"Patient?name={name}")) == 1
    history = (await system.get(f"Patient/{name}/_history")).json()
    assert [each["request"]["method"] for each in history["entry"]] == ["PUT", "DELETE", "POST"]


@pytest.mark.parametrize("name", ["a" * 65, "a/b", "abc\n", "a b", ""])
async def test_a_chosen_id_is_an_id(town: Town, name: str) -> None:
    """B03."""
    answer = await put(await chooser(town), "Patient/x1", resource("Patient", id=name))
    refused(answer, 400, answer.json()["issue"][0]["code"])
    answer = await put(await chooser(town), f"Patient?_id={uuid4()}", resource("Patient", id=name))
    refused(answer, 400, "value")


async def test_chosen_ids_in_a_transaction(town: Town) -> None:
    system, person, name = await chooser(town), f"p.{uuid4().hex}", urn()
    entries = [
        entry(resource("Condition", subject=f"Patient/{person}"), name),
        put_entry(resource("Patient", id=person)),
    ]
    answer = await system.bundle("transaction", entries)
    assert [each["response"]["status"][:3] for each in answer.json()["entry"]] == ["201", "201"], answer.text
    refused(await town.ehr.bundle("transaction", [put_entry(resource("Patient", id=uuid4().hex))]), 404, "not-found")


# reads by version and time


async def test_who_has_a_version_need_not_read_it_again(town: Town) -> None:
    made = await town.ehr.create(resource("Patient"))
    address, etag = f"/fhir/Patient/{made.json()['id']}", made.headers["etag"]
    http = town.ehr.http
    for tags in (etag, '"1"', f'W/"7", {etag}', "*"):
        answer = await http.get(address, headers={"If-None-Match": tags})
        assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", etag), tags
    for tags in ('W/"2"', '"x"', 'W/"11"'):
        assert (await http.get(address, headers={"If-None-Match": tags})).status_code == 200, tags
    refused(await http.get(address, headers={"If-None-Match": MARK}), 400, "value", rule="if-none-match")
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
