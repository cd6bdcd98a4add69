"""`baton serve --demo`: the simulated EHR stands beside it, and Baton can be launched from it wherever it stands."""

import re
import socket
from collections.abc import Iterator

import httpx
import pytest

from tests.stories.draw import Draw
from tests.stories.plain import PlainClinician
from tests.stories.server import Server, installation
from tests.stories.simulated import SimulatedEhr
from tests.stories.waiting import eventually


@pytest.fixture
def server() -> Iterator[Server]:
    with installation(Draw.from_environment()) as made:
        yield made


def launched_from(server: Server) -> str:
    """The address of the EHR that the greeting names, after a launch from there to a patient's page."""
    address = eventually(lambda: re.findall(r"launch +(http://\S+)/launch", server.told()), "the greeting")[-1]
    with httpx.Client(base_url=address) as http:
        ehr = SimulatedEhr(address, "", http)
        eventually(lambda: _answers(http), "the EHR is there")
        patient, person = ehr.patient()
        nora = PlainClinician(ehr)
        try:
            nora.launch(patient)
            assert person in nora.page.text, nora.heading()
            assert str(nora.page.url).startswith(f"{server.address}/clinician/")
        finally:
            nora.close()
    return str(address)


def _answers(http: httpx.Client) -> bool:
    try:
        return http.get("/launch").status_code == 200
    except httpx.TransportError:
        return False


def test_baton_is_launched_from_it_also_where_its_port_was_taken(server: Server) -> None:
    server.start("--demo")
    first = launched_from(server)
    server.stop()
    server.log.write_text("")
    with socket.create_server(("127.0.0.1", int(first.rpartition(":")[2]))):
        server.start("--demo")
        assert launched_from(server) != first
        server.stop()
    server.log.write_text("")
    server.start("--demo")
    assert launched_from(server) == first
