"""Bundles: a transaction is done whole or not at all, a batch each entry by itself."""

from typing import Any
from uuid import uuid4

import pytest

from tests.api.answers import MARK, outcome_issues, refused
from tests.builders import entry, put_entry, refer, reference, referral, resource, urn
from tests.town import Town

# what a refused write may add: what was tried, the tokens' own bookkeeping
NOT_COUNTED = frozenset({"audit", "access_token", "client_assertion"})


async def every_table(town: Town) -> dict[str, int]:
    """Rows of every table, with the context of every member."""
    names = await town.world.rows(
        "SELECT c.relname FROM pg_class c WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace "
        "AND NOT c.relispartition"
    )
    counts = {}
    for name in sorted({row["relname"] for row in names} - NOT_COUNTED - {"alembic_version"}):
        (row,) = await town.world.rows(f"SELECT count(*) AS n FROM {name}")  # noqa: S608
        counts[name] = row["n"]
    return counts


def fifty(town: Town, bad: dict[str, Any], place: int) -> list[dict[str, Any]]:
    entries = [each for _ in range(9) for each in referral(town.platform, town.pantry)][:50]
    return [*entries[:place], entry(bad), *entries[place:49]]


@pytest.mark.parametrize("place", [0, 31, 49])
@pytest.mark.parametrize(
    ("bad", "status", "code"),
    [
        pytest.param(resource("Patient", gender=MARK), 400, "code-invalid", id="a code"),
        pytest.param(resource("Patient", gendr=MARK), 400, "structure", id="an element"),
        pytest.param(resource("Condition", subject=f"Patient/{uuid4()}"), 422, "not-found", id="a reference"),
        pytest.param(resource("Task", status="completed", for_=reference("Patient/x")), 422, "not-found", id="a Task"),
    ],
)
async def test_one_bad_entry_of_fifty_leaves_nothing(
    town: Town, place: int, bad: dict[str, Any], status: int, code: str
) -> None:
    """B19."""
    before = await every_table(town)
    assert before["resource"] >= 4
    assert {"version", "index_token", "index_task", "participation", "event", "delivery", "referral"} <= before.keys()
    answer = await town.ehr.bundle("transaction", fifty(town, bad, place))
    issues = refused(answer, status, code)
    assert all(each["expression"][0].startswith(f"Bundle.entry[{place}].resource") for each in issues)
    assert await every_table(town) == before


async def test_an_illegal_status_in_a_transaction_leaves_nothing(town: Town) -> None:
    sent = await refer(town.world, town.ehr, town.pantry)
    before = await every_table(town)
    task = {**await sent.read("Task"), "status": "completed"}
    answer = await town.ehr.bundle("transaction", [entry(resource("Patient")), put_entry(task)])
    refused(answer, 422, "business-rule", at="Bundle.entry[1].resource.status")
    assert await every_table(town) == before


async def test_a_transaction_answers_in_its_order_with_the_ids(town: Town) -> None:
    made = (await town.ehr.create(resource("Patient"))).json()
    person = urn()
    entries = [
        {"request": {"method": "GET", "url": f"Patient/{made['id']}"}},
        put_entry(made),
        entry(resource("Condition", subject=person)),
        entry(resource("Patient", managingOrganization=reference(f"Organization/{town.clinic}")), person),
        {"request": {"method": "GET", "url": f"Patient?_id={made['id']}"}},
    ]
    answer = (await town.ehr.bundle("transaction", entries)).json()
    assert answer["type"] == "transaction-response"
    statuses = [each["response"]["status"][:3] for each in answer["entry"]]
    assert statuses == ["200", "200", "201", "201", "200"]
    new = answer["entry"][3]["response"]["location"].split("/")[-3]
    condition = (await town.ehr.get(f"Condition/{answer['entry'][2]['response']['location'].split('/')[-3]}")).json()
    assert condition["subject"]["reference"] == f"Patient/{new}"
    # reads come last: they see what was written
    assert answer["entry"][0]["resource"]["meta"]["versionId"] == "2"
    assert answer["entry"][4]["resource"]["entry"][0]["resource"]["meta"]["versionId"] == "2"


@pytest.mark.parametrize(
    ("url", "status", "code"),
    [
        pytest.param(f"Patient/{uuid4()}", 404, "not-found", id="a Patient"),
        ("Patient?_count=x", 400, "value"),
        ("Group/1", 404, "not-found"),
        ("Patient?" + "&".join("name=a" for _ in range(70)), 400, "value"),
    ],
)
async def test_a_read_that_fails_undoes_the_transaction(town: Town, url: str, status: int, code: str) -> None:
    before = await every_table(town)
    entries = [entry(resource("Patient")), {"request": {"method": "GET", "url": url}}]
    refused(await town.ehr.bundle("transaction", entries), status, code)
    assert await every_table(town) == before


