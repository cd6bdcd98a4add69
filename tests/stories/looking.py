"""One look at a page for all that several tests say of it: the way to a page takes longer than the look.

Every page is also kept as a picture where SCREENSHOTS names a folder for them.
"""

import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from playwright.sync_api import Error, Page, ViewportSize

from tests.stories import axe
from tests.stories.chromium import DESK

Colours = Literal["light", "dark"]
COLOURS: tuple[Colours, ...] = ("light", "dark")
NO_AXE = "needs axe-core: apt-get install npm, and the npm registry once"


@dataclass(frozen=True)
class Look:
    """`findings` are axe's by colours, none where there is no axe; `widths`: how wide the page is in a window so wide."""

    findings: Mapping[Colours, list[str]]
    widths: Mapping[int, int]
    title: str
    heading: str


def look(page: Page, name: str, pictures: Path | None, narrow: Mapping[str, ViewportSize]) -> Look:
    """At the page as it stands, in both colours and in narrow windows, which have names for their pictures."""
    script, findings, widths = axe.source(), {}, {}
    for colours in COLOURS:
        page.emulate_media(color_scheme=colours)
        picture(page, pictures, name if colours == "light" else f"{name}-{colours}")
        findings[colours] = axe.findings(page, script) if script else []
    page.emulate_media(color_scheme="light")
    for window, size in narrow.items():
        page.set_viewport_size(size)
        picture(page, pictures, f"{name}-{window}", whole=True)
        widths[size["width"]] = page.evaluate("document.documentElement.scrollWidth")
    page.set_viewport_size(DESK)
    return Look(findings, widths, page.title(), page.locator("h1").first.inner_text())


def picture(page: Page, folder: Path | None, name: str, *, whole: bool = False) -> None:
    """For people to look at; a Chromium that is too busy to draw one does not make a page wrong."""
    if folder is None:
        return
    with suppress(Error):
        page.screenshot(path=folder / f"{name}.png", full_page=whole)


def pictures() -> Path | None:
    """The folder, made; None where nobody wants to look at them."""
    if not (named := os.environ.get("SCREENSHOTS")):
        return None
    folder = Path(named)
    folder.mkdir(parents=True, exist_ok=True)
    return folder
