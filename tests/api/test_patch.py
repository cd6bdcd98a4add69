"""JSON Patch over HTTP: carried out on what stands there now, judged and authorized as an update is.

Numbers are those of the security sheet's list of attacks.
"""

import asyncio
import json
from typing import Any
from uuid import uuid4

import pytest

from tests.api.answers import MARK, refused, without_number
from tests.api.verbs import JSON_PATCH, op, patch, patch_entry
from tests.builders import refer, resource
from tests.town import Town

NOBODY = "0198c0de-0000-7000-8000-000000000000"


async def a_patient(town: Town, **changes: Any) -> dict[str, Any]:
    made: dict[str, Any] = (await town.ehr.create(resource("Patient", **changes))).json()
    return made


async def test_a_patch_makes_a_new_version(town: Town) -> None:
    made = await a_patient(town, gender="male", name=[{"family": "A", "given": ["B"]}])
    answer = await patch(
        town.ehr,
        f"Patient/{made['id']}",
        op("test", "/gender", "male"),
        op("replace", "/gender", "female"),
        op("add", "/name/0/given/-", "C"),
        op("remove", "/name/0/family"),
    )
    assert answer.status_code == 200, answer.text
    assert answer.headers["etag"] == 'W/"2"'
    assert "last-modified" in answer.headers
    tree = answer.json()
    assert (tree["gender"], tree["name"]) == ("female", [{"given": ["B", "C"]}])
    assert (await town.ehr.get(f"Patient/{made['id']}")).json() == tree
    history = (await town.ehr.get(f"Patient/{made['id']}/_history")).json()
    assert [each["request"]["method"] for each in history["entry"]] == ["PATCH", "POST"]
    (row,) = await town.world.rows(
        "SELECT count(*) AS n FROM audit WHERE action = 'patch' AND outcome = 'done' AND resource = $1::uuid",
        made["id"],
    )
    assert row["n"] == 1


def narrative(status: str) -> dict[str, str]:
    return {"status": status, "div": '<div xmlns="http://www.w3.org/1999/xhtml">A man called A</div>'}


@pytest.mark.parametrize("status", ["generated", "extensions"])
async def test_a_text_made_of_the_data_does_not_outlive_them(town: Town, status: str) -> None:
    """http.html#patch: no narrative may be unsafe after it."""
    made = await a_patient(town, gender="male", text=narrative(status))
    address = f"Patient/{made['id']}"
    same = await patch(town.ehr, address, op("test", "/gender", "male"), op("replace", "/gender", "male"))
    assert same.json()["text"] == made["text"]
    both = [op("replace", "/gender", "other"), op("replace", "/text/status", "generated")]
    assert (await patch(town.ehr, address, *both)).json()["text"] == narrative("generated")
    answer = (await patch(town.ehr, address, op("test", "/text/status", "generated"), op("remove", "/gender"))).json()
    assert "text" not in answer
    assert "gender" not in answer


async def test_a_text_written_by_hand_is_changed_together_with_the_data(town: Town) -> None:
    made = await a_patient(town, gender="male", text=narrative("additional"))
    address = f"Patient/{made['id']}"
    refused(await patch(town.ehr, address, op("replace", "/gender", "other")), 422, "business-rule", rule="patch-text")
    assert (await town.ehr.get(address)).json() == made
    answer = await patch(town.ehr, address, op("replace", "/gender", "other"), op("remove", "/text"))
    assert answer.status_code == 200, answer.text


async def test_a_text_written_by_hand_does_not_keep_a_referral_from_being_cancelled(town: Town) -> None:
    sent = await refer(town.world, town.ehr, None, Task={"text": narrative("additional")})
    steps = [op("replace", "/status", "cancelled"), op("add", "/statusReason", {"text": "moved away"})]
    answer = await patch(town.ehr, sent.ref("Task"), *steps)
    assert answer.status_code == 200, answer.text
    assert answer.json()["text"] == narrative("additional")
    other = op("add", "/description", "said better")
    refused(await patch(town.ehr, sent.ref("Task"), other), 422, "business-rule", rule="patch-text")


async def test_an_owner_who_answers_leaves_no_text_that_says_otherwise(town: Town) -> None:
    sent = await refer(town.world, town.ehr, town.pantry, Task={"text": narrative("generated")})
    task, *_ = await town.cbo.search("Task?status=requested&_count=1")
    assert (await patch(town.cbo, f"Task/{task['id']}", op("replace", "/status", "accepted"))).status_code == 200
    await town.world.settled()
    theirs = await sent.read("Task")
    assert (theirs["status"], "text" in theirs) == ("accepted", False)


