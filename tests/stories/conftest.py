"""A town and a browser for each story."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser

from tests.stories import chromium
from tests.stories.chromium import AtDesk
from tests.stories.draw import Draw
from tests.stories.town import Person, Town, town


@pytest.fixture
def draw() -> Draw:
    return Draw.from_environment()


@pytest.fixture
def place(draw: Draw) -> Iterator[Town]:
    """A server where nobody was before, and who takes part in this story."""
    with town(draw) as made:
        yield made


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Open for one file's stories only: beside an open Playwright no other test of this worker could use asyncio."""
    with chromium.opened() as started:
        yield started


@pytest.fixture
def seat(place: Town, browser: Browser) -> Iterator[Callable[[Person], AtDesk]]:
    """`seat(place.ana)`: Ana at a window of her own, signed in."""
    taken: list[AtDesk] = []

    def sit(person: Person) -> AtDesk:
        taken.append(AtDesk(browser, place.server.address))
        taken[-1].sign_in(person)
        return taken[-1]

    yield sit
    for desk in taken:
        desk.close()
