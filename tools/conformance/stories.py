"""The stories by HTTP alone: people answer on the pages as a browser without script does, systems by FHIR."""

import asyncio
import re

from tests.pages.browsing import Browser
from tests.stories.answering import answer, complete
from tests.stories.plain import PlainClinician
from tests.stories.referral import Referral, Sent, drawn_referral, guides_referral, send, with_consent_for
from tests.stories.simulated import simulated_ehr
from tests.stories.system import System, Tree
from tests.stories.town import Person, Town
from tests.stories.waiting import eventually
from tools.conformance.collect import Folder


async def tell(place: Town, folder: Folder) -> None:
    """Every story once, and the ends that a referral can come to otherwise."""
    await _the_loop_closes(place, folder)
    await _the_paper_is_read(place)
    _consent_is_withdrawn(place)
    await _the_second_helps(place, folder)
    await _it_ends(place)
    await _somebody_calls(place)
    _a_clinician_refers(place)


async def _the_loop_closes(place: Town, folder: Folder) -> None:
    """Story 1, from the transaction-response to the searchset in which the sender finds the outcome."""
    first = place.first.place
    guides = with_consent_for(guides_referral(place.draw, network=place.network.place, performer=first), first)
    body = {"resourceType": "Bundle", "type": "transaction", "entry": guides.entries()}
    response = place.ehr.post("", body)
    assert response.status_code == 200, response.text
    folder.keep("transaction-response", response.content)
    task = next(entry["response"]["location"] for entry in response.json()["entry"] if "Task/" in str(entry))
    task = "/".join(task.split("/_history")[0].split("/")[-2:])
    eventually(lambda: place.ehr.read(task)["status"] == "accepted", "it is passed on")
    await _answers_on_the_page(place, place.ana, guides, "Accept", "Start")
    eventually(lambda: place.ehr.read(task)["status"] == "completed", "the source's Task is completed")
    found = place.ehr.http.get(f"/fhir/Task?_id={task.split('/')[1]}&_include=Task:output")
    assert sorted(entry["resource"]["resourceType"] for entry in found.json()["entry"]) == ["Procedure", "Task"]
    folder.keep("searchset-outcome", found.content)


async def _the_paper_is_read(place: Town) -> None:
    """Story 2."""
    guides = guides_referral(place.draw, network=place.network.place, performer=place.first.place)
    sent = send(place.ehr, guides)
    await _olga_passes_on(place, guides, place.first.place, "paper", "The signed form names them")
    await _answers_on_the_page(place, place.ana, guides, "Accept")
    _waits_for(place, sent, "completed")


def _consent_is_withdrawn(place: Town) -> None:
    """Story 3; the organization had put the referral on hold."""
    sent = send(place.ehr, _drawn(place, place.first.place))
    task = _asked(place, place.first_system, sent)
    task = answer(place.first_system, task, "accepted")
    answer(place.first_system, task, "on-hold", "A paper is missing")
    place.ehr.update(place.ehr.read(sent.consent) | {"status": "inactive"})
    eventually(lambda: _part(place, sent)["status"] == "cancelled", "the part is cancelled")


async def _the_second_helps(place: Town, folder: Folder) -> None:
    """Story 4; the second has a system of its own, so that a transaction-response of an update is written, too."""
    referral = _drawn(place, place.first.place, place.second.place)
    sent = send(place.ehr, referral)
    answer(place.first_system, _asked(place, place.first_system, sent), "rejected", "No room this month")
    await _olga_passes_on(place, referral, place.second.place, "consent")
    system = place.system(place.second)
    task = answer(system, _asked(place, system, sent), "accepted")
    complete(system, place.draw, task)
    _waits_for(place, sent, "completed")


async def _it_ends(place: Town) -> None:
    """Nobody can help: once after a try, once before anybody was asked."""
    tried, never = _drawn(place, place.first.place), _drawn(place)
    sent = send(place.ehr, tried)
    task = answer(place.first_system, _asked(place, place.first_system, sent), "accepted")
    answer(place.first_system, task, "failed", "Nobody answered the phone")
    eventually(lambda: _part(place, sent)["status"] == "failed", "the part has failed")
    await _olga_ends(place, tried)
    _waits_for(place, sent, "failed")
    sent = send(place.ehr, never)
    await _olga_ends(place, never)
    _waits_for(place, sent, "rejected")


