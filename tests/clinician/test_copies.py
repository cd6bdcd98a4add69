"""A copy is another system's truth: what is kept of it stays as it is, with what is wrong with it, but for harm."""

import json
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.services.clinician.copies import as_copy, same
from app.services.steps.structure import MAX_COPY_BYTES, judge_copy
from tests.clinician.charts import answer, condition, consent
from tests.clinician.ward import Ward
from tests.fhir.builders import minimal

SCRIPTED = '<div xmlns="http://www.w3.org/1999/xhtml"><script>x()</script></div>'
BASE = "https://ehr.example/fhir"


def without(tree: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in tree.items() if name not in names}


@pytest.mark.parametrize(
    ("tree", "rule"),
    [
        (without(answer(), "status"), "required-element"),
        (answer(status="bogus"), "required-code"),
        (condition(recordedDate="4 March"), "date-form"),
        (condition(newInR5="x"), "unknown-element"),
        (condition(onsetDateTime="2026", onsetString="spring"), "choice-type"),
    ],
)
def test_what_is_only_wrong_is_kept_and_noted(tree: dict[str, Any], rule: str) -> None:
    refused, flaws = judge_copy(tree)
    assert refused == ()
    assert rule in {issue.rule for issue in flaws}


@pytest.mark.parametrize(
    ("tree", "rule"),
    [
        (condition(text={"status": "generated", "div": SCRIPTED}), "txt-1"),
        (condition(category="health-concern"), "json-type"),
        (condition(subject={"reference": "somebody"}), "reference-form"),
        (condition(note=[{"text": "x" * (MAX_COPY_BYTES + 1)}]), "copy-size"),
        (minimal("Patient", identifier=[{"system": "urn:x", "value": "1\u200b2"}]), "invisible-character"),
        (without(consent("Organization/1"), "scope"), "required-element"),
    ],
)
def test_what_has_no_shape_is_too_large_or_could_do_harm_is_refused(tree: dict[str, Any], rule: str) -> None:
    refused, _ = judge_copy(tree)
    assert rule in {issue.rule for issue in refused}


async def test_a_flawed_record_goes_along_as_it_is_and_its_flaws_are_kept_beside_it(ward: Ward) -> None:
    ward.ehr.chart["Condition/food"] = condition(
        recordedDate="4 March", identifier=[{"value": "7", "assigner": {"reference": "Organization/nowhere"}}]
    )
    here = await ward.launched()
    await here.asks()
    assert "Not quite in the form that it should have" in here.text()
    await here.refers(ward.town.pantry)
    await ward.town.world.settled()
    (kept,) = await ward.town.cbo.search("Condition")
    assert kept["recordedDate"] == "4 March"
    assert kept["identifier"][0]["assigner"]["reference"] == f"{ward.ehr.base}/Organization/nowhere"
    (row,) = await ward.town.world.rows("SELECT flaws FROM origin WHERE type = 'Condition'")
    assert {"rule": "date-form", "at": "Condition.recordedDate"} in json.loads(row["flaws"])


async def test_a_record_that_could_do_harm_is_not_offered_and_not_taken(ward: Ward) -> None:
    ward.ehr.chart["Condition/food"] = condition(identifier=[{"system": "urn:x", "value": "1\u200b2"}])
    here = await ward.launched()
    await here.chooses(ward.town.pantry)
    assert "No record" not in here.text()  # the screening answer still goes along
    await here.asks()
    assert "Cannot be sent" in here.text()
    await here.press("Next: see what is shared", to=str(ward.town.pantry), record1="Condition/food")
    page = await here.press("Send referral", basis="signed", signed="Marisol Ruiz")
    assert page.status_code == 422
    assert "not fit to be shared" in here.text()
    assert await ward.referrals() == []


references = st.sampled_from(
    ["Patient/p1", "Observation/1/_history/2", "#inside", "https://x.example/fhir/Patient/1", "urn:oid:1.2.3", "odd"]
)
trees = st.recursive(
    st.builds(lambda text: {"reference": text}, references) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b", "c"]), inner, max_size=3),
    max_leaves=8,
)


@given(trees, st.text(max_size=3), st.text(max_size=3))
def test_making_a_copy_twice_changes_nothing_more_and_the_servers_stamps_do_not_count(
    inside: Any, version: str, other: str
) -> None:
    tree = {"resourceType": "Basic", "id": "1", "meta": {"versionId": version}, "inside": inside}
    before = deepcopy(tree)
    once = as_copy(tree, BASE)
    assert tree == before
    assert as_copy(once, BASE) == once
    assert same(once, as_copy({**tree, "meta": {"versionId": other, "lastUpdated": "later"}}, BASE))
    assert _relative(once) == []
    assert not same(once, as_copy({**tree, "inside": [inside, "more"]}, BASE))


def _relative(node: Any) -> list[str]:
    if isinstance(node, dict):
        own = [node["reference"]] if str(node.get("reference", "")).startswith(("Patient/", "Observation/")) else []
        return own + [each for value in node.values() for each in _relative(value)]
    return [each for value in node for each in _relative(value)] if isinstance(node, list) else []
