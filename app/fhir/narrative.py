"""Narrative: the small part of XHTML that a resource may carry as its text.

Read with the standard library's expat as XML without a DTD, so that no entity can be declared and nothing is fetched.

*Source*: R4 narrative.html, invariants txt-1 and txt-2; security sheet INP-14.
"""

from __future__ import annotations

import html.entities
import re
from types import MappingProxyType
from xml.parsers import expat

MAX_NARRATIVE_BYTES = 262_144
MAX_DEPTH = 64

_XHTML = "http://www.w3.org/1999/xhtml"


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_ALLOWED = _words(
    "p br div h1 h2 h3 h4 h5 h6 span b em i strong small big tt dfn q var abbr acronym cite blockquote hr ul ol li"
    " dl dt dd pre table caption colgroup col thead tr tfoot tbody th td code samp kbd ins del sub sup address bdi bdo"
    " a img map area s u strike center font"
)
_EVERYWHERE = _words("title style class id lang xml:lang dir accesskey tabindex xmlns")
_CELLS = _words("span width align valign char charoff abbr axis headers scope rowspan colspan nowrap bgcolor height")
_OWN = MappingProxyType(
    {
        "a": _words("charset type name href hreflang rel rev shape coords target"),
        "img": _words("src alt longdesc height width usemap ismap border align hspace vspace"),
        "map": _words("name"),
        "area": _words("shape coords href nohref alt"),
        "table": _words("summary width border frame rules cellspacing cellpadding align bgcolor"),
        "blockquote": _words("cite"),
        "q": _words("cite"),
        "ins": _words("cite datetime"),
        "del": _words("cite datetime"),
        "pre": _words("width xml:space space"),
        "hr": _words("align noshade size width"),
        "br": _words("clear"),
        "font": _words("color face size"),
        "ol": _words("start type compact"),
        "ul": _words("type compact"),
        "li": _words("type value"),
        **dict.fromkeys(("td", "th", "tr", "col", "colgroup", "thead", "tbody", "tfoot", "caption"), _CELLS),
        **dict.fromkeys(("p", "div", "h1", "h2", "h3", "h4", "h5", "h6"), _words("align")),
    }
)
_ADDRESSES = frozenset(("href", "src", "cite", "longdesc", "usemap"))
_SCHEME = re.compile(r"[\x00-\x20]*([a-z][a-z0-9+.\-]{0,30})[\x00-\x20]*:", re.ASCII | re.IGNORECASE)
_SAFE_SCHEMES = frozenset(("http", "https", "mailto", "tel", "urn"))
_SAFE_IMAGE = re.compile(r"data:image/(?:png|gif|jpeg);base64,[A-Za-z0-9+/=\s]*", re.ASCII)
# an image that is at hand: its own bytes, or a file beside the resource, as HL7's publisher writes them
_SAFE_URL = re.compile(
    r"url\(\s*(?:data:image/(?:png|gif|jpeg);base64,[A-Za-z0-9+/=\s]*|[A-Za-z0-9_\-][A-Za-z0-9_\-./]*)\s*\)", re.ASCII
)
_ACTIVE_STYLE = re.compile(r"url\s*\(|expression|@import|behavior|binding|javascript|\\", re.IGNORECASE)


class _Refused(Exception):
    """Stops the reading at the first thing that may not be there: (rule, what would be right)."""


def narrative_flaw(text: str) -> tuple[str, str] | None:
    """None when `text` is a harmless `<div>`, else our rule word and what would be right."""
    if len(text) > MAX_NARRATIVE_BYTES:
        return "narrative-length", f"A narrative may have at most {MAX_NARRATIVE_BYTES} characters."
    reader = _Reader()
    try:
        reader.read(text)
    except _Refused as refused:
        return refused.args[0], refused.args[1]
    except (expat.ExpatError, ValueError):
        return "narrative-form", "A narrative must be well-formed XHTML inside one <div>."
    return None if reader.has_content else ("txt-2", "A narrative must hold some text or an image.")


class _Reader:
    """One narrative's way through the parser."""

    def __init__(self) -> None:
        self.depth = 0
        self.has_content = False

    def read(self, text: str) -> None:
        parser = expat.ParserCreate("utf-8")
        # Without a DTD, HTML's named characters are unknown to XML: with this they are handed over instead of refused.
        parser.UseForeignDTD(True)
        parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        parser.SkippedEntityHandler = self._entity
        parser.StartDoctypeDeclHandler = self._doctype
        parser.ProcessingInstructionHandler = self._instruction
        parser.Parse(text.encode("utf-8"), True)

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise _Refused("narrative-depth", f"A narrative may be nested at most {MAX_DEPTH} deep.")
        if self.depth == 1 and (name != "div" or attributes.get("xmlns") != _XHTML):
            raise _Refused("narrative-form", f'A narrative is a <div xmlns="{_XHTML}">.')
        if name not in _ALLOWED:
            raise _Refused("txt-1", "A narrative holds basic formatting only: no scripts, forms, frames or styles.")
        if name == "img":
            self.has_content = True
        own = _OWN.get(name, frozenset())
        for key, value in attributes.items():
            if key not in _EVERYWHERE and key not in own:
                raise _Refused("txt-1", "A narrative may not have this attribute: no event handlers, no embedding.")
            _check_value(key, value)

    def _end(self, _: str) -> None:
        self.depth -= 1

    def _text(self, text: str) -> None:
        self.has_content = self.has_content or not text.isspace()

    def _entity(self, name: str, is_parameter: bool) -> None:
        if is_parameter or f"{name};" not in html.entities.html5:
            raise _Refused("narrative-entity", "A narrative may use HTML's named characters and no other entities.")
        self.has_content = self.has_content or name != "nbsp"

    def _doctype(self, *_: object) -> None:
        raise _Refused("narrative-doctype", "A narrative may not have a document type.")

    def _instruction(self, *_: object) -> None:
        raise _Refused("narrative-instruction", "A narrative may not have processing instructions.")


def _check_value(key: str, value: str) -> None:
    if key in _ADDRESSES:
        scheme = _SCHEME.match(value)
        if scheme and scheme[1].lower() not in _SAFE_SCHEMES and not (key == "src" and _SAFE_IMAGE.fullmatch(value)):
            raise _Refused("txt-1", "A narrative's links use http, https, mailto, tel or a place in the same document.")
    elif key == "style" and _ACTIVE_STYLE.search(_SAFE_URL.sub("", value)):
        raise _Refused("txt-1", "A narrative's style may not load or run anything.")
