"""Refusals of every kind, each of which comes with an OperationOutcome; what a batch says about its entries."""

from dataclasses import dataclass, field

from tests.stories.system import FHIR_JSON
from tests.stories.town import Town
from tools.conformance.collect import Folder

TOO_LONG_BYTES = 1_100_000
GUIDE = "http://hl7.org/fhir/us/sdoh-clinicalcare/"
CATEGORIES, STATUSES = (
    GUIDE + "ValueSet/SDOHCC-ValueSetSDOHCategory",
    GUIDE + "ValueSet/SDOHCC-ValueSetReferralTaskStatus",
)
CODES = GUIDE + "CodeSystem/SDOHCC-CodeSystemTemporaryCodes"
FOOD = f"system={CODES}&code=food-insecurity"
NOBODY = "00000000-0000-4000-8000-000000000000"


@dataclass(frozen=True, slots=True)
class Request:
    """One that is refused, and with which status."""

    name: str
    status: int
    method: str
    path: str
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


REFUSED = (
    Request("not-json", 400, "POST", "Patient", b'{"resourceType": "Patient",'),
    Request("name-twice", 400, "POST", "Patient", b'{"resourceType": "Patient", "active": true, "active": false}'),
    Request("unknown-element", 400, "POST", "Patient", b'{"resourceType": "Patient", "shoeSize": 4}'),
    Request("wrong-type", 400, "POST", "Patient", b'{"resourceType": "Task"}'),
    Request("required-code", 400, "POST", "Patient", b'{"resourceType": "Patient", "gender": "f"}'),
    Request("several-problems", 400, "POST", "Task", b'{"resourceType": "Task", "status": 1, "intent": [], "x": null}'),
    Request("incomplete-task", 422, "POST", "Task", b"""{"resourceType": "Task", "status": "requested",
        "intent": "order", "code": {"coding": [{"system": "http://hl7.org/fhir/CodeSystem/task-code",
        "code": "fulfill"}]}}"""),
    Request("another-types-profile", 422, "POST", "Patient", f"""{{"resourceType": "Patient", "meta": {{"profile": [
        "{GUIDE}StructureDefinition/SDOHCC-Condition"]}}}}""".encode()),
    Request("dangling-reference", 422, "POST", "Condition", b"""{"resourceType": "Condition", "subject": {"reference":
        "Patient/none"}}"""),
    Request("not-found", 404, "GET", f"Task/{NOBODY}"),
    Request("unknown-type", 404, "GET", "Spaceship/1"),
    Request("unknown-parameter", 400, "GET", "Task?colour=blue", b"", {"Prefer": "handling=strict"}),
    Request("wrong-value", 400, "GET", "Task?_lastUpdated=yesterday"),
    Request("method", 405, "POST", f"Task/{NOBODY}"),
    Request("not-xml", 400, "POST", "Patient", b"<Patient>", {"Content-Type": "application/fhir+xml"}),
    Request("type-to-come", 422, "POST", "Subscription", b'{"resourceType": "Subscription"}'),
    Request("unknown-operation", 404, "GET", "Patient/$graphql"),
    Request("too-long", 413, "POST", "Patient", b" " * TOO_LONG_BYTES),
    Request("media-type", 415, "POST", "Patient", b"<Patient/>", {"Content-Type": "text/plain"}),
    Request("not-acceptable", 406, "GET", "Task", b"", {"Accept": "text/turtle"}),
    Request("no-token", 401, "GET", "Task", b"", {"Authorization": ""}),
)  # fmt: skip


def provoke(place: Town, folder: Folder) -> None:
    """Sends each, checks its status, keeps its OperationOutcome; then a batch, some of whose entries are refused."""
    for request in REFUSED:
        headers = {"Content-Type": FHIR_JSON} | request.headers
        answer = place.ehr.http.request(request.method, f"/fhir/{request.path}", content=request.body, headers=headers)
        assert answer.status_code == request.status, (request.name, answer.status_code, answer.text)
        assert answer.json()["resourceType"] == "OperationOutcome", request.name
        folder.keep(f"outcome-{request.name}", answer.content)
    _version_conflict(place, folder)
    _batch(place, folder)
    passed_over = place.ehr.http.get("/fhir/Task?colour=blue&_count=1", headers={"Prefer": "handling=lenient"})
    assert passed_over.status_code == 200, passed_over.text
    folder.keep("searchset-lenient", passed_over.content)
    _other_answers(place, folder)


def _other_answers(place: Town, folder: Folder) -> None:
    """What else comes as a Bundle or Parameters: histories, a person's whole record, labels, parts, terminology; and
    what is said of a resource that is only judged."""
    task = place.ehr.search("Task?_count=1")[0]
    for name, path in (
        ("history-instance", f"Task/{task['id']}/_history"),
        ("history-type", "Task/_history?_count=5"),
        ("everything", f"{task['for']['reference']}/$everything"),
        ("meta", f"Task/{task['id']}/$meta"),
        ("value-sets", f"ValueSet?url={CATEGORIES},{STATUSES}"),
        ("code-system", f"CodeSystem?url={CODES}"),
        ("expansion", f"ValueSet/$expand?url={CATEGORIES}&count=5&offset=2"),
        ("in-value-set", f"ValueSet/$validate-code?url={CATEGORIES}&{FOOD}"),
        ("not-in-value-set", f"ValueSet/$validate-code?url={CATEGORIES}&system={CODES}&code=nothing"),
        ("code", f"CodeSystem/$lookup?{FOOD}"),
        ("searchset-sorted", "Task?_sort=-_lastUpdated&_revinclude=Provenance:target&_count=3&_total=accurate"),
    ):
        answer = place.ehr.http.get(f"/fhir/{path}")
        assert answer.status_code == 200, (name, answer.text)
        folder.keep(name, answer.content)
    judged = place.ehr.http.post("/fhir/Task/$validate", json=task | {"intent": "plan"})
    assert judged.status_code == 200, judged.text
    folder.keep("validated", judged.content)


def _version_conflict(place: Town, folder: Folder) -> None:
    task = place.ehr.search("Task?_count=1")[0]
    headers = {"Content-Type": FHIR_JSON, "If-Match": 'W/"1000"'}
    answer = place.ehr.http.put(f"/fhir/Task/{task['id']}", json=task, headers=headers)
    assert answer.status_code == 412, answer.text
    folder.keep("outcome-version-conflict", answer.content)


def _batch(place: Town, folder: Folder) -> None:
    entries = [
        {"request": {"method": "GET", "url": "Task?_count=2"}},
        {"request": {"method": "GET", "url": f"Patient/{NOBODY}"}},
        {"request": {"method": "POST", "url": "Patient"}, "resource": {"resourceType": "Patient", "shoeSize": 4}},
        {"request": {"method": "POST", "url": "Patient"}, "resource": {"resourceType": "Patient", "active": True}},
    ]
    answer = place.ehr.post("", {"resourceType": "Bundle", "type": "batch", "entry": entries})
    assert answer.status_code == 200, answer.text
    statuses = [entry["response"]["status"][:3] for entry in answer.json()["entry"]]
    assert statuses == ["200", "404", "400", "201"], statuses
    folder.keep("batch-response", answer.content)
