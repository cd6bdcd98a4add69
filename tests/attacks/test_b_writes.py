"""Section B, writes: Bundles, conditions, versions, keys, patches and who may change what."""

import asyncio
from typing import Any
from uuid import uuid4

import httpx

from tests.api.answers import MARK, refused
from tests.api.verbs import op
from tests.attacks.attack import Attack, Send, Tree, bundles, carry_out, patches, posts, sends, told_apart
from tests.attacks.raw import raw
from tests.attacks.scene import Scene
from tests.builders import entry, refer, resource
from tests.world import FHIR_JSON

TWO = "identifier=urn:two|2"
BAD = resource("Patient", gender=MARK)
LABEL = {"system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "code": "R"}
META = {"versionId": "99", "lastUpdated": "1999-01-01T00:00:00Z"}
JSON = ("Content-Type", FHIR_JSON)


def conditional(patient: str) -> Tree:
    return entry(resource("Condition", subject=patient))


def entries(method: str, url: str) -> Tree:
    return {"resource": resource("Patient"), "request": {"method": method, "url": url}}


async def two_alike(scene: Scene) -> None:
    """Two Patients of ours with one identifier."""
    if "second" not in scene.names:
        for name in ("first", "second"):
            await scene.made(name, resource("Patient", identifier=[{"system": "urn:two", "value": "2"}]))


async def labelled(scene: Scene) -> None:
    await scene.made("labelled", resource("Patient", meta={"security": [LABEL]}))


async def one_of_two_done(scene: Scene, answer: httpx.Response) -> None:
    first, second = answer.json()["entry"]
    assert first["response"]["status"].startswith("201")
    assert second["response"]["status"].startswith("400")
    assert second["response"]["outcome"]["issue"][0]["code"] == "code-invalid"
    assert MARK not in answer.text


async def ignored(scene: Scene, answer: httpx.Response) -> None:
    meta = answer.json()["meta"]
    assert meta["versionId"] in ("1", "2")
    assert not meta["lastUpdated"].startswith("1999")


async def still_labelled(scene: Scene, answer: httpx.Response) -> None:
    assert answer.json()["meta"]["security"] == [LABEL]


async def fifty_puts(scene: Scene) -> httpx.Response:
    """The one that won; the others are told of a conflict."""
    made = await scene.made("contested", resource("Patient"))
    put = [
        sends("PUT", f"Patient/{made}", resource("Patient", id=made, birthDate=f"19{n}"), If_Match='W/"1"')
        for n in range(10, 60)
    ]
    answers = await asyncio.gather(*(each(scene) for each in put))
    (won,) = [answer for answer in answers if answer.status_code == 200]
    for answer in answers:
        if answer is not won:
            refused(answer, 412, "conflict")
    assert won.headers["etag"] == 'W/"2"'
    return won


async def eight_of_one_key(scene: Scene) -> httpx.Response:
    """Sent at once under one key; whoever came too early is told to wait."""
    tree, key = resource("Location", name=uuid4().hex), uuid4().hex
    answers = await asyncio.gather(*(posts(tree, to="Location", Idempotency_Key=key)(scene) for _ in range(8)))
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert len(await scene.town.ehr.search(f"Location?name={tree['name']}")) == 1
    return next(answer for answer in answers if answer.status_code == 201)


async def a_key_was_used(scene: Scene) -> None:
    await posts(resource("Location", name="first"), to="Location", Idempotency_Key="used")(scene)


async def new_for_them(scene: Scene, answer: httpx.Response) -> None:
    assert "idempotency-replayed" not in answer.headers


async def theirs_alike(scene: Scene) -> None:
    """Another member has the only Patient with this identifier."""
    await scene.made("alike", resource("Patient", identifier=[{"system": "urn:alike", "value": "1"}]), by="other_cbo")


async def no_hint(scene: Scene, answer: httpx.Response) -> None:
    assert scene.names["alike"] not in answer.text + str(answer.headers)


async def strict(scene: Scene) -> None:
    scene.systems.setdefault("strict", await scene.town.world.system(scene.town.clinic, require_if_match=True))


async def ended(scene: Scene) -> None:
    """A referral that the pantry has completed, and one that it has cancelled."""
    for status in ("completed", "cancelled"):
        sent = await refer(scene.town.world, scene.town.ehr, scene.town.pantry)
        parts = await scene.town.cbo.search("Task?part-of:missing=false")
        (child,) = [part for part in parts if part["partOf"] == [{"reference": sent.ref("Task")}]]
        scene.names[status] = child["id"]
        ways = ([op("replace", "/status", "accepted")], [op("replace", "/status", status), *DONE])
        for operations in ways:
            answer = await patches(f"Task/{child['id']}", *operations, by="cbo")(scene)
            assert answer.status_code == 200, answer.text
    await scene.town.world.settled()


DONE = (
    op("add", "/statusReason", {"text": "x"}),
    op("add", "/output", [{"type": {"text": "x"}, "valueString": "x"}]),
)


def answers(status: str, task: str, by: str, change: Any = None) -> Send:
    """The Task as it stands with another status, sent back."""

    async def send(scene: Scene) -> httpx.Response:
        reader = scene.town.cbo if by == "cbo" or task == "{child}" else scene.town.ehr
        tree = (await reader.get(scene.filled(f"Task/{task}"))).json()
        return await sends("PUT", f"Task/{task}", {**tree, "status": status}, by=by)(scene)

    return send


PATCHED = ("/id", "/resourceType", "/meta/security", "/meta", "/for", "/requester", "/for/reference", "")
POINTERS = ("/a" * 10_000, "/name/-", "/name/0/given/x", "name", "/name/01", "/~2", "/name/9", "/nothing/here")
GARBAGE = ("*", '"1"', "W/1", f'W/"{MARK}"', 'W/"1", W/"2"', "", "1")

ATTACKS = (
    Attack("B06", "on create", posts(resource("Patient", meta=META)), 201, after=ignored),
    Attack("B06", "on update", sends("PUT", "Patient/{mine}", resource("Patient", id="{mine}", meta=META)), 200, after=ignored),
    Attack("B07", "left out", sends("PUT", "Patient/{labelled}", resource("Patient", id="{labelled}")), 200, after=still_labelled, before=labelled),
    Attack("B07", "emptied", sends("PUT", "Patient/{labelled}", resource("Patient", id="{labelled}", meta={"tag": [{"code": "t"}]})), 200, after=still_labelled, before=labelled),
    *(Attack("B12", f"501 in a {kind}", bundles(kind, *[entry(resource("Patient"))] * 501), 413, "too-costly") for kind in ("batch", "transaction")),
    *(
        Attack("B14", f"in a {kind}", bundles(kind, {"resource": {"resourceType": "Bundle", "type": "collection"}, "request": {"method": "POST", "url": "Bundle"}}), 400, "invalid")
        for kind in ("batch", "transaction")
    ),
    Attack("B15", "one fullUrl twice", bundles("transaction", *[entry(resource("Patient"), "urn:uuid:0198c0de-0000-4000-8000-00000000000a")] * 2), 400, "invalid"),
    Attack("B15", "one resource twice", bundles("transaction", *[{"resource": resource("Patient", id="{mine}"), "request": {"method": "PUT", "url": "Patient/{mine}"}}] * 2), 400, "invalid"),
    Attack("B18", "no match", bundles("transaction", entry(resource("Patient")), conditional("Patient?identifier=urn:two|none")), 412, "not-found"),
    Attack("B18", "several", bundles("transaction", entry(resource("Patient")), conditional(f"Patient?{TWO}")), 412, "multiple-matches", before=two_alike),
    Attack("B19", "the last of fifty", bundles("transaction", *[entry(resource("Patient"))] * 49, entry(BAD)), 400, "code-invalid"),
    Attack("B19", "the last refers to nothing", bundles("transaction", *[entry(resource("Patient"))] * 49, conditional("Patient/{nobody}")), 422, "not-found"),
    Attack("B20", "one of two", bundles("batch", entry(resource("Patient")), entry(BAD)), 200, after=one_of_two_done),
    *(
        Attack("B21", f"{url} in a {kind}", bundles(kind, entries("POST", url)), 400, "invalid")
        for url in ("https://evil.example/fhir/Patient", "../Patient", "Patient/../../x", "/Patient", "//evil.example/Patient")
        for kind in ("batch", "transaction")
    ),
    *(Attack("B21", f"{method} in a {kind}", bundles(kind, entries(method, "Patient")), 400, "invalid") for method in ("CONNECT", "TRACE") for kind in ("batch", "transaction")),
    Attack("B23", "stale", sends("PUT", "Patient/{mine}", resource("Patient", id="{mine}"), If_Match='W/"7"'), 412, "conflict"),
    Attack("B24", "fifty at once", fifty_puts, 200),
    *(Attack("B25", repr(text), sends("PUT", "Patient/{mine}", resource("Patient", id="{mine}"), If_Match=text), 400, "value") for text in GARBAGE),
    *(Attack("B26", kind, sends("PUT", f"{kind}/{{{kind.lower()}}}", resource(kind, id=f"{{{kind.lower()}}}"), by="strict"), 400, "required", before=strict) for kind in ("Task", "ServiceRequest", "Consent")),
    *(Attack("B27", text, posts(resource("Patient"), If_None_Exist=text), 400, "not-supported") for text in ("foo=bar", f"name={MARK}", "identifier=a|1&active=true", "identifier=a")),
    Attack("B27", "nothing at all", posts(resource("Patient"), If_None_Exist=""), 400, "required"),
    Attack("B30", "others' alone", posts(resource("Patient", identifier=[{"system": "urn:alike", "value": "1"}]), If_None_Exist="identifier=urn:alike|1"), 201, after=no_hint, before=theirs_alike),
    Attack("B31", "eight at once", eight_of_one_key, 201),
    Attack("B32", "another body", posts(resource("Location", name=MARK), to="Location", Idempotency_Key="used"), 422, "business-rule", before=a_key_was_used),
    Attack("B33", "another client", posts(resource("Location", name="first"), to="Location", by="cbo", Idempotency_Key="used"), 201, after=new_for_them, before=a_key_was_used),
    *(Attack("B34", what, raw("POST", "/fhir/Patient", b'{"resourceType":"Patient"}', headers=(JSON, ("Idempotency-Key", key))), 400, "value") for what, key in (("10 KB", "k" * 10_240), ("not ASCII", "schlüssel"))),
    Attack("B35", "several", sends("PUT", f"Patient?{TWO}", resource("Patient")), 412, "multiple-matches", before=two_alike),
    Attack("B36", "by status", sends("DELETE", "Task?status=requested"), 405, "not-supported"),
    *(Attack("B38", f"{path} of a Task", patches("Task/{task}", op("replace", path, MARK)), 422, "business-rule") for path in PATCHED),
    *(Attack("B38", f"{path} of a Patient", patches("Patient/{mine}", op("add", path, MARK)), 422, "business-rule") for path in PATCHED[:4]),
    Attack("B38", "moved away", patches("Task/{task}", op("move", "/description", source="/for")), 422, "business-rule"),
    Attack("B40", "fails", patches("Patient/{mine}", op("test", "/gender", MARK), op("add", "/active", True)), 422, "business-rule"),
    *(Attack("B41", path[:12], patches("Patient/{mine}", op("replace", path, True)), 400, "invalid") for path in POINTERS),
    Attack("B42", "as JSON", patches("Patient/{mine}", op("add", "/active", True), Content_Type="application/json"), 415, "not-supported"),
    Attack("B42", "as FHIR", patches("Patient/{mine}", op("add", "/active", True), Content_Type=FHIR_JSON), 415, "not-supported"),
    Attack("B43", "completed to requested", answers("requested", "{completed}", "cbo"), 422, "business-rule", before=ended),
    Attack("B43", "cancelled to in-progress", answers("in-progress", "{cancelled}", "cbo"), 422, "business-rule"),
    Attack("B43", "a referral done before it is accepted", answers("completed", "{child}", "cbo"), 422, "business-rule"),
    Attack("B44", "the shelter takes the pantry's", answers("accepted", "{child}", "other_cbo"), 404, "not-found"),
)  # fmt: skip


@told_apart(ATTACKS)
async def test_it_is_done_once_and_whole_or_not_at_all(scene: Scene, attack: Attack) -> None:
    await carry_out(scene, attack)


async def test_a_part_of_a_resource_does_not_overwrite_the_whole(scene: Scene) -> None:
    """*Source*: R4 search.html#summary."""
    part = (await scene.town.ehr.get(f"Patient/{scene.names['mine']}?_elements=gender")).json()
    before = await scene.stored()
    for kind in ("batch", "transaction"):
        bundle = await bundles(kind, {"resource": part, "request": {"method": "PUT", "url": "Patient/{mine}"}})(scene)
        assert "subsetted" in bundle.text
    refused(await scene.town.ehr.update(part), 422, "business-rule", rule="subsetted")
    assert await scene.stored() == before
