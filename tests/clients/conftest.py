"""A running server, a clinic's EHR in it with a real token, and what that EHR has in the network."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.builders import resource
from tests.stories.draw import Draw
from tests.stories.system import System, Tree
from tests.stories.town import Town, town

PLACES = 7


@dataclass(frozen=True, slots=True)
class Registered:
    """What somebody who writes a client is told, and what there is to be found."""

    base: str
    token: str
    system: System
    town: Town
    name: str  # of PLACES Locations
    patient: Tree
    task: Tree


@pytest.fixture(scope="package")
def place() -> Iterator[Town]:
    with town(Draw.from_environment(), BATON_ACCESS_TOKEN_S="3600") as made:
        yield made


@pytest.fixture(scope="package")
def registered(place: Town) -> Registered:
    """The EHR's own few things: places with one name, a person, and an order about her."""
    name, system = f"Larder {place.draw.word()}", place.ehr
    for number in range(PLACES):
        made(system, resource("Location", name=f"{name} {number}"))
    patient = made(system, resource("Patient", name=[{"family": place.draw.family(), "given": ["Zoë"]}]))
    person, clinic = f"Patient/{patient['id']}", place.clinic.place
    request = made(system, resource("ServiceRequest", subject=person, requester=clinic))
    focus = f"ServiceRequest/{request['id']}"
    about = {"for_": {"reference": person}, "focus": focus, "requester": clinic, "owner": place.network.place}
    task = made(system, resource("Task", status="draft", **about))
    token = system.http.headers["Authorization"].removeprefix("Bearer ")
    return Registered(f"{place.server.address}/fhir", token, system, place, name, patient, task)


def made(system: System, tree: Tree) -> Tree:
    answer = system.post(tree["resourceType"], tree)
    assert answer.status_code == 201, answer.text
    stored: Tree = answer.json()
    return stored
