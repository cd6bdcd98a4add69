"""Section B, one resource at a time: good JSON whose values, references, dates or amounts cannot be."""

import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from tests.api.answers import MARK, without_number
from tests.attacks.attack import Attack, Send, Tree, carry_out, gets, posts, sends, told_apart
from tests.attacks.scene import Scene
from tests.builders import DELETE, resource
from tests.world import FHIR_JSON

MIB = 1024 * 1024
REDOS = "A" * 130 + "!"
TURNED = {"start": "2026-05-02", "end": "2026-05-01"}
FUTURE = (datetime.now(UTC) + timedelta(days=2)).isoformat(timespec="seconds")
TASK = {"resourceType": "Task", "status": "draft", "intent": "order", "for": {"reference": "Patient/{mine}"}}


def person(**changes: Any) -> Send:
    return posts(resource("Patient", **changes))


def post(type_name: str, **changes: Any) -> Send:
    """A resource about the Patient of ours."""
    changes.setdefault("subject", "Patient/{mine}")
    return posts(resource(type_name, **changes), to=type_name)


def seen(**changes: Any) -> Send:
    without = {name: DELETE for name in resource("Observation") if name.startswith("value")}
    return post("Observation", **without, **changes)


def order(**changes: Any) -> Send:
    return post("ServiceRequest", requester="Organization/{clinic}", **changes)


def task(**changes: Any) -> Send:
    return posts({**TASK, **changes}, to="Task")


def nested(depth: int) -> Tree:
    """Items in items."""
    item: Tree = {"linkId": "x", "type": "group"}
    for _ in range(depth):
        item = {"linkId": "x", "type": "group", "item": [item]}
    return item


def crowd(type_name: str, size: int) -> bytes:
    members = ",".join(['{"entity":{"reference":"Patient/1"}}'] * size)
    return f'{{"resourceType":"{type_name}","type":"person","actual":true,"member":[{members}]}}'.encode()


async def hidden_is_missing(scene: Scene, answer: httpx.Response) -> None:
    """The same bytes for what another member has and for what nobody has."""
    again = await post("Condition", subject="Patient/{nobody}")(scene)
    assert without_number(answer) == without_number(again)


async def at_once(scene: Scene) -> httpx.Response:
    """The best of three: other work on this machine is no fault of a pattern's."""
    spent, send = [], person(photo=[{"data": REDOS, "contentType": "image/png"}])
    for _ in range(3):
        started = time.monotonic()
        answer = await send(scene)
        spent.append(time.monotonic() - started)
    assert min(spent) < 0.1
    return answer


async def kept(scene: Scene, made: httpx.Response) -> None:
    """As it was written, and found by its instant."""
    tree = made.json()
    assert tree["effectiveDateTime"] == json.loads(made.request.content)["effectiveDateTime"]
    found = await scene.town.ehr.search(
        f"Observation?patient={scene.names['mine']}&_id={tree['id']}&date:missing=false"
    )
    assert [each["id"] for each in found] == [tree["id"]]


async def sorted_by_instant(scene: Scene, _: httpx.Response) -> None:
    """The hour that comes twice when summer ends, and the one that is left out when it begins."""
    texts = [
        "2026-03-29T01:59:59+01:00",
        "2026-03-29T03:00:00+02:00",
        "2026-10-25T02:30:00+02:00",
        "2026-10-25T02:30:00+01:00",
    ]
    await scene.made("clock", resource("Patient"))
    for text in reversed(texts):
        await scene.made("", resource("Observation", subject="Patient/{clock}", effectiveDateTime=text))
    found = await scene.town.ehr.search(f"Observation?patient={scene.names['clock']}&_sort=date")
    assert [each["effectiveDateTime"] for each in found] == texts


async def no_call(scene: Scene, _: httpx.Response) -> None:
    """Nothing is left to be fetched later."""
    assert await scene.eyes.fetchval("SELECT count(*) FROM delivery") == 0


EDGES = ("9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+14:00")
DAYS = (
    "2023-02-29",
    "2024-02-30",
    "0000-01-01",
    "10000-01-01",
    "2024-13-01",
    "2024-01-01T24:00:00Z",
    "2024-01-01T10:00:00+15:00",
)
REFERRAL = {"code": {"coding": [{"system": "http://hl7.org/fhir/CodeSystem/task-code", "code": "fulfill"}]}}

