"""Olga's pages on a real server: she passes on, ends and withdraws, and nothing goes out without a basis."""

import pytest

from tests.pages.sending import PAPER
from tests.pages.town import ROSA, Town

pytestmark = pytest.mark.anyio


async def test_olga_reads_the_paper_and_passes_the_referral_on(town: Town) -> None:
    await town.refer(to=None, consented=None)
    olga = await town.sign_in("olga@example.org")
    await olga.open_row(ROSA)
    address = olga.page.url.path
    paper = await olga.http.get(f"{address}/consent-document")
    assert paper.content == PAPER
    assert paper.headers["content-disposition"].startswith("attachment")
    assert paper.headers["content-type"] == "application/octet-stream"
    assert "sandbox" in paper.headers["content-security-policy"]
    assert (await olga.press("Pass on", to="", basis="", attestation="")).status_code == 422
    assert "Choose who gets the referral" in olga.page.text
    typed = {"to": str(town.second), "basis": "paper"}
    assert (await olga.press("Pass on", **typed, attestation="")).status_code == 422
    await olga.press("Pass on", **typed, attestation="Signed paper of January 5 names Open Door")
    assert olga.page.url.path == "/ops"
    await town.world.settled()
    ben = await town.sign_in("ben@example.org")
    assert ROSA in ben.page.text


async def test_a_consent_that_names_nobody_admits_nobody(town: Town) -> None:
    await town.refer(to=town.first, consented=None)
    olga = await town.sign_in("olga@example.org")
    await olga.open_row(ROSA)
    await olga.press("Pass on", to=str(town.first), basis="consent", attestation="")
    assert olga.page.status_code == 422
    ana = await town.sign_in("ana@example.org")
    assert ROSA not in ana.page.text


async def test_withdrawing_consent_closes_anas_page_at_once(town: Town) -> None:
    await town.refer()
    ana, olga = await town.sign_in("ana@example.org"), await town.sign_in("olga@example.org")
    address = (await ana.open_row(ROSA)).url.path
    await olga.open("/ops/open")
    await olga.open_row(ROSA)
    await olga.press("Withdraw consent")
    assert "What happens then" in olga.page.text
    await olga.press("Withdraw consent")
    assert "The consent is withdrawn" in olga.page.text
    assert (await ana.open(address)).status_code == 404
    assert ROSA not in (await ana.open("/inbox")).text


async def test_ending_a_referral_asks_why(town: Town) -> None:
    await town.refer(to=None)
    olga = await town.sign_in("olga@example.org")
    await olga.open_row(ROSA)
    await olga.press("End referral")
    assert (await olga.press("End referral", words="")).status_code == 422
    await olga.press("End referral", words="The person moved away")
    assert "The referral has ended" in olga.page.text
    assert ROSA not in olga.page.text
    assert ROSA not in (await olga.open("/ops/open")).text
