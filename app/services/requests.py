"""A FHIR request and its answer, as the interactions see them: no web server in sight."""

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import parse_qsl

from app.fhir.errors import Value
from app.store.pool import Unit
from app.store.resources import Stored

MAX_PARAMETERS = 60
ETAG = re.compile(r'(?:W/)?("[!#-~]*")', re.ASCII)
ETAGS = re.compile(r'(?:W/)?"[!#-~]*"(?:[ \t]*,[ \t]*(?:W/)?"[!#-~]*")*', re.ASCII)
# a break of a line and its like, plain or escaped: no search has a use for it, a careless log or link would break
CONTROL = re.compile(r"[\x00-\x1f\x7f]|%[01][0-9A-F]|%7F", re.ASCII | re.IGNORECASE)
ReadBody = Callable[[int], Awaitable[bytes]]


@dataclass(frozen=True, slots=True)
class FhirRequest:
    """`path` are the segments below the base, `query` decoded pairs in order, `headers` lower-cased; `read_body(limit)`
    reads at most `limit` bytes and raises TooLong beyond. `unit`: the transaction of the Bundle that it stands in."""

    method: str
    path: tuple[str, ...]
    query: tuple[tuple[str, str], ...]
    headers: Mapping[str, str]
    read_body: ReadBody
    unit: Unit | None = None
    entry: int | None = None


@dataclass(frozen=True, slots=True)
class FhirResponse:
    """`last_updated` is that of the version that it is about, finer than a header can say it."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    last_updated: datetime | None = None


def query_pairs(text: str, most: int = MAX_PARAMETERS) -> list[tuple[str, str]]:
    """The decoded pairs of a query, in order. Raises Value for what is no UTF-8, holds control characters or has more
    than `most` parameters."""
    if CONTROL.search(text):
        raise Value("query-character", "a query holds no control characters")
    try:
        return parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=most)
    except ValueError as error:
        raise Value("query", f"a query is UTF-8, escaped, with at most {most} parameters") from error


def etag(version: int) -> str:
    return f'W/"{version}"'


def if_match(headers: Mapping[str, str]) -> int | None:
    """The version that a client says it has read. Raises Value on anything but W/"n"."""
    text = headers.get("if-match")
    if text is None:
        return None
    digits = text[3:-1] if text.startswith('W/"') and text.endswith('"') else ""
    if not (digits.isascii() and digits.isdigit() and len(digits) < 10):
        raise Value("if-match", 'If-Match is one weak ETag, as in W/"3"', "If-Match")
    return int(digits)


def if_none_match(headers: Mapping[str, str]) -> str:
    """The header, '' when absent. Raises Value on what is neither * nor a list of ETags."""
    text = headers.get("if-none-match", "").strip()
    if "if-none-match" in headers and text != "*" and not ETAGS.fullmatch(text):
        raise Value("if-none-match", 'If-None-Match is * or ETags, as in W/"3"', "If-None-Match")
    return text


def covers(tags: str, version: int) -> bool:
    """Whether * or a list of ETags names a version, weakly compared."""
    return tags == "*" or f'"{version}"' in ETAG.findall(tags)


def unchanged(headers: Mapping[str, str], stored: Stored) -> bool:
    """Whether the client has this version already. If-None-Match outweighs If-Modified-Since (RFC 9110, 13.1.3); what
    is no ETag is none that we gave, and the whole resource is the right answer."""
    tags = headers.get("if-none-match", "").strip()
    if tags:
        return (tags == "*" or ETAGS.fullmatch(tags) is not None) and covers(tags, stored.version)
    since = headers.get("if-modified-since")
    moment = _http_moment(since) if since else None
    return moment is not None and stored.last_updated.replace(microsecond=0) <= moment


def version_headers(base: str, stored: Stored, *, location: bool = False) -> dict[str, str]:
    """ETag and Last-Modified, with the version's address after a create."""
    headers = {"ETag": etag(stored.version), "Last-Modified": http_date(stored.last_updated)}
    if location:
        headers["Location"] = f"{base}/{stored.type}/{stored.fhir_id}/_history/{stored.version}"
    return headers


def _http_moment(text: str) -> datetime | None:
    """None for what is no date of HTTP: then the header is as good as absent."""
    try:
        moment = parsedate_to_datetime(text)
    except (TypeError, ValueError, OverflowError):
        return None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def http_date(moment: datetime) -> str:
    """RFC 9110's form, with English names whatever the locale."""
    day = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")[moment.weekday()]
    months = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
    return f"{day}, {moment.day:02} {months[moment.month - 1]} {moment.year} {moment:%H:%M:%S} GMT"
