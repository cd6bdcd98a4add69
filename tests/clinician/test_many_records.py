"""As many records as may go along with one referral: every form takes them, with everything else that can be filled in."""

import pytest

from app.services.clinician.send import MAX_RECORDS
from app.web.pages.forms import MAX_FIELDS
from tests.clinician.charts import answer
from tests.clinician.ward import FOOD, AtChart, Ward
from tests.pages.browsing import Forms

TICKS = {"urgent": "yes", "do_not_contact": "yes"}


@pytest.fixture
async def here(ward: Ward) -> AtChart:
    """At a person who was asked twice at each of ten visits."""
    ward.ehr.chart = {f"Observation/o{n}": answer(f"o{n}") for n in range(MAX_RECORDS)}
    return await ward.launched()


async def test_all_records_and_both_ticks_go_along(ward: Ward, here: AtChart) -> None:
    page = await here.chooses(ward.town.pantry, words="Ten visits", wish="By text", **TICKS)
    assert page.status_code == 200, here.text()
    page = await here.press("Send referral", basis="signed", signed="Marisol Ruiz")
    assert "The referral was sent" in here.text()
    await ward.town.world.settled()
    assert len(await ward.town.cbo.search("Observation?_count=50")) == MAX_RECORDS


async def test_one_can_go_back_and_forth_with_all_of_them(ward: Ward, here: AtChart) -> None:
    await here.chooses(ward.town.pantry, words="Ten visits", wish="By text", **TICKS)
    page = await here.press("Change this", back="yes")
    assert page.status_code == 200, here.text()
    page = await here.press("Next: see what is shared")
    assert page.status_code == 200, here.text()
    assert page.text.count('value="Observation/') == 2 * MAX_RECORDS


async def test_no_form_of_hers_can_have_more_fields_than_are_read(ward: Ward, here: AtChart) -> None:
    """The buttons' names and what is ticked later count, too."""
    await here.chooses(ward.town.pantry, FOOD, words="Ten visits", wish="By text", **TICKS)
    largest = max(len({*form.fields, "basis", "back"}) for form in Forms(here.page.text).forms)
    assert MAX_RECORDS < largest <= MAX_FIELDS