async def test_numbers_keep_the_form_in_which_they_were_written(town: Town) -> None:
    tree = resource("Location", position={"longitude": 0, "latitude": 0})
    body = json.dumps(tree).replace('"longitude": 0', '"longitude": 1.10').replace('"latitude": 0', '"latitude": 2.0')
    made = await town.ehr.http.post("/fhir/Location", content=body, headers={"Content-Type": "application/fhir+json"})
    address = f"/fhir/Location/{made.json()['id']}"
    content = '[{"op":"test","path":"/position/longitude","value":1.1},{"op":"replace","path":"/position/latitude","value":3.00}]'
    answer = await town.ehr.http.patch(address, content=content, headers={"Content-Type": JSON_PATCH})
    assert answer.status_code == 200, answer.text
    assert '"longitude":1.10' in answer.text
    assert '"latitude":3.00' in answer.text


async def test_a_stale_if_match_is_a_conflict(town: Town) -> None:
    made = await a_patient(town)
    address = f"Patient/{made['id']}"
    assert (await patch(town.ehr, address, op("add", "/active", True), **{"If-Match": 'W/"1"'})).status_code == 200
    refused(await patch(town.ehr, address, op("add", "/active", False), **{"If-Match": 'W/"1"'}), 412, "conflict")
    refused(await patch(town.ehr, address, op("add", "/active", False), **{"If-Match": "*"}), 400, "value")


@pytest.mark.parametrize("path", ["/id", "/resourceType", "/meta/security", "/meta/security/0", "/meta", "/for", "/requester",
                                  "/for/reference"])  # fmt: skip