ATTACKS = (
    Attack("B01", "an Observation", posts(resource("Observation"), to="Patient"), 400, "invalid"),
    Attack("B01", "no type that there is", posts({"resourceType": MARK}), 400, "invalid"),
    *(Attack("B03", repr(id)[:9], person(id=id), 400, "value") for id in ("a" * 65, "a/b", "abc\n", "", "ä")[:3]),
    Attack("B03", "in the address", gets("Patient/" + "a" * 65), 400, "value"),
    Attack("B09", "status", posts({"resourceType": "Observation", "code": {"text": MARK}}, to="Observation"), 400, "required", at="Observation.status"),
    Attack("B09", "intent", posts({"resourceType": "Task", "status": "draft"}, to="Task"), 400, "required", at="Task.intent"),
    Attack("B48", "missing", post("Condition", subject="Patient/{nobody}"), 422, "not-found", at="Condition.subject"),
    Attack("B49", "hidden", post("Condition", subject="Patient/{theirs}"), 422, "not-found", hidden_is_missing, at="Condition.subject"),
    Attack("B50", "Task.for of a referral", task(**REFERRAL, **{"for": {"reference": "Practitioner/{nobody}"}}), 400, "value", at="Task.for"),
    Attack("B50", "by its type", task(**REFERRAL, **{"for": {"identifier": {"value": "x"}, "type": "Practitioner"}}), 400, "value", at="Task.for"),
    Attack("B50", "managingOrganization", person(managingOrganization={"reference": "Patient/{mine}"}), 400, "value", at="Patient.managingOrganization"),
    *(
        Attack("B51", base, post("Condition", subject=f"{base}/Patient/1"), 422, "not-supported", no_call, at="Condition.subject")
        for base in ("https://evil.example/fhir", "http://127.0.0.1:1/fhir", "https://169.254.169.254/fhir")
    ),
    Attack("B52", "nothing contained", person(generalPractitioner=[{"reference": "#missing"}]), 400, "invariant", at="Patient.generalPractitioner[0]"),
    Attack("B53", "javascript", person(managingOrganization={"reference": "javascript:alert(1)"}), 400, "value", at="Patient.managingOrganization.reference"),
    Attack("B53", "JaVaScRiPt in a url", person(photo=[{"url": "JaVaScRiPt:alert(1)"}]), 400, "value", at="Patient.photo[0].url"),
    Attack("B53", "data", person(implicitRules="data:text/html,<script>"), 400, "value", at="Patient.implicitRules"),
    Attack("B53", "in a link", person(text={"status": "generated", "div": '<div xmlns="http://www.w3.org/1999/xhtml"><a href="javascript:alert(1)">x</a></div>'}), 400, "invariant", at="Patient.text.div"),
    *(Attack("B56", day, seen(effectiveDateTime=day), 400, "value", at="Observation.effective") for day in DAYS),
    *(Attack("B56", f"born {day}", person(birthDate=day), 400, "value", at="Patient.birthDate") for day in DAYS[:4]),
    Attack("B57", "a leap second", seen(effectiveDateTime="2016-12-31T23:59:60Z"), 201, after=kept),
    *(Attack("B58", edge, seen(effectiveDateTime=edge), 201, after=kept) for edge in EDGES),
    *(Attack("B60", f"{day} without a zone", seen(effectiveDateTime=f"{day}T02:30:00"), 400, "structure") for day in ("2026-03-29", "2026-10-25")),
    Attack("B60", "with their offsets", seen(effectiveDateTime="2026-10-25T02:30:00+02:00"), 201, after=sorted_by_instant),
    Attack("B61", "a Period", person(name=[{"period": TURNED}]), 400, "invariant", at="Patient.name[0].period"),
    Attack("B63", "131 letters", at_once, 400, "value", at="Patient.photo[0].data"),
    Attack("B64", "in a Binary", sends("POST", "Binary", b"x" * 50 * MIB, Content_Type="application/pdf"), 413, "too-long"),
    Attack("B64", "in a DocumentReference", posts(b'{"resourceType":"DocumentReference","x":"' + b"A" * 50 * MIB + b'"}', to="DocumentReference"), 413, "too-long"),
    Attack("B64", "in a Bundle", posts(b'{"resourceType":"Bundle","x":"' + b"A" * 50 * MIB + b'"}', to=""), 413, "too-long"),
    Attack("B64", "as a Binary in JSON", posts(b'{"resourceType":"Binary","data":"' + b"A" * 5 * MIB + b'"}', to="Binary"), 413, "too-long"),
    Attack("B70", "10,000", task(input=[{"type": {"text": "a"}, "valueBoolean": True}] * 10_000), 400, "too-costly", at="Task.input"),
    Attack("B70", "10,001", task(input=[{"type": {"text": "a"}, "valueBoolean": True}] * 10_001), 400, "too-costly"),
    Attack("B70", "1,001 outputs", task(output=[{"type": {"text": "a"}, "valueBoolean": True}] * 1_001), 400, "too-costly", at="Task.output"),
    Attack("B71", "Questionnaire", posts({"resourceType": "Questionnaire", "status": "active", "item": [nested(100)]}, to="Questionnaire"), 400, "structure"),
    Attack("B71", "its response", posts({"resourceType": "QuestionnaireResponse", "status": "completed", "item": [nested(100)]}, to="QuestionnaireResponse"), 400, "structure"),
    Attack("B72", "a million", posts(crowd("Group", 1_000_000), to="Group"), 413, "too-long"),
    Attack("B72", "10,001", posts(crowd("Group", 10_001), to="Group"), 400, "too-costly"),
    *(Attack("B74", f"asked {when}", order(authoredOn=text), 422, "business-rule", at="ServiceRequest.authoredOn") for when, text in (("at a moment", FUTURE), ("on a day", FUTURE[:10]), ("in a year", "2999"))),
    Attack("B74", "a Task asked tomorrow", task(authoredOn=FUTURE), 422, "business-rule"),
    Attack("B74", "less than nothing", order(quantityQuantity={"value": -1, "unit": "box"}), 422, "business-rule", at="ServiceRequest.quantity.value"),
    Attack("B74", "a ratio below nothing", order(quantityRatio={"numerator": {"value": -1}, "denominator": {"value": 1}}), 422, "business-rule"),
    Attack("B74", "an input below nothing", task(input=[{"type": {"text": "a"}, "valueQuantity": {"value": -0.5}}]), 422, "business-rule", at="Task.input[0].value.value"),
    Attack("B74", "measured in NaN", seen(valueQuantity={"value": 1, "unit": "NaN"}), 422, "business-rule", at="Observation.value.unit"),
    Attack("B74", "so many NaN", order(quantityQuantity={"value": 1, "unit": "nan", "code": "NaN", "system": "urn:x"}), 422, "business-rule"),
)  # fmt: skip


