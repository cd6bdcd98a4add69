"""What XML may not be before it means anything: another encoding, a document type, an instruction, a foreign namespace.

`xml_read.py` calls it; each is a handler of the parser, but for the encoding and for what is no XML at all.
*Source*: security sheet INP-07, A35 to A37.
"""

from __future__ import annotations

from typing import NoReturn
from xml.parsers import expat

from app.fhir.errors import Structure

NAMESPACE = "http://hl7.org/fhir"
XHTML = "http://www.w3.org/1999/xhtml"

_UNDEFINED_ENTITY = 11


def check_encoding(body: bytes) -> None:
    if not body:
        raise Structure("xml-empty", "The body is empty; it must be a resource in XML.")
    if body.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\x00" in body[:4]:
        raise Structure("xml-encoding", "The body must be UTF-8.")
    try:
        body.decode("utf-8")
    except UnicodeDecodeError as problem:
        raise Structure("xml-encoding", f"The body is not UTF-8: see byte {problem.start}.") from None


def declaration(version: str, encoding: str | None, standalone: int) -> None:
    if encoding is not None and encoding.lower() != "utf-8":
        raise Structure("xml-encoding", "The body must be UTF-8, and say no other encoding.")


def doctype(*_: object) -> NoReturn:
    raise Structure("xml-doctype", "A resource in XML has no document type and declares no entities.")


def instruction(*_: object) -> NoReturn:
    raise Structure("xml-instruction", "A resource in XML has no processing instructions.")


def namespace(prefix: str | None, uri: str | None) -> None:
    """Before a long one could be put in front of every element's name."""
    if uri not in (NAMESPACE, XHTML):
        raise Structure("xml-namespace", f"The namespaces of a resource are {NAMESPACE} and, in a narrative, {XHTML}.")


def malformed(problem: expat.ExpatError) -> Structure:
    if problem.code == _UNDEFINED_ENTITY:
        return Structure(
            "xml-entity", f"XML does not know HTML's named characters, write &#160; or the like: line {problem.lineno}."
        )
    return Structure("xml-syntax", f"The body is not XML: see line {problem.lineno}, column {problem.offset + 1}.")