async def test_what_protects_or_identifies_is_patched_by_nobody(town: Town, path: str) -> None:
    """B38."""
    label = {"system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "code": "R"}
    made = await a_patient(town, meta={"security": [label]})
    for name in ("replace", "remove", "add"):
        answer = await patch(town.ehr, f"Patient/{made['id']}", op(name, path, MARK))
        refused(answer, 422, "business-rule", rule="patch-protected")
    assert (await town.ehr.get(f"Patient/{made['id']}")).json() == made


async def test_a_referral_stays_about_its_person_by_patch_too(town: Town) -> None:
    sent = await refer(town.world, town.ehr, None)
    for path in ("/for", "/requester"):
        refused(await patch(town.ehr, sent.ref("Task"), op("remove", path)), 422, "business-rule")
    refused(await patch(town.ehr, sent.ref("Task"), op("remove", "/focus")), 422, "required", rule="profile-required")
    refused(await patch(town.ehr, sent.ref("Task"), op("replace", "/code/text", "x")), 400, "invalid")
    other = op("add", "/code/text", "something else")
    refused(await patch(town.ehr, sent.ref("Task"), other), 422, "business-rule", rule="task-identity")
    answer = await patch(town.ehr, sent.ref("Task"), op("add", "/description", "said better"))
    assert answer.status_code == 200, answer.text


async def test_an_owner_patches_its_answer_only(town: Town) -> None:
    """The rules of an update hold: status by role, nothing else of the Task."""
    sent = await refer(town.world, town.ehr, town.pantry)
    task, *_ = await town.cbo.search("Task?status=requested&_count=1")
    address = f"Task/{task['id']}"
    refused(await patch(town.cbo, address, op("add", "/description", "x")), 422, "business-rule")
    refused(await patch(town.cbo, address, op("replace", "/status", "completed")), 422, "business-rule")
    assert (await patch(town.cbo, address, op("replace", "/status", "accepted"))).status_code == 200
    refused(await patch(town.other_cbo, address, op("replace", "/status", "rejected")), 404, "not-found")
    refused(await patch(town.cbo, sent.ref("Patient"), op("add", "/active", True)), 403, "forbidden")


@pytest.mark.parametrize(
    ("operations", "status", "code", "rule"),
    [
        pytest.param([op("test", "/gender", MARK)], 422, "business-rule", "patch-test", id="B40 failed test"),
        pytest.param([op("add", "/a" * 10_000, MARK)], 400, "invalid", "patch-pointer", id="B41 10,000 segments"),
        pytest.param([op("remove", "/name/-")], 400, "invalid", "patch-pointer", id="B41 misused -"),
        pytest.param([op("add", MARK, 1)], 400, "invalid", "patch-pointer", id="B41 bad pointer"),
        pytest.param([op("remove", f"/{MARK}")], 400, "invalid", "patch-pointer", id="B41 nothing there"),
        pytest.param([op("add", "/active", True)] * 101, 400, "too-costly", "patch-operations", id="INP-16 101 operations"),
        pytest.param([op("add", "/nonsense", 1)], 400, "structure", "unknown-element", id="an unknown element"),
        pytest.param([op("replace", "/gender", MARK)], 400, "code-invalid", "", id="another code"),
        pytest.param([op("remove", "/name/0")], 400, "structure", "", id="an empty array left"),
        pytest.param([op("add", "/managingOrganization", {"reference": f"Organization/{NOBODY}"})], 422, "not-found",
                     "reference-not-found", id="a dangling reference"),
        pytest.param([op("add", "/text", {"status": "generated", "div": "x" * 1_100_000})], 413, "too-long", "",
                     id="a body beyond the limit"),
    ],
)  # fmt: skip
async def test_a_patch_that_cannot_be_changes_nothing(
    town: Town, operations: list[Any], status: int, code: str, rule: str
) -> None:
    made = await a_patient(town, gender="male", name=[{"family": "A"}])
    before = op("add", "/birthDate", "1970-01-01")
    sent = [before, *operations] if len(operations) < 100 else operations
    refused(await patch(town.ehr, f"Patient/{made['id']}", *sent), status, code, rule=rule)
    assert (await town.ehr.get(f"Patient/{made['id']}")).json() == made


@pytest.mark.parametrize(
    "kind", ["application/json", "application/fhir+json", "application/xml-patch+xml", "text/plain", ""]
)
async def test_a_patch_is_called_by_its_name(town: Town, kind: str) -> None:
    """B42."""
    made = await a_patient(town)
    answer = await town.ehr.http.patch(f"/fhir/Patient/{made['id']}", content="[]", headers={"Content-Type": kind})
    refused(answer, 415, "not-supported")


@pytest.mark.parametrize("body", ["", "{}", "[", '[],"x":1', "[]]", "[7]", '"x"', "null"])
async def test_what_is_no_patch_is_refused(town: Town, body: str) -> None:
    made = await a_patient(town)
    headers = {"Content-Type": JSON_PATCH}
    answer = await town.ehr.http.patch(f"/fhir/Patient/{made['id']}", content=body, headers=headers)
    refused(answer, 400, "structure")


async def test_copies_of_copies_end_at_the_limit_of_a_resource(town: Town) -> None:
    """INP-16."""
    made = await a_patient(town, name=[{"text": "x" * 200}])
    large = [op("add", "/identifier", [{"value": "v" * 240}] * 80)]
    large += [op("copy", f"/contained{n}", source="/identifier") for n in range(99)]
    answer = await patch(town.ehr, f"Patient/{made['id']}", *large)
    refused(answer, 413, "too-long", rule="patch-result")


async def test_what_others_have_is_patched_as_if_it_were_not_there(town: Town) -> None:
    hidden = (await town.cbo.create(resource("Patient"))).json()["id"]
    answers = [await patch(town.ehr, f"Patient/{id}", op("test", "/gender", MARK)) for id in (hidden, NOBODY)]
    refused(answers[0], 404, "not-found")
    assert without_number(answers[0]) == without_number(answers[1])


async def test_of_fifty_patches_with_one_version_one_wins_and_without_one_none_is_lost(town: Town) -> None:
    made = await a_patient(town, name=[{"given": ["a"]}])
    address = f"Patient/{made['id']}"
    answers = await asyncio.gather(
        *(patch(town.ehr, address, op("add", "/active", True), **{"If-Match": 'W/"1"'}) for _ in range(50))
    )
    assert sorted(answer.status_code for answer in answers) == [200] + [412] * 49
    await asyncio.gather(*(patch(town.ehr, address, op("add", "/name/0/given/-", str(n))) for n in range(30)))
    given = (await town.ehr.get(address)).json()["name"][0]["given"]
    assert sorted(given) == sorted(["a", *map(str, range(30))])


async def test_a_conditional_patch_finds_the_one_that_is_seen(town: Town) -> None:
    value = uuid4().hex
    identified = resource("Patient", identifier=[{"system": "urn:s", "value": value}])
    address = f"Patient?identifier=urn:s|{value}"
    refused(await patch(town.ehr, address, op("add", "/active", True)), 404, "not-found")
    made = (await town.ehr.create(identified)).json()
    answer = await patch(town.ehr, address, op("add", "/active", True))
    assert (answer.status_code, answer.json()["id"], answer.json()["active"]) == (200, made["id"], True)
    assert (await patch(town.ehr, f"Patient?_id={made['id']}", op("add", "/active", False))).status_code == 200
    refused(await patch(town.other_cbo, address, op("add", "/active", True)), 404, "not-found")
    await town.ehr.create(identified)
    refused(await patch(town.ehr, address, op("add", "/active", True)), 412, "multiple-matches")
    for condition, code in (("name=x", "not-supported"), ("", "required"), ("identifier=x", "not-supported")):
        refused(await patch(town.ehr, f"Patient?{condition}", op("add", "/active", True)), 400, code)


async def test_a_patch_in_a_transaction_has_the_size_of_one_alone(town: Town) -> None:
    made = await a_patient(town)
    long = op("test", "/x", "x" * town.world.network.settings.max_resource_bytes)
    answer = await town.ehr.bundle("transaction", [patch_entry(f"Patient/{made['id']}", long)])
    refused(answer, 413, "too-long", rule="patch-too-long")
