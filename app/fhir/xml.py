"""XML in and out: the same lossless trees as `json.py` has, in another dress. *Source*: R4 xml.html; ADR 0020."""

from app.fhir.xml_read import parse
from app.fhir.xml_write import dump

__all__ = ["dump", "parse"]
