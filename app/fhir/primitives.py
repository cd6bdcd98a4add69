"""The primitive data types: what is wrong with a value, if anything.

Every check is linear in the length of its input: R4's own pattern for base64 takes exponential time in Python.

*Source*: R4 datatypes.html#primitive; security sheet INP-04, INP-09, INP-10, INP-12, INP-13, INP-15, B53.
"""

from __future__ import annotations

import binascii
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from app.fhir import dates
from app.fhir.json import Number
from app.fhir.narrative import narrative_flaw

MAX_STRING = 1_048_576
MAX_NAME = 250
MAX_MARKS = 8
MAX_EXPONENT = 99


class Flaw(NamedTuple):
    """What is wrong: issue type, our rule word, what would be right; how bad it is (error, warning, information)."""

    code: str
    rule: str
    message: str
    severity: str = "error"


Check = Callable[[Any], Flaw | None]

_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}", re.ASCII)
_OID = re.compile(r"urn:oid:[0-2](?:\.(?:0|[1-9][0-9]{0,39})){1,40}", re.ASCII)
_UUID = re.compile(r"urn:uuid:[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}", re.ASCII)
_EXPONENT = re.compile(r"[^eE]*[eE][+-]?0*([0-9]+)", re.ASCII)
_PLAIN = re.compile(r"[!-~]{1,1000}", re.ASCII)
_PLAIN_URI = re.compile(r"(?:https?|urn):[!-~]{1,1000}", re.ASCII)
_SPACE = re.compile(r"\s")
_UNSEEN = re.compile("[\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]")
_ACTIVE_SCHEMES = ("javascript:", "data:", "vbscript:")

_NOT_TEXT = Flaw("structure", "json-type", "This must be a JSON string.")
_EMPTY = Flaw("structure", "json-empty-value", "A string may not be empty; leave the element out.")
_TOO_LONG = Flaw("value", "string-length", f"A string may have at most {MAX_STRING} characters.")
_UNSEEN_FLAW = Flaw("value", "invisible-character", "This may not hold zero-width or direction-changing characters.")
_SPACE_FLAW = Flaw("value", "uri-form", "A URI has no spaces.")
_LOCAL = Flaw("structure", "date-zone", "A time of day needs its zone: Z, or an offset such as -05:00.")
_ACTIVE = Flaw("value", "uri-scheme", "URIs with the scheme javascript, vbscript or data are not accepted.")


def check_of(type_code: str) -> Check:
    """The check of one primitive type."""
    return _CHECKS[type_code]


def code_in(codes: Iterable[str]) -> Check:
    """The check of a code that must be one of these."""
    listed = tuple(dict.fromkeys(codes))
    allowed, flaw = frozenset(listed), not_in(listed)

    def check(value: Any) -> Flaw | None:
        if type(value) is str and value in allowed:
            return None
        return _code(value) or flaw

    return check


def not_in(codes: Iterable[str]) -> Flaw:
    """What is wrong with any code but these."""
    listed = tuple(dict.fromkeys(codes))
    words = (
        f"Use one of {', '.join(listed)}." if len(listed) <= 20 else "Use a code of the value set that R4 demands here."
    )
    return Flaw("code-invalid", "required-code", words)


def identifier_text(value: Any) -> Flaw | None:
    """An identifier's value: nothing in it that people cannot see."""
    return _string(value) or (_UNSEEN_FLAW if not value.isascii() and _UNSEEN.search(value) else None)


def human_name(value: Any) -> Flaw | None:
    """A part of a person's name: of bearable length, without a tower of accents."""
    flaw = _string(value)
    if flaw is not None or (value.isascii() and len(value) <= MAX_NAME):
        return flaw
    if len(value) > MAX_NAME:
        return Flaw("value", "name-length", f"A part of a name may have at most {MAX_NAME} characters.")
    marks = 0
    for character in value:
        marks = marks + 1 if unicodedata.combining(character) else 0
        if marks > MAX_MARKS:
            return Flaw("value", "name-marks", f"A letter may carry at most {MAX_MARKS} combining marks.")
    return None


def _string(value: Any) -> Flaw | None:
    if type(value) is not str:
        return _NOT_TEXT
    if not value:
        return _EMPTY
    return _TOO_LONG if len(value) > MAX_STRING else None


def _boolean(value: Any) -> Flaw | None:
    return (
        None if type(value) is bool else Flaw("structure", "json-type", "This must be true or false, without quotes.")
    )


