"""The values that a node has for each kind of search: tokens, texts, references, times, addresses.

*Source*: R4 search.html#token ("interpretation of data types"), #string, #reference, #date, #quantity, #uri.
"""

import re
import unicodedata
from typing import Any, NamedTuple

from tests.oracle.extraction import Node, named_type
from tests.oracle.times import OPEN_END, OPEN_START, Interval, interval, outer_limits

# what a parameter of each kind reads; a choice may hold other types, which then have no value for it
READS = {
    "token": {"code", "Coding", "CodeableConcept", "Identifier", "ContactPoint", "boolean", "string", "id", "uri"},
    "reference": {"Reference", "canonical", "uri"},
    "date": {"date", "dateTime", "instant", "Period", "Timing"},
    "string": {"string", "markdown", "HumanName", "Address"},
    "uri": {"uri", "url", "canonical", "oid", "uuid"},
    "quantity": {"Quantity", "Age", "Count", "Distance", "Duration", "Money", "Range"},
    "number": {"decimal", "integer", "positiveInt", "unsignedInt"},
    "composite": None,
}
# System.String is what fhirpathpy says of `Resource.id`
_ALIASES = {"System.String": "id"}
_NAME_PARTS = ("family", "given", "prefix", "suffix", "text")
_ADDRESS_PARTS = ("line", "city", "district", "state", "country", "postalCode", "text")


class Token(NamedTuple):
    """A code and its system; either may be missing."""

    system: str | None
    code: str | None


class Link(NamedTuple):
    """A reference as written, the type that it tells, and its logical identifier."""

    text: str
    type: str
    identifier: Token | None = None


def is_read(kind: str, node: Node) -> bool:
    """Whether a parameter of this kind has a value in the node."""
    readable = READS[kind]
    return readable is None or _ALIASES.get(node.type, node.type) in readable


def tokens(node: Node) -> list[Token]:
    value = node.value
    if node.type == "CodeableConcept":
        return [_token(coding, "code") for coding in value.get("coding", ())]
    if node.type == "Coding":
        return [_token(value, "code")]
    if node.type == "Identifier":
        return [_token(value, "value")]
    if node.type == "ContactPoint":
        return [Token(None, value.get("value"))]
    if node.type == "boolean":
        return [Token(None, "true" if value else "false")]
    # R4 search.html#token: "if the underlying data type is string then the search is not case sensitive"
    return [Token(node.implied_system, value.casefold() if node.type == "string" else value)]


def _token(value: dict[str, Any], member: str) -> Token:
    return Token(value.get("system"), value.get(member))


def displayed(node: Node) -> list[str]:
    """What `:text` reads: CodeableConcept.text and its codings' displays, Coding.display, Identifier.type.text."""
    value = node.value
    if node.type == "CodeableConcept":
        texts = [value.get("text"), *(coding.get("display") for coding in value.get("coding", ()))]
    elif node.type == "Coding":
        texts = [value.get("display")]
    else:
        texts = [value.get("type", {}).get("text")] if node.type == "Identifier" else []
    return [text for text in texts if text]


def typed(node: Node) -> list[tuple[Token, str | None]]:
    """What `:of-type` reads of an Identifier: each coding of its type, with its value."""
    if node.type != "Identifier":
        return []
    codings = node.value.get("type", {}).get("coding", ())
    return [(_token(coding, "code"), node.value.get("value")) for coding in codings]


def links(node: Node) -> list[Link]:
    if node.type != "Reference":
        return [Link(node.value, "")]
    identifier = node.value.get("identifier")
    text = node.value.get("reference", "")
    return [Link(text, named_type(node.value), _token(identifier, "value") if identifier else None)]


def strings(node: Node) -> list[str]:
    parts = {"HumanName": _NAME_PARTS, "Address": _ADDRESS_PARTS}.get(node.type)
    if parts is None:
        return [node.value]
    found = [node.value.get(part, ()) for part in parts]
    return [text for each in found for text in ([each] if isinstance(each, str) else each)]


def folded(text: str) -> str:
    """Base letters in one case, without punctuation and superfluous white space; of marks alone, the marks."""
    letters = _letters(text.replace("´", "'"))
    spoken = re.sub(r"\s+", " ", "".join(each for each in letters if not _is_punctuation(each))).strip()
    return spoken or re.sub(r"\s+", " ", letters).strip()


def _letters(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(each for each in decomposed if unicodedata.combining(each) == 0).casefold()


def _is_punctuation(mark: str) -> bool:
    return unicodedata.category(mark) in ("Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po") or mark in "`ʹʻʼʽ"


def canonicals(node: Node) -> list[str]:
    """The texts that a uri is found by: of a canonical also the one without its version."""
    url, bar, _ = node.value.partition("|")
    return [node.value, url] if bar and node.type == "canonical" else [node.value]


def times(node: Node) -> list[Interval]:
    if node.type == "Period":
        return [each for each in (_period(node.value),) if each]
    if node.type != "Timing":
        return [interval(node.value)]
    events = [interval(event) for event in node.value.get("event", ())]
    bounds = _period(node.value.get("repeat", {}).get("boundsPeriod", {}))
    limits = outer_limits([*events, *([bounds] if bounds else [])])
    return [limits] if limits else []


def _period(value: dict[str, Any]) -> Interval | None:
    start, end = value.get("start"), value.get("end")
    if start is None and end is None:
        return None
    return Interval(interval(start).start if start else OPEN_START, interval(end).end if end else OPEN_END)
