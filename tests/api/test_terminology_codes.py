"""Is a code in a value set, and what does it mean? `ValueSet/$validate-code`, `CodeSystem/$lookup`.

*Source*: R4 valueset-operation-validate-code.html, codesystem-operation-lookup.html.
"""

from typing import Any

import httpx
import pytest

from tests.api.answers import MARK, refused
from tests.api.test_terminology import FOOD, SNOMED, STATUS, STATUSES, UNLISTED, ask, expanded, id_of, post
from tests.town import Town

VALIDATE, LOOKUP = "ValueSet/$validate-code", "CodeSystem/$lookup"
READY = {"system": STATUS, "code": "ready"}
URL = {"name": "url", "valueUri": STATUSES}


def told(answer: httpx.Response) -> dict[str, Any]:
    """name -> value of a Parameters resource."""
    assert answer.status_code == 200, answer.text
    tree = answer.json()
    assert tree["resourceType"] == "Parameters"
    return {each["name"]: value for each in tree["parameter"] for key, value in each.items() if key != "name"}


async def test_a_code_of_the_set_is_in_it(town: Town) -> None:
    answer = told(await ask(town.ehr, VALIDATE, url=STATUSES, **READY))
    assert answer == {"result": True, "display": "Ready"}
    by_id = await ask(town.ehr, f"ValueSet/{await id_of(town.ehr, STATUSES)}/$validate-code", **READY)
    assert told(by_id) == answer


@pytest.mark.parametrize("wrong", [{"code": MARK}, {"system": f"urn:{MARK}"}, {"code": "READY"}])
async def test_a_code_that_is_not_in_the_set_is_told_so(town: Town, wrong: dict[str, str]) -> None:
    answer = await ask(town.ehr, VALIDATE, url=STATUSES, **{**READY, **wrong})
    assert told(answer) == {"result": False, "message": "the code is not in this value set"}
    assert MARK not in answer.text


async def test_words_that_are_not_the_codes_are_wrong(town: Town) -> None:
    assert told(await ask(town.ehr, VALIDATE, url=STATUSES, display="ready", **READY))["result"] is True
    answer = await ask(town.ehr, VALIDATE, url=STATUSES, display=MARK, **READY)
    assert (told(answer)["result"], told(answer)["display"]) == (False, "Ready")
    assert "means something else" in told(answer)["message"]
    assert MARK not in answer.text
    coding = {"name": "coding", "valueCoding": {**READY, "display": MARK}}
    assert told(await post(town.ehr, VALIDATE, URL, coding))["result"] is False


async def test_a_coding_and_a_concept_can_be_asked_about(town: Town) -> None:
    coding = {"name": "coding", "valueCoding": READY}
    assert told(await post(town.ehr, VALIDATE, URL, coding))["result"] is True
    other = {"system": "urn:s", "code": "x"}
    for listed, result in (([other, READY], True), ([other], False)):
        concept = {"name": "codeableConcept", "valueCodeableConcept": {"coding": listed, "text": "words"}}
        assert told(await post(town.ehr, VALIDATE, URL, concept))["result"] is result


async def test_a_code_without_a_system_is_of_none(town: Town) -> None:
    refused(await ask(town.ehr, VALIDATE, url=STATUSES, code="ready"), 400, "required", at="system")
    coding = {"name": "coding", "valueCoding": {"code": "ready"}}
    assert told(await post(town.ehr, VALIDATE, URL, coding))["result"] is False


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"name": "coding", "valueCoding": {"system": STATUS}}, "invalid"),
        ({"name": "coding", "valueCoding": {"system": STATUS, "code": [MARK]}}, "invalid"),
        ({"name": "coding", "valueCoding": {"system": {}, "code": MARK}}, "invalid"),
        ({"name": "codeableConcept", "valueCodeableConcept": {"coding": MARK}}, "required"),
        ({"name": "codeableConcept", "valueCodeableConcept": {"coding": [MARK]}}, "invalid"),
        ({"name": "codeableConcept", "valueCodeableConcept": {"text": MARK}}, "required"),
        ({"name": "coding", "valueString": MARK}, "required"),
    ],
)
async def test_what_is_no_code_is_refused(town: Town, given: dict[str, Any], code: str) -> None:
    refused(await post(town.ehr, VALIDATE, URL, given), 400, code, rule="terminology-code")


async def test_where_nobody_can_tell_that_is_the_answer(town: Town) -> None:
    """Also of all codes of a system that is not listed here, of which a write may bring any."""
    answer = await ask(town.ehr, VALIDATE, url=UNLISTED, system="http://hl7.org/fhir/sid/icd-10-cm", code=MARK)
    refused(answer, 422, "not-supported", rule="value-set-unlisted")
    answer = await ask(town.ehr, VALIDATE, url=UNLISTED, system=SNOMED, code=MARK)
    refused(answer, 422, "not-supported", rule="value-set-unlisted")
    # of another system it can be told
    assert told(await ask(town.ehr, VALIDATE, url=UNLISTED, **READY))["result"] is False
    unknown = await ask(town.ehr, VALIDATE, url=f"urn:{MARK}", **READY)
    refused(unknown, 404, "not-found", rule="value-set-unknown")


async def test_xml_asks_about_a_coding_too(town: Town) -> None:
    body = f"""<Parameters xmlns="http://hl7.org/fhir"><parameter><name value="url"/><valueUri value="{STATUSES}"/>
        </parameter><parameter><name value="coding"/><valueCoding><system value="{STATUS}"/><code value="ready"/>
        </valueCoding></parameter></Parameters>"""
    headers = {"Content-Type": "application/fhir+xml", "Accept": "application/fhir+xml"}
    answer = await town.ehr.http.post(f"/fhir/{VALIDATE}", content=body, headers=headers)
    assert answer.status_code == 200, answer.text
    assert '<name value="result"/><valueBoolean value="true"/>' in answer.text


async def test_a_code_is_looked_up(town: Town) -> None:
    found = told(await ask(town.ehr, LOOKUP, **READY))
    assert (found["display"], found["version"]) == ("Ready", "4.0.1")
    assert found["name"]
    assert told(await post(town.ehr, LOOKUP, {"name": "coding", "valueCoding": READY})) == found
    assert told(await ask(town.ehr, LOOKUP, version="4.0.1", **READY)) == found


async def test_a_code_of_the_catalogue_is_looked_up_in_a_system_of_which_we_have_a_part(town: Town) -> None:
    (one, *_) = expanded(await ask(town.ehr, "ValueSet/$expand", url=FOOD))["contains"]
    found = told(await ask(town.ehr, LOOKUP, system=one["system"], code=one["code"]))
    assert found["display"] == one["display"]


@pytest.mark.parametrize("wrong", [{"code": MARK}, {"system": f"urn:{MARK}"}, {"version": MARK}])
async def test_what_nobody_here_knows_is_not_there(town: Town, wrong: dict[str, str]) -> None:
    refused(await ask(town.ehr, LOOKUP, **{**READY, **wrong}), 404, "not-found", rule="code-unknown")


async def test_a_look_up_needs_a_code_and_its_system(town: Town) -> None:
    for given in ({}, {"code": "ready"}, {"system": STATUS}):
        refused(await ask(town.ehr, LOOKUP, **given), 400, "required", rule="terminology-code")
    coding = {"name": "coding", "valueCoding": {"code": "ready"}}
    refused(await post(town.ehr, LOOKUP, coding), 400, "required", rule="terminology-code")
    refused(await ask(town.ehr, LOOKUP, property=MARK, **READY), 400, "not-supported", rule="operation-parameter")
