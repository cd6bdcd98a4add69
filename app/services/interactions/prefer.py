"""Prefer: how much of a written resource an answer carries, and whether an unknown search parameter is forgiven.

*Source*: R4 http.html#ops, search.html#errors; RFC 7240.
"""

from collections.abc import Mapping

RETURNS = {"minimal": "minimal", "representation": "representation", "operationoutcome": "OperationOutcome"}


def handling_strict(headers: Mapping[str, str]) -> bool:
    """Whether the client wants to be refused rather than half understood."""
    return _preferences(headers).get("handling") == "strict"


def returning(headers: Mapping[str, str]) -> str:
    """`minimal`, `representation` (also where nothing else that we know is asked for) or `OperationOutcome`."""
    return RETURNS.get(_preferences(headers).get("return", ""), "representation")


def _preferences(headers: Mapping[str, str]) -> dict[str, str]:
    """name -> value in small letters; the first of two counts, parameters of a preference are passed over."""
    text = headers.get("prefer")
    if text is None:
        return {}
    found: dict[str, str] = {}
    for part in text.split(","):
        name, _, value = part.partition(";")[0].partition("=")
        found.setdefault(name.strip().lower(), value.strip().strip('"').lower())
    return found
