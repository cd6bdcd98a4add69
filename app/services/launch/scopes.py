"""Which scopes we ask an EHR for: the least with which the pages work, in the words that this EHR understands.

*Source*: SMART App Launch 2.2, Scopes and Launch Context; security sheet APP-09.
"""

from typing import Final

from app.domain.access.scopes import Scopes
from app.gateways.ehr.smart import Discovery

READ: Final = ("Patient", "Condition", "Observation", "Consent")
WRITTEN_BACK: Final = ("DocumentReference", "Task")
FOR_WRITING: Final = "crus"
PATIENT: Final = "patient"


def asked(discovery: Discovery) -> tuple[str, ...]:
    """An EHR that lists scopes is asked for nothing that it does not list, since some refuse the whole request then.

    One that lists none of the patient's resources is asked for all: it grants by what was registered.
    """
    listed = frozenset(discovery.scopes_supported)
    version_2 = "permission-v2" in discovery.capabilities
    identity = _identity(listed) if can_identify(discovery) else ()
    return ("launch", *identity, *_staying(listed), *_resources(listed, version_2))


def can_identify(discovery: Discovery) -> bool:
    """Whether the EHR publishes what is needed to believe it about who signed in."""
    return bool(discovery.issuer and discovery.jwks_uri)


def _identity(listed: frozenset[str]) -> tuple[str, ...]:
    if listed and "openid" not in listed:
        return ()
    # version 1 of the guide asked for the user's resource by `profile`
    older = bool(listed) and "fhirUser" not in listed and "profile" in listed
    return ("openid", "profile" if older else "fhirUser")


def _staying(listed: frozenset[str]) -> tuple[str, ...]:
    """A refresh token that outlives the visit, so that the outcome can be written into the chart."""
    if not listed or "offline_access" in listed:
        return ("offline_access",)
    return ("online_access",) if "online_access" in listed else ()


def _resources(listed: frozenset[str], version_2: bool) -> tuple[str, ...]:
    offered = Scopes.understood(" ".join(sorted(each for each in listed if each.startswith(f"{PATIENT}/"))))
    reads = [kind for kind in READ if kind == "Patient" or _offers(offered, kind, "r")]
    writes = [kind for kind in WRITTEN_BACK if _offers(offered, kind, "c")]
    words = [(kind, "rs" if version_2 else "read") for kind in reads]
    for kind in writes:
        letters = _letters(offered, kind)
        older = ["read"] * any("r" in each for each in letters) + ["write"]
        words += [(kind, each) for each in (letters if version_2 else older)]
    return tuple(f"{PATIENT}/{kind}.{word}" for kind, word in words)


def _letters(offered: Scopes, kind: str) -> list[str]:
    """For what is written: it is looked for before it is written again, and read before it is changed."""
    if not offered.items:
        return [FOR_WRITING]
    listed = [each.letters for each in offered.items if each.covers(PATIENT, kind)]
    parts = dict.fromkeys("".join(letter for letter in FOR_WRITING if letter in each) for each in listed)
    return [each for each in parts if each and not any({*each} < {*other} for other in parts)]


def _offers(offered: Scopes, kind: str, letter: str) -> bool:
    return not offered.items or offered.allows(PATIENT, kind, letter)
