"""What every type does when it is written: created, changed, patched, deleted, on conditions, in Bundles."""

import copy
import secrets
from typing import Any

from tests.api.answers import refused
from tests.conformance.bench import Subject, Tree, apart_from_meta, changed
from tests.world import FHIR_JSON

STALE = 'W/"7"'
TO_DE: list[Tree] = [{"op": "add", "path": "/language", "value": "de"}]


async def creating_answers_with_what_is_stored(subject: Subject) -> None:
    made = await subject.make()
    assert made.answer.headers["ETag"] == 'W/"1"'
    assert made.answer.headers["Location"].endswith(f"/fhir/{subject.name}/{made.id}/_history/1")
    assert made.answer.headers["Last-Modified"]
    assert made.tree["meta"]["versionId"] == "1"
    assert apart_from_meta(made.tree) == apart_from_meta(made.sent)
    assert (await subject.get(made.id)).json() == made.tree


async def another_type_is_refused(subject: Subject) -> None:
    sent, tag = subject.fresh()
    wrong = "Basic" if subject.name != "Basic" else "Task"
    answer = await subject.http.post(
        subject.at(), json={**sent, "resourceType": wrong}, headers={"Content-Type": FHIR_JSON}
    )
    refused(answer, 400, "invalid")
    assert await subject.found(f"_tag={tag}") == []


async def an_unknown_element_is_refused(subject: Subject) -> None:
    sent, tag = subject.fresh()
    refused(await subject.system.create({**sent, "unheardOf": True}), 400, "structure")
    assert await subject.found(f"_tag={tag}") == []


async def a_writer_without_the_scope_is_told(subject: Subject) -> None:
    sent, _ = subject.fresh()
    system = subject.bench.narrow
    if subject.name == "Patient":  # which is what it may create
        made = await subject.make()
        refused(await system.update(made.tree), 403, "forbidden")
    else:
        refused(await system.create(sent), 403, "forbidden")


async def the_answer_is_as_long_as_preferred(subject: Subject) -> None:
    sent, _ = subject.fresh()
    answers = {each: await subject.system.create(sent, Prefer=f"return={each}") for each in PREFERENCES}
    assert all(answer.status_code == 201 and answer.headers["Location"] for answer in answers.values())
    assert answers["minimal"].content == b""
    assert answers["representation"].json()["resourceType"] == subject.name
    assert answers["OperationOutcome"].json()["resourceType"] == "OperationOutcome"


PREFERENCES = ("minimal", "representation", "OperationOutcome")


async def an_update_makes_a_new_version(subject: Subject) -> None:
    made = await subject.make()
    answer = await subject.put(made, changed(made.tree), **{"If-Match": made.etag})
    assert answer.status_code == 200, answer.text
    assert (answer.headers["ETag"], answer.json()["language"]) == ('W/"2"', "de")
    assert (await subject.get(made.id)).json() == answer.json()
    assert (await subject.get(f"{made.id}/_history/1")).json() == made.tree


async def an_update_of_what_has_changed_meanwhile_is_refused(subject: Subject) -> None:
    made = await subject.make()
    refused(await subject.put(made, changed(made.tree), **{"If-Match": STALE}), 412, "conflict")
    assert (await subject.get(made.id)).json() == made.tree


async def an_update_keeps_its_id(subject: Subject) -> None:
    made = await subject.make()
    refused(await subject.put(made, {**made.tree, "id": "another"}), 400, "invalid")


async def ids_are_the_servers(subject: Subject) -> None:
    sent, tag = subject.fresh()
    answer = await subject.http.put(subject.at("of-my-own"), json={**sent, "id": "of-my-own"}, headers=JSON)
    assert answer.status_code in (404, 405), answer.text
    assert await subject.found(f"_tag={tag}") == []


JSON = {"Content-Type": FHIR_JSON}


async def an_outsider_changes_nothing(subject: Subject) -> None:
    made = await subject.make()
    tree = {**changed(made.tree), "id": "0198c0de-0000-7000-8000-00000000dead"}
    outsider = subject.bench.outsider
    hidden, missing = await outsider.update(changed(made.tree)), await outsider.update(tree)
    assert (hidden.status_code, hidden.content) == (404, missing.content)
    if "delete" in subject.served.interactions:
        answer = await outsider.http.delete(subject.at(made.id))
        assert answer.status_code in (204, 404), answer.text
    assert (await subject.get(made.id)).json() == made.tree


async def a_patch_changes_what_it_names(subject: Subject) -> None:
    made = await subject.make()
    answer = await subject.patch(made.id, TO_DE, **{"If-Match": made.etag})
    assert answer.status_code == 200, answer.text
    assert apart_from_meta(answer.json()) == {**apart_from_meta(made.tree), "language": "de"}
    refused(await subject.patch(made.id, TO_DE, **{"If-Match": STALE}), 412, "conflict")
    failed = [{"op": "test", "path": "/language", "value": "fr"}, *TO_DE]
    assert (await subject.patch(made.id, failed)).status_code in (400, 409, 422)


