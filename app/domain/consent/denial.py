"""Whether a Consent that another system keeps forbids sharing, as far as that can be seen of it.

It reads trees of any shape: one that Baton cannot weigh permits nothing, but what it forbids is heeded all the same.
*Source*: R4 Consent; architecture, decision 6 (a denial overrides).
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from app.domain.consent.consent import PRIVACY_SCOPE
from app.fhir.dates import interval
from app.fhir.errors import Value

NOT_IN_FORCE = frozenset({"draft", "proposed", "rejected", "inactive", "entered-in-error"})
# consents to something else than sharing; a scope that says neither may be about sharing
OTHER_SCOPES = frozenset({"research", "adr", "treatment"})


def counts(tree: dict[str, Any], now: datetime) -> bool:
    """Whether it may be in force and about sharing."""
    scopes = set(_codes(tree.get("scope")))
    elsewhere = bool(scopes) and scopes <= OTHER_SCOPES and PRIVACY_SCOPE not in scopes
    return tree.get("status") not in NOT_IN_FORCE and not elsewhere and not _is_over(tree, now)


def forbids(tree: dict[str, Any], now: datetime) -> bool:
    """Whether it counts and denies as a whole."""
    rule = _object(tree.get("provision")).get("type")
    denies = rule == "deny" or (rule is None and "OPTOUT" in _codes(tree.get("policyRule")))
    return denies and counts(tree, now)


def _is_over(tree: dict[str, Any], now: datetime) -> bool:
    end = _object(_object(tree.get("provision")).get("period")).get("end")
    try:
        return isinstance(end, str) and interval(end)[1] <= now
    except Value:
        return False


def _codes(concept: Any) -> Iterable[str]:
    codings = _object(concept).get("coding")
    found = [_object(each).get("code") for each in codings] if isinstance(codings, list) else []
    return [code for code in found if isinstance(code, str)]


def _object(node: Any) -> dict[str, Any]:
    return node if isinstance(node, dict) else {}
