"""The numbers by which somebody is known: the chart's own, and those of the state, which nobody here shows or shares.

*Source*: product sheet G22 (neither social security numbers nor immigration status); HL7 v2 table 0203.
"""

from typing import Any, Final

RECORD: Final = "MR"
# social security, driver's license, passport, citizenship, residence, visa, taxes
OF_THE_STATE: Final = frozenset({"SS", "DL", "PPN", "CZ", "PRC", "VS", "TAX"})
SYSTEMS_OF_THE_STATE: Final = frozenset({"http://hl7.org/fhir/sid/us-ssn", "urn:oid:2.16.840.1.113883.4.1"})
# a system for each country and for each state
BEGIN_OF_THE_STATE: Final = ("http://hl7.org/fhir/sid/passport-", "urn:oid:2.16.840.1.113883.4.3.")


def record_number(identifiers: Any) -> str:
    """The value that is marked as the medical record number, '' where none is. `identifiers` may be of any shape."""
    return next((_value(each) for each in _objects(identifiers) if RECORD in _kinds(each) and _value(each)), "")


def any_number(identifiers: Any) -> str:
    """The medical record number, else the first number that is not the state's."""
    others = (_value(each) for each in _objects(identifiers) if not is_of_the_state(each))
    return record_number(identifiers) or next(filter(None, others), "")


def is_of_the_state(identifier: Any) -> bool:
    """Whether the state knows the person by this Identifier."""
    if not isinstance(identifier, dict):
        return False
    system = str(identifier.get("system"))
    by_kind = not OF_THE_STATE.isdisjoint(_kinds(identifier))
    return by_kind or system in SYSTEMS_OF_THE_STATE or system.startswith(BEGIN_OF_THE_STATE)


def _kinds(identifier: dict[str, Any]) -> list[str]:
    kind = identifier.get("type")
    codings = _objects(kind.get("coding")) if isinstance(kind, dict) else []
    return [code for code in (each.get("code") for each in codings) if isinstance(code, str)]


def _value(identifier: dict[str, Any]) -> str:
    value = identifier.get("value")
    return value if isinstance(value, str) else ""


def _objects(value: Any) -> list[dict[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []
