"""What went in comes out: HL7's own examples of the guide, to the letter but for what a server assigns."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.builders import DELETE, entry, ids_of, minimal, put_entry, resource, urn
from tests.fhir.reference import examples
from tests.parts import SHARED
from tests.town import Town
from tests.world import FHIR_JSON

SERVED = frozenset(
    [
        "ServiceRequest",
        "Task",
        "Consent",
        "Patient",
        "RelatedPerson",
        "Organization",
        "Practitioner",
        "PractitionerRole",
        "Condition",
        "Observation",
        "QuestionnaireResponse",
        "Goal",
        "Procedure",
        "Location",
        "HealthcareService",
        "DocumentReference",
    ]
)
NAMES = sorted(
    name
    for name in (path.name for path in (SHARED / "fhir" / "examples").glob("*.json"))
    if name.split("-")[0] in SERVED
)
REFERRAL, FOR_PATIENT = "requested", "ready"
# the network serves no Device: its reference is sent as one of a registered EHR, which stays as written
EHR = "https://ehr.example/fhir"


class Literal(str):
    """A number as it was written."""


def read(body: bytes) -> Any:
    return json.loads(body, parse_float=Literal, parse_int=Literal, object_pairs_hook=lambda pairs: tuple(pairs))


def as_sent(pairs: Any) -> Any:
    """A tree that a test may change; numbers stay text."""
    if isinstance(pairs, tuple):
        return {name: as_sent(value) for name, value in pairs}
    return [as_sent(item) for item in pairs] if isinstance(pairs, list) else pairs


def write(tree: Any) -> str:
    """JSON with its numbers as they were written."""
    if isinstance(tree, Literal):
        return str(tree)
    if isinstance(tree, dict):
        return "{" + ",".join(f"{json.dumps(name)}:{write(value)}" for name, value in tree.items()) + "}"
    if isinstance(tree, list):
        return "[" + ",".join(map(write, tree)) + "]"
    return json.dumps(tree)


def holders(tree: Any) -> Iterator[dict[str, Any]]:
    for value in tree.values() if isinstance(tree, dict) else tree if isinstance(tree, list) else ():
        yield from holders(value)
    if isinstance(tree, dict) and isinstance(tree.get("reference"), str):
        yield tree


def without_what_is_assigned(tree: dict[str, Any]) -> dict[str, Any]:
    meta = {name: value for name, value in tree.get("meta", {}).items() if name not in ("versionId", "lastUpdated")}
    return {
        **{name: value for name, value in tree.items() if name not in ("id", "meta")},
        **({"meta": meta} if meta else {}),
    }


def supplied(reference: str) -> dict[str, Any]:
    """A minimal resource for a reference whose target is not among those sent; nothing in it refers to anything."""
    tree = minimal(reference.split("/")[0])
    for type_name, names in (("Task", ("focus", "for", "requester", "owner", "code")), ("Organization", ("partOf",))):
        if tree["resourceType"] == type_name:
            tree = {name: value for name, value in tree.items() if name not in names}
    return tree


@pytest.fixture(scope="module")
async def registered(town: Town) -> Town:
    from app.services.directory.register_ehr import Ehr, register_ehr

    await register_ehr(town.world.network, Ehr("EHR", EHR, town.clinic))
    return town


@pytest.mark.needs("shared")
@pytest.mark.parametrize("name", NAMES)
async def test_an_example_reads_back_as_it_was_sent(registered: Town, name: str) -> None:
    town, body = registered, examples()[name]
    tree = as_sent(read(body))
    if tree["resourceType"] == "Task":
        tree["status"] = FOR_PATIENT if "TaskPatient" in name else REFERRAL
    needed: list[dict[str, Any]] = []
    assigned: dict[str, str] = {}
    for holder in holders(tree):
        text = holder["reference"]
        if text.startswith("Device/"):
            holder["reference"] = f"{EHR}/{text}"
        elif not text.startswith("#"):
            if text not in assigned:
                assigned[text] = urn()
                needed += with_targets(supplied(text), assigned[text])
            holder["reference"] = assigned[text]
    made = await send(town, [*needed, entry(tree)])
    ids = [place["response"]["location"].split("/")[-4:-2] for place in made["entry"]]
    places = {each["fullUrl"]: "/".join(id) for each, id in zip(needed, ids, strict=False)}
    for holder in holders(tree):
        holder["reference"] = places.get(holder["reference"], holder["reference"])
    answer = await town.ehr.get("/".join(ids[-1]))
    back = as_sent(read(answer.content))
    assert without_what_is_assigned(back) == without_what_is_assigned(tree)
    assert [name for name in back if name not in ("id", "meta")] == [
        name for name in tree if name not in ("id", "meta")
    ]

    again = {**tree, "id": ids[-1][1]}
    put = await town.ehr.http.put(
        "/fhir/" + "/".join(ids[-1]), content=write(again), headers={"Content-Type": FHIR_JSON}
    )
    assert put.status_code == 200, put.text
    assert put.headers["etag"] == 'W/"2"' or tree["resourceType"] == "Task"
    changed = as_sent(read((await town.ehr.get("/".join(ids[-1]))).content))
    assert without_what_is_assigned(changed) == without_what_is_assigned(tree)


def with_targets(tree: dict[str, Any], full_url: str) -> list[dict[str, Any]]:
    """The entry of a supplied resource, after those of what it needs itself."""
    targets: list[dict[str, Any]] = []
    for holder in holders(tree):
        place = urn()
        targets += with_targets(supplied(holder["reference"]), place)
        holder["reference"] = place
    return [*targets, entry(tree, full_url)]


async def send(town: Town, entries: list[dict[str, Any]]) -> Any:
    body = write({"resourceType": "Bundle", "type": "transaction", "entry": entries})
    answer = await town.ehr.http.post("/fhir", content=body, headers={"Content-Type": FHIR_JSON})
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.mark.parametrize("literal", ["1.10", "1.0", "100", "0.1000000000000000055511151231257827", "1e2", "-0", "1E-7"])
async def test_a_decimal_keeps_the_form_in_which_it_was_written(town: Town, literal: str) -> None:
    """A11, A12, INP-02."""
    person = (await town.ehr.create(minimal("Patient"))).json()["id"]
    quantity = {"value": Literal(literal)}
    sent = resource("Observation", subject=f"Patient/{person}", valueCodeableConcept=DELETE, valueQuantity=quantity)
    answer = await town.ehr.http.post("/fhir/Observation", content=write(sent), headers={"Content-Type": FHIR_JSON})
    assert answer.status_code == 201, answer.text
    for text in (answer.text, (await town.ehr.get(f"Observation/{answer.json()['id']}")).text,
                 (await town.ehr.get(f"Observation?patient={person}")).text):  # fmt: skip
        assert f'"value":{literal}}}' in text


async def test_what_a_sender_marks_stays(town: Town) -> None:
    """Profile, tag, security, source and the sender's own extensions; also under another version."""
    meta = {
        "extension": [{"url": "http://sender.example/x", "valueString": "kept"}],
        "source": "http://sender.example/Patient/1",
        "profile": ["http://sender.example/profile|1.0"],
        "security": [{"system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "code": "R"}],
        "tag": [{"system": "http://sender.example/tags", "code": "t"}],
    }
    made = (await town.ehr.create(minimal("Patient", meta=meta))).json()
    changed = (await town.ehr.update(made)).json()
    for back in (made, changed, (await town.ehr.get(f"Patient/{made['id']}/_history/1")).json()):
        assert {name: value for name, value in back["meta"].items() if name not in ("versionId", "lastUpdated")} == meta


async def test_every_version_is_kept(town: Town) -> None:
    made = (await town.ehr.create(minimal("Location", name="one"))).json()
    await town.ehr.bundle("transaction", [put_entry({**made, "name": "two"})])
    versions = [(await town.ehr.get(f"Location/{made['id']}/_history/{n}")).json() for n in (1, 2)]
    assert [(each["name"], each["meta"]["versionId"]) for each in versions] == [("one", "1"), ("two", "2")]
    assert versions[0] == made
    assert (await town.ehr.get(f"Location/{made['id']}/_history/3")).status_code == 404


async def test_ids_are_told_by_type(town: Town) -> None:
    answer = await town.ehr.bundle("transaction", [entry(minimal("Location"))])
    assert (await town.ehr.get(f"Location/{ids_of(answer)['Location']}")).status_code == 200
