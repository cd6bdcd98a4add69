"""Which format an answer has: JSON or XML, by what the client takes (Accept) or names (`_format`); `_pretty`.

*Source*: R4 http.html#mime-type, #version-parameter, #parameters; RFC 9110 12.5.1.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from app.fhir.errors import NotAcceptable, Value

# Every name that an answer may have, the one for those who take anything first. Who asks by a generic name gets it.
JSON = ("application/fhir+json", "application/json", "text/json")
XML = ("application/fhir+xml", "application/xml", "text/xml")
WRITTEN = (*JSON, *XML)
EXPLICIT = frozenset((JSON[0], XML[0]))
SHORT = {"json": JSON[0], "xml": XML[0]}
# who says one of these wants a resource, not the bytes in it
OF_RESOURCES = frozenset(("_format", "_summary", "_elements"))
# parameters of a media type that an answer must have to be what was asked for; the others are passed over
DEMANDED = {"fhirversion": "4.0", "charset": "utf-8"}
MAX_RANGES = 64
MAX_REMEMBERED = 256

_QUALITY = re.compile(r"0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Format:
    """One way to write a resource. `content_type` goes into the header as it is."""

    is_xml: bool
    content_type: str


@dataclass(frozen=True, slots=True)
class Reply:
    """How an answer leaves. `takes` is the Accept of a client that would rather have a Binary's own bytes."""

    format: Format
    pretty: bool = False
    takes: str | None = None


@dataclass(frozen=True, slots=True)
class Range:
    """One part of Accept: `type/subtype`, `type/*` or `*/*`, how much it is wanted, whether it names the version."""

    name: str
    quality: float
    versioned: bool

    def specificity(self, media_type: str) -> int:
        """0 when the type is not in the range; a whole name counts more than a pattern."""
        if self.name == media_type:
            return 3
        return 2 if self.name == media_type.split("/")[0] + "/*" else int(self.name == "*/*")


def _format(media_type: str, versioned: bool = False) -> Format:
    version = ";fhirVersion=4.0" if versioned else ""
    return Format(media_type in XML, f"{media_type}{version};charset=utf-8")


PLAIN = Reply(_format(JSON[0]))


def reply_of(headers: Mapping[str, str], query: Iterable[tuple[str, str]], *, reads_binary: bool = False) -> Reply:
    """What the client asks for; `_format` outweighs Accept. Raises NotAcceptable, or Value for an odd `_pretty`."""
    accept, pretty = headers.get("accept", ""), "false"
    for name, value in query:
        if not value:
            continue
        if name == "_format":
            accept = SHORT.get(value, value.replace("fhir ", "fhir+"))  # an unescaped + has become a space
        elif name == "_pretty":
            pretty = value
        reads_binary = reads_binary and name not in OF_RESOURCES
    if pretty not in ("true", "false"):
        raise Value("pretty", "_pretty is true or false", "_pretty")
    found = accepted(accept)
    if reads_binary and not _names_fhir(accept):
        return Reply((found or PLAIN).format, pretty == "true", accept)
    if found is None:
        raise NotAcceptable("format", "this server writes application/fhir+json and application/fhir+xml, of R4 (4.0)")
    return Reply(found.format, pretty=True) if pretty == "true" else found


def accepted(accept: str) -> Reply | None:
    """The answer that an Accept header likes best; None when it takes none. Every request asks, so that short ones are
    remembered."""
    return _remembered(accept) if len(accept) <= MAX_REMEMBERED else _best(accept)


def takes(accept: str, media_type: str) -> bool:
    """Whether a client takes this media type, whatever it is."""
    return _wanted(_ranges(accept), media_type.partition(";")[0].strip().lower()) is not None


def _names_fhir(accept: str) -> bool:
    """Whether a client asks for FHIR by its own name, not only for JSON, XML or anything."""
    return any(each.name in EXPLICIT and each.quality > 0 for _, each in _ranges(accept))


def _best(accept: str) -> Reply | None:
    """By how much it is wanted, then by how exactly it is named, then in the client's order."""
    ranges = _ranges(accept)
    found = [(wanted, name) for name in WRITTEN if (wanted := _wanted(ranges, name)) is not None]
    if not found:
        return None
    (_, _, _, versioned), name = max(found, key=lambda each: each[0][:3])
    return Reply(_format(name, versioned))


@lru_cache(maxsize=512)
def _remembered(accept: str) -> Reply | None:
    return _best(accept)


def _wanted(ranges: list[tuple[int, Range]], media_type: str) -> tuple[float, int, int, bool] | None:
    """(quality, specificity, minus its place, versioned) of the range that decides about a media type; None when it is
    not taken."""
    fitting = [(each.specificity(media_type), -place, each) for place, each in ranges]
    specificity, place, each = max(fitting, key=lambda fit: fit[:2], default=(0, 0, None))
    if each is None or not specificity or not each.quality:
        return None
    return each.quality, specificity, place, each.versioned


def _ranges(accept: str) -> list[tuple[int, Range]]:
    parts = accept.split(",", MAX_RANGES)[:MAX_RANGES] if accept.strip() else ["*/*"]
    return [(place, found) for place, part in enumerate(parts) if (found := _range(part)) is not None]


def _range(text: str) -> Range | None:
    """None for what could not be fulfilled: another FHIR version, another charset, a quality that is no number."""
    name, *parameters = (part.strip() for part in text.split(";"))
    quality, versioned = "1", False
    for parameter in parameters:
        key, _, value = (piece.strip().lower() for piece in parameter.partition("="))
        if key == "q":
            quality = value
        elif DEMANDED.get(key, value.strip('"')) != value.strip('"'):
            return None
        versioned = versioned or key == "fhirversion"
    return Range(name.lower(), float(quality), versioned) if _QUALITY.fullmatch(quality) else None
