"""A person with more referrals than one page holds: the older ones are found, opened, and known when sent again."""

from collections.abc import AsyncIterator
from uuid import UUID

import pytest

from app.services.clinician import status
from tests.clinician.conftest import a_ward
from tests.clinician.ward import AtChart, Ward
from tests.conftest import Database

EACH = 2


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of three referrals two stand on a page."""
    monkeypatch.setattr(status, "MOST", EACH)


async def three_referrals(ward: Ward) -> AtChart:
    at_chart = await ward.launched()
    for to in (ward.town.pantry, ward.town.shelter, ward.town.pantry):
        await at_chart.refers(to)
    await ward.town.world.settled()
    return at_chart


@pytest.fixture(scope="module")
async def looked_at(module_database: Database, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[AtChart]:
    """For the tests that change nothing."""
    async with a_ward(module_database, tmp_path_factory.mktemp("ward")) as ward:
        yield await three_referrals(ward)


@pytest.fixture
async def here(few: None, ward: Ward) -> AtChart:
    return await three_referrals(ward)


async def oldest(ward: Ward) -> UUID:
    return UUID(str((await ward.referrals())[0]["id"]))


@pytest.mark.usefixtures("few")
async def test_older_ones_stand_on_a_page_of_their_own_which_keeps_itself_up(looked_at: AtChart) -> None:
    here, key = looked_at, await oldest(looked_at.ward)
    page = await here.open()
    assert str(key) not in page.text
    assert page.text.count('<li class="row') == EACH
    assert f'{here.home}/status?page=2">Older referrals' in page.text
    page = await here.open("/status?page=2")
    assert f"{here.home}/referrals/{key}" in page.text
    assert page.text.count('<li class="row') == 1
    assert f'data-refresh="{here.home}/status?page=2"' in page.text
    assert "Newer referrals" in page.text
    assert "Older referrals" not in page.text


@pytest.mark.parametrize("number", ["0", "-1", "x", "", "99999", "²"])
@pytest.mark.usefixtures("few")
async def test_what_is_no_page_is_the_first(looked_at: AtChart, number: str) -> None:
    page = await looked_at.open(f"/status?page={number}")
    assert page.status_code == 200
    assert page.text.count('<li class="row') == EACH


async def test_an_older_one_is_opened_and_cancelled_like_any_other(ward: Ward, here: AtChart) -> None:
    key = await oldest(ward)
    page = await here.open(f"/referrals/{key}")
    assert page.status_code == 200
    await here.open(f"/referrals/{key}/cancel")
    await here.press("Cancel referral", words="She has moved away")
    assert "The referral was cancelled" in here.text()


async def test_the_form_of_an_older_one_sent_again_is_known(ward: Ward, here: AtChart) -> None:
    await here.chooses(ward.town.shelter)
    form = here.page
    await here.press("Send referral", basis="signed", signed="Marisol Ruiz")
    await here.refers(ward.town.pantry)
    await here.refers(ward.town.pantry)
    made = len(await ward.referrals())
    here.doctor.page = form
    page = await here.press("Send referral", basis="signed", signed="Marisol Ruiz")
    assert page.status_code == 200
    assert "The referral was sent" in here.text()
    assert len(await ward.referrals()) == made
