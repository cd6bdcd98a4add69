"""What the decision reads in a FHIR Consent; anything it cannot weigh is named, so that the decision can deny.

*Source*: R4 Consent; SDOH Clinical Care 3.0.0, SDOHCC-Consent (which profiles no provision).
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.fhir.dates import interval

PRIVACY_SCOPE = "patient-privacy"
DISCLOSING_ROLES = frozenset({"CST", "AUT", "INF"})
WEIGHED = frozenset({"id", "type", "period", "actor", "action", "purpose"})

PERIOD = frozenset({"id", "start", "end"})


@dataclass(frozen=True, slots=True)
class Party:
    """Somebody that a consent names: by literal reference, by identifier (system, value), or both."""

    reference: str = ""
    identifier: tuple[str, str] = ("", "")


@dataclass(frozen=True, slots=True)
class ConsentView:
    """`unweighed` lists elements that restrict in a way this engine does not evaluate."""

    active: bool
    privacy: bool
    given_at: datetime | None
    rule: str
    actors: tuple[Party, ...]
    starts: datetime | None
    ends: datetime | None
    actions: frozenset[str]
    purposes: frozenset[str]
    unweighed: tuple[str, ...]


def view(tree: dict[str, Any]) -> ConsentView:
    """The consent as the decision sees it. The tree has passed the structure check."""
    provision = tree.get("provision", {})
    starts, ends = _period(provision.get("period", {}))
    # a name with "_" carries an extension, which may restrict or say that the value is not known
    unweighed = [name for name in provision if name not in WEIGHED]
    unweighed += [f"period.{name}" for name in provision.get("period", {}) if name not in PERIOD]
    if _has_modifier(tree):
        unweighed.append("modifierExtension")
    given = tree.get("dateTime")
    return ConsentView(
        active=tree.get("status") == "active",
        privacy=PRIVACY_SCOPE in _codes(tree.get("scope", {})),
        given_at=interval(given)[0] if given else None,
        rule=provision.get("type", _default_rule(tree)),
        actors=tuple(_party(actor.get("reference", {})) for actor in provision.get("actor", ()) if _receives(actor)),
        starts=starts,
        ends=ends,
        actions=frozenset(code for action in provision.get("action", ()) for code in _codes(action)),
        purposes=frozenset(purpose.get("code", "") for purpose in provision.get("purpose", ())),
        unweighed=tuple(unweighed),
    )


def still_stands(tree: dict[str, Any]) -> bool:
    """Whether a consent whose document a person has read was not taken back: active, and no denial."""
    seen = view(tree)
    return seen.active and seen.rule != "deny"


def _default_rule(tree: dict[str, Any]) -> str:
    """OPTIN and OPTOUT say what holds where the root names no type; any other policy says nothing."""
    codes = _codes(tree.get("policyRule", {}))
    return "permit" if "OPTIN" in codes else "deny" if "OPTOUT" in codes else ""


def _period(period: dict[str, Any]) -> tuple[datetime | None, datetime | None]:
    starts = interval(period["start"])[0] if "start" in period else None
    ends = interval(period["end"])[1] if "end" in period else None
    return starts, ends


def _receives(actor: dict[str, Any]) -> bool:
    """Whether somebody is named as a recipient: not as the custodian, author or informant who is to disclose."""
    return not _codes(actor.get("role", {})) & DISCLOSING_ROLES


def _party(reference: dict[str, Any]) -> Party:
    identifier = reference.get("identifier", {})
    return Party(reference.get("reference", ""), (identifier.get("system", ""), identifier.get("value", "")))


def _codes(concept: dict[str, Any]) -> frozenset[str]:
    return frozenset(coding.get("code", "") for coding in concept.get("coding", ()))


def _has_modifier(node: Any) -> bool:
    if isinstance(node, dict):
        return "modifierExtension" in node or any(_has_modifier(child) for child in node.values())
    return isinstance(node, list) and any(_has_modifier(child) for child in node)
