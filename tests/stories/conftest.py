"""A town for each story, a server and a browser for each file of stories."""

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


@pytest.fixture(scope="module")
def ground() -> Iterator[Town]:
    """A server where nobody was before this file."""
    with town(Draw.from_environment()) as made:
        yield made


@pytest.fixture
def place(ground: Town) -> Town:
    """Who takes part in this story, none of whom was in one before; the network is that of the file."""
    print(f"STORY_SEED={ground.draw.seed}, with the whole file")
    return ground.neighbors()


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