def _integer(low: int, high: int) -> Check:
    shape = Flaw("structure", "json-type", "This must be a whole number, without quotes, point or exponent.")
    size = Flaw("value", "integer-range", f"This must be a whole number from {low} to {high}.")

    def check(value: Any) -> Flaw | None:
        if type(value) is int:
            return None if low <= value <= high else size
        return size if type(value) is Number and value.text.lstrip("-").isdigit() else shape

    return check


def _decimal(value: Any) -> Flaw | None:
    if type(value) is int:
        return None
    if type(value) is not Number:
        return Flaw("structure", "json-type", "This must be a number, without quotes.")
    found = _EXPONENT.fullmatch(value.text)
    if found and (len(found[1]) > 3 or int(found[1]) > MAX_EXPONENT):
        return Flaw("value", "decimal-range", f"An exponent may be from -{MAX_EXPONENT} to {MAX_EXPONENT}.")
    return None


def _code(value: Any) -> Flaw | None:
    if type(value) is str and _PLAIN.fullmatch(value):  # at a glance, as most are
        return None
    flaw = _string(value)
    if flaw is None and " ".join(value.split()) != value:
        return Flaw("value", "code-form", "A code has no space at its ends and only single spaces inside.")
    return flaw or (_UNSEEN_FLAW if not value.isascii() and _UNSEEN.search(value) else None)


def _id(value: Any) -> Flaw | None:
    if type(value) is str and _ID.fullmatch(value):
        return None
    return _string(value) or Flaw("value", "id-form", "An id has 1 to 64 letters, digits, hyphens and points.")


def _uri(value: Any) -> Flaw | None:
    if type(value) is str and _PLAIN_URI.fullmatch(value):  # at a glance, as most are
        return None
    flaw = _string(value)
    if flaw is not None:
        return flaw
    if _SPACE.search(value):
        return _SPACE_FLAW
    if value[:11].lower().startswith(_ACTIVE_SCHEMES):
        return _ACTIVE
    return _UNSEEN_FLAW if not value.isascii() and _UNSEEN.search(value) else None


def _pattern(pattern: re.Pattern[str], rule: str, message: str) -> Check:
    flaw = Flaw("value", rule, message)

    def check(value: Any) -> Flaw | None:
        return _string(value) or (None if pattern.fullmatch(value) else flaw)

    return check


def _date(is_right: Callable[[str], bool], message: str) -> Check:
    flaw = Flaw("value", "date-form", message)

    def check(value: Any) -> Flaw | None:
        if type(value) is str and is_right(value):
            return None
        return _string(value) or (_LOCAL if is_right(f"{value}Z") else flaw)

    return check


def _base64(value: Any) -> Flaw | None:
    if type(value) is not str or not value:
        return _string(value)
    try:
        binascii.a2b_base64("".join(value.split()) if _SPACE.search(value) else value, strict_mode=True)
    except (binascii.Error, ValueError):
        return Flaw("value", "base64-form", "This must be base64 with its padding.")
    return None


def _xhtml(value: Any) -> Flaw | None:
    flaw = _string(value)
    if flaw is not None:
        return flaw
    problem = narrative_flaw(value)
    return Flaw("invariant", *problem) if problem else None


_INTEGER_TYPES = {"integer": (-(2**31), 2**31 - 1), "unsignedInt": (0, 2**31 - 1), "positiveInt": (1, 2**31 - 1)}

_CHECKS: Mapping[str, Check] = MappingProxyType(
    {
        "boolean": _boolean,
        "decimal": _decimal,
        "string": _string,
        "markdown": _string,
        "code": _code,
        "id": _id,
        "uri": _uri,
        "url": _uri,
        "canonical": _uri,
        "oid": _pattern(_OID, "oid-form", "An OID is urn:oid: and numbers parted by points."),
        "uuid": _pattern(_UUID, "uuid-form", "A UUID is urn:uuid: and 32 hexadecimal digits in the usual groups."),
        "date": _date(dates.is_date, "A date is YYYY, YYYY-MM or YYYY-MM-DD and in the calendar."),
        "dateTime": _date(
            dates.is_date_time, "A dateTime is YYYY, YYYY-MM, YYYY-MM-DD or YYYY-MM-DDThh:mm:ss with Z or an offset."
        ),
        "instant": _date(dates.is_instant, "An instant is YYYY-MM-DDThh:mm:ss with Z or an offset."),
        "time": _date(dates.is_time, "A time is hh:mm:ss."),
        "base64Binary": _base64,
        "xhtml": _xhtml,
        **{name: _integer(low, high) for name, (low, high) in _INTEGER_TYPES.items()},
    }
)