async def _somebody_calls(place: Town) -> None:
    """Story 6: once for herself and passed on at once, once for a neighbor who calls again."""
    olga = Browser(place.server.address)
    await olga.sign_in(place.olga.email, place.olga.password)
    for who in ("self", "helper"):
        await olga.open("/ops/phone")
        said = {"given": place.draw.given(), "family": place.draw.family(), "born": "1958", "phone": place.draw.phone()}
        helper = {"helper_name": place.draw.given(), "helper_relation": "neighbor", "helper_phone": place.draw.phone()}
        need = {"category": "food-insecurity", "words": f"No {place.draw.word()}", "wish": "", "language": "es"}
        basis = {"to": place.first.place.split("/")[1], "basis": "spoken", "attestation": "The person said yes"}
        page = await olga.press("Take referral", who=who, **said, **helper, **need, **basis)
        assert "The number to tell the caller" in page.text, page.status_code
    await olga.close()


def _a_clinician_refers(place: Town) -> None:
    """Story 5 without a window: from a simulated EHR's charts, once to be helped with and once to be cancelled."""
    with simulated_ehr(place) as ehr:
        for cancels in (False, True):
            nora, (patient, person) = PlainClinician(ehr), ehr.patient()
            nora.launch(patient)
            nora.refers(place.first.place.split("/")[1], person, f"No {place.draw.word()}")
            assert "The referral was sent" in nora.text(), nora.heading()
            if cancels:
                referral = re.findall(r"/clinician/[^/\"]+/referrals/[^/\"]+", nora.page.text)[0]
                nora.open(f"{place.server.address}{referral}/cancel")
                nora.press("Cancel referral", words="Help came from the family")
                assert "The referral was cancelled" in nora.text(), nora.heading()
            nora.close()


def _drawn(place: Town, *to: str) -> Referral:
    performer = to[0] if to else None
    return drawn_referral(place.draw, network=place.network.place, performer=performer, consenting_to=to)


def _waits_for(place: Town, sent: Sent, status: str) -> None:
    eventually(lambda: place.ehr.read(sent.task)["status"] == status, f"the source's Task is {status}")


def _asked(place: Town, system: System, sent: Sent) -> Tree:
    """The Task by which this system's organization is asked now."""
    return eventually(lambda: _newest(system, sent, "requested"), "the organization is asked")


def _part(place: Town, sent: Sent) -> Tree:
    return _newest(place.watcher, sent) or {"status": ""}


def _newest(system: System, sent: Sent, status: str = "") -> Tree | None:
    query = "Task?_count=100" + (f"&status={status}" if status else "")
    parts = [tree for tree in system.search(query) if {"reference": sent.task} in tree.get("partOf", ())]
    return max(parts, key=lambda tree: str(tree["meta"]["lastUpdated"]), default=None)


async def _answers_on_the_page(place: Town, person: Person, referral: Referral, *buttons: str) -> None:
    """Opens the newest row of that person, presses the buttons, completes."""
    browser = await _at_the_list(place, person, referral, "/inbox")
    await browser.open_row(referral.person)
    for words in buttons:
        await browser.press(words)
    await browser.press("Complete")
    day = place.draw.recent_day().isoformat()
    page = await browser.press("Complete", words=f"Help of a kind {place.draw.word()}", day=day)
    assert "Complete. The sender can read what was done." in page.text
    await browser.close()


async def _olga_passes_on(place: Town, referral: Referral, to: str, basis: str, attestation: str = "") -> None:
    olga = await _at_the_list(place, place.olga, referral, "/ops")
    await olga.open_row(referral.person)
    page = await olga.press("Pass on", to=to.split("/")[1], basis=basis, attestation=attestation)
    assert "Passed on." in page.text, page.status_code
    await olga.close()


async def _olga_ends(place: Town, referral: Referral) -> None:
    olga = await _at_the_list(place, place.olga, referral, "/ops")
    await olga.open_row(referral.person)
    await olga.press("End referral")
    page = await olga.press("End referral", words="There is no other way to help")
    assert "The referral has ended." in page.text
    await olga.close()


async def _at_the_list(place: Town, person: Person, referral: Referral, address: str) -> Browser:
    browser = Browser(place.server.address)
    await browser.sign_in(person.email, person.password)
    for _ in range(100):
        page = await browser.open(address)
        if f"<bdi>{referral.person}</bdi></a>" in page.text:
            return browser
        await asyncio.sleep(0.1)
    raise AssertionError(f"the referral does not come to {address}")
