"""Marked secrets and names go through every kind of launch, and are looked for wherever they must not be."""

import io
import re
from urllib.parse import urlencode

from starlette.responses import JSONResponse

from app.log import configure
from app.services.launch.refusals import RULES
from tests.launch.door import Door, changing, parameters
from tests.launch.ehr import NAMES
from tests.parts import ROOT

NAME, MRN = "Marisol", "MRN-p1"
SECRET = "CANARY-of-the-ehr"


async def test_nothing_of_a_launch_gets_into_logs_addresses_that_stay_or_error_pages(door: Door) -> None:
    """APP-08, LOG-01, WEB-14"""
    log = io.StringIO()
    configure("debug", log)
    pages, kept = [], []
    try:
        for change in ({}, {"patient": "../CANARY-of-the-ehr"}, {"token_type": SECRET}, {"error": SECRET}):
            door.ehr.token = changing(change)
            kept.append((await door.doctor.launch()).headers.get("location", ""))
            pages.append(door.doctor.page)
        door.ehr.token = lambda _: JSONResponse({"error": "invalid_grant", "error_description": SECRET}, 400)
        pages += [await door.doctor.launch(), await door.doctor.back(str(door.doctor.page.url))]
        door.ehr.answer = lambda answer: {"state": answer["state"], "error": SECRET, "error_description": SECRET}
        pages += [await door.doctor.launch(), await door.doctor.begin(launch=f"{SECRET} {SECRET}")]
        pages.append(await door.doctor.begin(iss=f"https://{SECRET}.example/fhir"))
        kept.append((await door.doctor.open("/clinician")).headers["location"])
    finally:
        configure("error")
    forbidden = secrets_of(door) | {SECRET, NAME, MRN, NAMES["p1"][0]}
    assert len(forbidden) > 20
    audit = str(await door.town.world.rows("SELECT action, outcome, client, detail FROM audit"))
    places = {"log": log.getvalue(), "addresses": " ".join(kept), "audit": audit}
    places |= {f"page {n}": page.text + str(sorted(page.headers.items())) for n, page in enumerate(pages)}
    found = [(place, word) for place, text in places.items() for word in forbidden if word in text]
    assert found == []
    assert '"route":"/launch"' in log.getvalue()


def secrets_of(door: Door) -> set[str]:
    """Every code, state, nonce, handle and token that the EHR saw or gave out."""
    asked = {each[name] for each in door.ehr.authorizations for name in ("state", "nonce", "code_challenge", "launch")}
    sent = {value for form in door.ehr.exchanges for name, value in form.items() if name in ("code", "code_verifier")}
    return asked | sent | door.ehr.tokens | set(door.ehr.refreshes)


async def test_a_page_that_says_no_forgets_the_address_that_brought_it(door: Door) -> None:
    """Codes and states stay neither in the history (a script of ours) nor in the Referer of what is loaded next."""
    answer = await door.doctor.back("/launch/callback?" + urlencode({"state": "x" * 43, "code": SECRET}))
    assert "data-forget-query" in answer.text
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cache-control"] == "no-store"
    (script,) = re.findall(r'<script src="([^"]+)" defer>', answer.text)
    assert "history.replaceState(null" in (await door.doctor.open(script)).text


async def test_the_pages_of_a_launch_name_nothing_in_their_address(door: Door) -> None:
    await door.doctor.begin()
    there = await door.doctor.at_the_ehr()
    answer = await door.doctor.back(there)
    assert re.fullmatch(r"/clinician/[0-9a-f-]{36}", answer.headers["location"])
    assert not [value for value in parameters(there).values() if value in answer.headers["location"]]


def test_the_guide_explains_every_word_that_a_refused_launch_tells() -> None:
    told = set(re.findall(r"`(launch-[a-z-]+)`", (ROOT / "docs" / "ehr-guide.md").read_text()))
    assert told == set(RULES)
