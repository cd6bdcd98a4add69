"""A process that dies is replaced and takes nothing with it; deliveries go out once; a stop ends all of them."""

import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import psutil
import pytest

from tests.builders import resource
from tests.cli.test_serving import processes_of
from tests.stories.draw import Draw
from tests.stories.referral import drawn_referral, send
from tests.stories.server import Server, installation
from tests.stories.town import Town, custodian
from tests.stories.waiting import eventually
from tests.workers.conftest import PROCESSES
from tests.workers.processes import web_processes

REFERRALS = 6


@pytest.fixture
def server() -> Iterator[Server]:
    with installation(Draw.from_environment(), migrated=True) as made:
        yield made


def test_a_process_that_is_killed_is_replaced_and_what_was_acknowledged_is_there(place: Town) -> None:
    before = {each.pid for each in web_processes(place.server)}
    headers = {**dict(place.ehr.http.headers), "Content-Type": "application/fhir+json"}

    def create(number: int) -> str | None:
        """Its id, or None where the connection was that of the killed process."""
        if number == 40:
            psutil.Process(min(before)).kill()
        try:
            answer = httpx.post(f"{place.server.address}/fhir/Location", json=resource("Location"), headers=headers)
        except httpx.TransportError:
            return None
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    with ThreadPoolExecutor(8) as threads:
        ids = [made for made in threads.map(create, range(120)) if made is not None]
    assert len(ids) > 100, "the others went on"
    assert all(place.ehr.read(f"Location/{made}")["id"] == made for made in ids)
    after = eventually(lambda: _all_there(place.server, min(before)), "a new process in its place")
    assert len(after - before) == 1


def _all_there(server: Server, killed: int) -> set[int]:
    now = {each.pid for each in web_processes(server) if each.status() != psutil.STATUS_ZOMBIE}
    return now if len(now) == PROCESSES and killed not in now else set()


def test_each_referral_is_passed_on_once_though_every_process_works_off_deliveries(place: Town) -> None:
    network, to = custodian(place.server), place.first.place
    draws = [drawn_referral(place.draw, network=network, performer=to, consenting_to=(to,)) for _ in range(REFERRALS)]
    with ThreadPoolExecutor(REFERRALS) as threads:
        sent = list(threads.map(lambda referral: send(place.ehr, referral), draws))
    for each in sent:
        eventually(lambda each=each: place.ehr.read(each.task)["status"] == "accepted", "it is passed on")
    assert sorted(child["partOf"][0]["reference"] for child in place.asked(place.first)) == sorted(
        each.task for each in sent
    )
    assert all(len(place.ehr.versions(each.task)) == 2 for each in sent)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_ends_every_process_and_the_database(server: Server, number: signal.Signals) -> None:
    """Also when each of them gets the signal, as by Ctrl-C in a terminal."""
    server.start("--workers", str(PROCESSES))
    supervisor = psutil.Process(server.pid)
    everybody = [supervisor, *supervisor.children(recursive=True)]
    assert processes_of(server.data_dir)
    for each in [*web_processes(server), supervisor]:
        each.send_signal(number)
    server.stop()
    assert "Traceback" not in server.told()
    assert psutil.wait_procs(everybody, timeout=10)[1] == []
    assert processes_of(server.data_dir) == []


def test_the_processes_end_with_the_one_that_watches_over_them(server: Server) -> None:
    """A parent that is killed can tell nobody."""
    server.start("--workers", "2")
    children = web_processes(server)
    server.kill()
    assert psutil.wait_procs(children, timeout=30)[1] == []
    server.start("--workers", "2")
    assert httpx.get(f"{server.address}/ready").status_code == 200


def test_the_demo_world_stands_beside_several_processes(server: Server) -> None:
    """Made once, with one simulated EHR, which ends with them."""
    server.start("--demo", "--workers", "2")
    assert len(web_processes(server)) == 2
    simulated = [each for each in psutil.Process(server.pid).children() if "simulate" in each.cmdline()]
    assert len(simulated) == 1
    members = server.command("organization", "list").splitlines()
    assert len(members) == len(set(members))
    server.stop()
    assert psutil.wait_procs(simulated, timeout=10)[1] == []
    server.start("--demo", "--workers", "2")
    assert server.command("organization", "list").splitlines() == members
