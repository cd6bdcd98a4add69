"""What an EHR answers may be of any shape: the pages stand, and say what could not be read."""

from typing import Any

import pytest
from starlette.responses import JSONResponse, Response

from tests.clinician.charts import condition
from tests.clinician.ward import Ward
from tests.launch.ehr import FakeEhr, Tree, person

DOCTOR = {"resourceType": "Practitioner", "id": "d1"}
ODD: dict[str, dict[str, Any]] = {
    "an id that is a number": {"Condition/7": condition(7)},
    "an id that is an object": {"Condition/7": condition({"a": 1})},
    "an id that is a list": {"Condition/7": condition(["a"])},
    "an id that is too long": {"Condition/7": condition("x/../" * 100)},
    "codes that are texts": {"Condition/7": condition("7", code="x", category="y")},
    "nulls": {"Condition/7": condition("7", category=[None], clinicalStatus=None)},
    "a patient's name that is a text": {"Patient/p1": person("p1") | {"name": "Ruiz"}},
    "a patient's name that is an object": {"Patient/p1": person("p1") | {"name": {"family": "Ruiz"}}},
    "a patient's identifier that is an object": {"Patient/p1": person("p1") | {"identifier": {"value": "x"}}},
    "a patient's identifiers that are texts": {"Patient/p1": person("p1") | {"identifier": ["x"]}},
    "a type that is a text": {"Patient/p1": person("p1") | {"identifier": [{"type": "MR", "value": "1"}]}},
    "a clinician's name that is an object": {"Practitioner/d1": DOCTOR | {"name": {"family": "N"}, "telecom": [None]}},
    "a clinician's name that is a number": {"Practitioner/d1": DOCTOR | {"name": 7}},
}
UNREADABLE = frozenset(name for name, chart in ODD.items() if "Condition/7" not in chart)


@pytest.mark.parametrize("odd", ODD)
async def test_the_pages_stand_whatever_the_chart_holds(ward: Ward, odd: str) -> None:
    here = await ward.launched()
    ward.ehr.chart |= ODD[odd]
    for opens in (here.open, here.asks):
        page = await opens()
        assert page.status_code == 200, page.url
        assert "Marisol Ruiz" in page.text
    if odd in UNREADABLE:
        assert "Not all of the chart could be read" in here.text()


@pytest.mark.parametrize("odd", ODD)
async def test_a_launch_opens_whatever_the_chart_holds(ward: Ward, odd: str) -> None:
    ward.ehr.chart |= ODD[odd]
    here = await ward.launched()
    page = await here.open()
    assert page.status_code == 200
    assert ("Marisol Ruiz" in page.text) == ("patient's name" not in odd)


@pytest.mark.parametrize("odd", ["an id that is a number", "a clinician's name that is an object"])
async def test_a_patient_is_referred_all_the_same(ward: Ward, odd: str) -> None:
    here = await ward.launched()
    ward.ehr.chart |= ODD[odd]
    await here.refers(ward.town.pantry)
    assert "The referral was sent" in here.text()


async def test_a_next_link_that_is_no_address_is_told_of(ward: Ward) -> None:
    here = await ward.launched()
    ward.ehr.__class__ = EndingBadly
    assert (await here.open()).status_code == 200
    assert "Not all of the chart could be read" in here.text()


class EndingBadly(FakeEhr):
    """Its searches lead on to where nothing is."""

    def _bundle(self, kind: str, found: list[Tree]) -> Response:
        link = [{"relation": "next", "url": "//["}]
        return JSONResponse({"resourceType": "Bundle", "type": "searchset", "link": link, "entry": []})