@told_apart(ATTACKS)
async def test_it_is_refused_with_its_place_or_kept_as_written(scene: Scene, attack: Attack) -> None:
    await carry_out(scene, attack)


async def test_what_is_measured_may_be_below_zero(scene: Scene) -> None:
    """No deviation of B74 but its bound: R4 lets a Quantity be negative, as temperatures and differences are."""
    for value in (-1, -0.5):
        answer = await seen(valueQuantity={"value": value, "unit": "Cel"})(scene)
        assert answer.status_code == 201, answer.text
    assert (await order(quantityQuantity={"value": 0, "unit": "box"})(scene)).status_code == 201
    assert (await order(authoredOn=datetime.now(UTC).isoformat(timespec="seconds"))(scene)).status_code == 201


async def test_what_was_written_before_a_rule_does_not_hinder_who_answers(scene: Scene) -> None:
    made = (await task()(scene)).json()
    await scene.eyes.execute(
        "UPDATE version SET body = convert_to(replace(convert_from(body, 'UTF8'), '\"intent\"', "
        '\'"authoredOn":"2999-01-01","intent"\'), \'UTF8\') WHERE resource = $1::uuid',
        made["id"],
    )
    stands = (await scene.town.ehr.get(f"Task/{made['id']}")).json()
    assert stands["authoredOn"] == "2999-01-01"
    answer = await scene.town.ehr.http.put(
        f"/fhir/Task/{made['id']}", json={**stands, "description": "x"}, headers={"Content-Type": FHIR_JSON}
    )
    assert answer.status_code == 200, answer.text
