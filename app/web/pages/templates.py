"""Jinja for all pages: escapes everything, an unknown name is an error; `render` gives a page its frame."""

import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse

from app.web.pages.words import ReaderClock, birth_day, call_link, sentence, short_number

WEB = Path(__file__).parents[1]
TEMPLATES, STATIC = WEB / "templates", WEB / "static"
HASH_LENGTH = 10


@dataclass(frozen=True, slots=True)
class Pages:
    """The templates, ready to render; kept in the application's state."""

    environment: Environment


@cache
def load_pages() -> Pages:
    """Once in a process, however many applications it serves: compiling a template takes longer than rendering it."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        extensions=["jinja2.ext.do"],
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "birth_day": birth_day,
        "call_link": call_link,
        "sentence": sentence,
        "short_number": short_number,
    }
    addresses = {file.name: _address(file) for file in sorted(STATIC.iterdir())}
    environment.globals["static"] = addresses.__getitem__
    return Pages(environment)


def _address(file: Path) -> str:
    """An address that changes with the content, so that browsers may keep the file for a year."""
    return f"/static/{file.name}?v={hashlib.sha256(file.read_bytes()).hexdigest()[:HASH_LENGTH]}"


def render(request: Request, template: str, *, status: int = 200, visitor: Any = None, **view: Any) -> HTMLResponse:
    """The page as HTML. `view` is what the template shows; `visitor` is None on pages before signing in."""
    pages: Pages = request.app.state.pages
    view |= {"visitor": visitor, "clock": reader_clock(request, visitor)}
    return HTMLResponse(pages.environment.get_template(template).render(view), status_code=status)


def reader_clock(request: Request, visitor: Any = None) -> ReaderClock:
    """Now, in the zone of the visitor's organization; before signing in, in the network's."""
    network = request.app.state.network
    zone = ZoneInfo(visitor.time_zone if visitor else network.settings.time_zone)
    return ReaderClock(network.clock.now(), zone)