async def what_is_deleted_is_gone_but_for_its_history(subject: Subject) -> None:
    made = await subject.make()
    answer = await subject.http.delete(subject.at(made.id))
    assert answer.status_code in (200, 204), answer.text
    refused(await subject.get(made.id), 410, "deleted")
    assert await subject.found(f"_tag={made.tag}") == []
    assert (await subject.get(f"{made.id}/_history/1")).json() == made.tree
    entries = (await subject.get(f"{made.id}/_history")).json()["entry"]
    assert [entry["request"]["method"] for entry in entries] == ["DELETE", "POST"]
    assert (await subject.http.delete(subject.at(made.id))).status_code in (200, 204)


async def creating_on_a_condition_creates_once(subject: Subject) -> None:
    sent, condition = _identified(subject)
    first = await subject.system.create(sent, **{"If-None-Exist": condition})
    second = await subject.system.create(sent, **{"If-None-Exist": condition})
    assert (first.status_code, second.status_code) == (201, 200), (first.text, second.text)
    assert first.json()["id"] == second.json()["id"]


async def updating_on_a_condition_creates_or_changes(subject: Subject) -> None:
    sent, condition = _identified(subject)
    address = subject.at(f"?{condition}")
    first = await subject.http.put(address, json=sent, headers=JSON)
    assert first.status_code == 201, first.text
    second = await subject.http.put(address, json=changed(sent), headers=JSON)
    assert (second.status_code, second.json()["id"]) == (200, first.json()["id"]), second.text
    assert second.json()["meta"]["versionId"] == "2"


async def patching_on_a_condition_needs_one_match(subject: Subject) -> None:
    sent, condition = _identified(subject)
    made = await subject.system.create(sent)
    answer = await subject.patch(f"?{condition}", TO_DE)
    assert (answer.status_code, answer.json()["id"]) == (200, made.json()["id"]), answer.text
    assert (await subject.patch("?identifier=urn:x|nobody", TO_DE)).status_code in (404, 412)


async def deleting_on_a_condition_deletes_one(subject: Subject) -> None:
    sent, condition = _identified(subject)
    first, second = await subject.system.create(sent), await subject.system.create(sent)
    assert (await subject.http.delete(subject.at(f"?{condition}"))).status_code == 412
    assert (await subject.http.delete(subject.at(first.json()["id"]))).status_code in (200, 204)
    assert (await subject.http.delete(subject.at(f"?{condition}"))).status_code in (200, 204)
    refused(await subject.get(second.json()["id"]), 410, "deleted")


async def a_condition_is_an_identifier_and_nothing_else(subject: Subject) -> None:
    sent, _ = subject.fresh()
    answer = await subject.system.create(sent, **{"If-None-Exist": "_tag=a|b"})
    assert answer.status_code in (400, 412, 422), answer.text


async def a_bundle_creates_it_too(subject: Subject) -> None:
    for kind in ("transaction", "batch"):
        sent, tag = subject.fresh()
        request = {"method": "POST", "url": subject.name}
        answer = await subject.system.bundle(kind, [{"resource": sent, "request": request}])
        assert answer.status_code == 200, answer.text
        (entry,) = answer.json()["entry"]
        assert entry["response"]["status"].startswith("201")
        assert len(await subject.found(f"_tag={tag}")) == 1


async def validating_tells_what_a_create_would_and_stores_nothing(subject: Subject) -> None:
    sent, tag = subject.fresh()
    for tree, fine in ((sent, True), ({**sent, "unheardOf": True}, False)):
        parameters = {"resourceType": "Parameters", "parameter": [{"name": "resource", "resource": tree}]}
        for body in (tree, parameters):
            answer = await subject.http.post(subject.at("$validate"), json=body, headers=JSON)
            assert answer.status_code == 200, answer.text
            severities = {issue["severity"] for issue in answer.json()["issue"]}
            assert ("error" not in severities) == fine, answer.text
    assert await subject.found(f"_tag={tag}") == []
    refused(
        await subject.http.post(subject.at("$validate?profile=http://x.example/p"), json=sent, headers=JSON),
        422,
        "not-supported",
    )


def _identified(subject: Subject) -> tuple[Tree, str]:
    """A resource with an identifier of its own, and the criterion that finds it."""
    planted = subject.plot.planted(subject.served.parameters["identifier"])
    system, _, value = planted.asked[1].rpartition("|")
    unique = secrets.token_hex(8)
    tree, _ = subject.fresh(_replaced(copy.deepcopy(planted.tree), value, unique))
    return tree, f"identifier={system}|{unique}"


def _replaced(tree: Any, old: str, new: str) -> Any:
    if isinstance(tree, dict):
        return {name: _replaced(value, old, new) for name, value in tree.items()}
    if isinstance(tree, list):
        return [_replaced(value, old, new) for value in tree]
    return new if tree == old else tree