async def test_a_batch_does_what_it_can(town: Town) -> None:
    """B20."""
    made = (await town.ehr.create(resource("Patient"))).json()
    entries = [
        entry(resource("Patient")),
        entry(resource("Patient", gender=MARK)),
        put_entry(made, ifMatch='W/"9"'),
        put_entry({**made, "id": str(uuid4())}),
        {"request": {"method": "GET", "url": f"Patient/{made['id']}/_history/1"}},
        {"request": {"method": "GET", "url": f"Patient/{uuid4()}"}},
        {"request": {"method": "GET", "url": "Patient?" + "&".join("name=a" for _ in range(70))}},
        {"request": {"method": "GET", "url": "Patient?_count=0"}},
        {"request": {"method": "GET", "url": f"{MARK}/1"}},
        {"request": {"method": "POST", "url": "Patient"}},
        {"request": {"method": "DELETE", "url": f"Patient/{made['id']}"}},
    ]
    answer = await town.ehr.bundle("batch", entries)
    assert answer.status_code == 200
    assert MARK not in answer.text
    responses = [each["response"] for each in answer.json()["entry"]]
    assert [each["status"][:3] for each in responses] == [
        "201", "400", "412", "404", "200", "404", "400", "200", "400", "400", "204",
    ]  # fmt: skip
    for each in responses:
        if each["status"][0] == "4":
            outcome_issues(each["outcome"])


@pytest.mark.parametrize(
    ("entries", "status", "code"),
    [
        pytest.param([entry(resource("Location")) for _ in range(501)], 413, "too-costly", id="B12 501 entries"),
        pytest.param([entry({"resourceType": "Bundle", "type": "batch"})], 400, "invalid", id="B14 a Bundle inside"),
        pytest.param([entry(resource("Patient"), "urn:uuid:0198c0de-0000-7000-8000-000000000001")] * 2, 400, "invalid",
                     id="B15 one fullUrl twice"),
        pytest.param([put_entry(resource("Patient", id="a"))] * 2, 400, "invalid", id="B15 one resource twice"),
        pytest.param([entry(resource("Patient"), url="https://evil.example/fhir/Patient")], 400, "invalid", id="B21 other host"),
        pytest.param([entry(resource("Patient"), url="../Patient")], 400, "invalid", id="B21 dots"),
        pytest.param([entry(resource("Patient"), method="CONNECT")], 400, "invalid", id="B21 method"),
        pytest.param([entry(resource("Patient"), url="Observation")], 400, "invalid", id="another type"),
        pytest.param([entry({"resourceType": "Basic", "code": {"text": "x"}})], 404, "not-found", id="a type not served"),
        pytest.param([entry(resource("Patient"), ifNoneExist="identifier=urn:s|1")] * 2, 400, "invalid", id="one condition twice"),
        pytest.param([entry(resource("Patient"), ifNoneExist="name=a")], 400, "not-supported", id="another condition"),
        pytest.param([entry(resource("Condition", subject="urn:uuid:0198c0de-0000-7000-8000-000000000002"))], 422, "not-found",
                     id="a fullUrl that nobody has"),
        pytest.param([entry(resource("Condition", subject="Patient?name=x"))], 400, "not-supported",
                     id="B27 a reference by another condition"),
        pytest.param([{"request": {"method": "DELETE", "url": "Patient?name=x"}}], 400, "not-supported",
                     id="a delete by another condition"),
        pytest.param([entry(resource("Patient"), url="Patient/$validate")], 422, "not-supported", id="an operation"),
        pytest.param([{"request": {"method": "POST", "url": "Patient"}}], 400, "invalid", id="no resource"),
        pytest.param([{"resource": resource("Patient")}], 400, "invariant", id="no request"),
        pytest.param([{"resource": 7, "request": {"method": "POST", "url": "Patient"}}], 400,
                     "invalid", id="a number for a resource"),
    ],
)  # fmt: skip
async def test_a_transaction_that_contradicts_itself_is_refused(
    town: Town, entries: list[Any], status: int, code: str
) -> None:
    before = await every_table(town)
    answer = await town.ehr.bundle("transaction", entries)
    assert answer.status_code == status, answer.text
    refused(answer, status, answer.json()["issue"][0]["code"] if code == "invariant" else code)
    assert await every_table(town) == before


@pytest.mark.parametrize("kind", ["searchset", "document", "message", "history", MARK])
async def test_other_bundles_are_not_taken(town: Town, kind: str) -> None:
    answer = await town.ehr.bundle(kind, [entry(resource("Patient"))])
    refused(answer, 400, answer.json()["issue"][0]["code"])


async def test_a_conditional_create_in_a_transaction_is_referred_to(town: Town) -> None:
    value, person = uuid4().hex, urn()
    condition = f"identifier=urn:s|{value}"
    one = resource("Patient", identifier=[{"system": "urn:s", "value": value}])
    answers = [
        await town.ehr.bundle(
            "transaction", [entry(one, person, ifNoneExist=condition), entry(resource("Condition", subject=person))]
        )
        for _ in range(2)
    ]
    first, second = [[each["response"] for each in answer.json()["entry"]] for answer in answers]
    assert [first[0]["status"][:3], second[0]["status"][:3]] == ["201", "200"]
    assert first[0]["location"] == second[0]["location"]
    condition_id = second[1]["location"].split("/")[-3]
    subject = (await town.ehr.get(f"Condition/{condition_id}")).json()["subject"]["reference"]
    assert subject == "Patient/" + first[0]["location"].split("/")[-3]
