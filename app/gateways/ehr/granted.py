"""A token endpoint's answer, read member by member: what is unknown is passed over, what is wrong is never guessed.

*Source*: RFC 6749 5.1, 5.2; SMART App Launch 2.2, Scopes and Launch Context; security sheet APP-11, E13.
"""

import re
from dataclasses import dataclass, field
from typing import Any, Final

from app.fhir import json
from app.fhir.errors import Refusal
from app.fhir.json import JsonObject, Number
from app.gateways.ehr.trouble import EhrTrouble, Kind

LONGEST_S = 24 * 3600
MAX_CONTEXT = 50
_TOKEN = re.compile(r"[\x21-\x7e]{1,16384}", re.ASCII)
_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}", re.ASCII)
_ID_TOKEN = re.compile(r"[A-Za-z0-9_.=-]{1,32768}", re.ASCII)
_SCOPES = re.compile(r"[\x20-\x7e]{0,32768}", re.ASCII)

# RFC 6749 5.2; whatever else is said of a sign-in that failed is a refusal
ERRORS: Final[dict[object, tuple[Kind, str]]] = {
    "invalid_grant": ("ended", "The EHR takes this sign-in no more."),
    "invalid_client": ("refused", "The EHR does not know Baton by the client id and key that it is registered with."),
    "unauthorized_client": ("refused", "The EHR does not let Baton sign in this way."),
    "temporarily_unavailable": ("away", ""),
    "server_error": ("away", ""),
}


@dataclass(frozen=True, slots=True)
class Granted:
    """What an EHR granted. `expires_in` in seconds, at most a day, None where it does not say so usably.

    `patient` and `encounter` are FHIR ids. `fhir_context` is as received: each item is still to be checked.
    """

    access_token: str = field(repr=False)
    expires_in: int | None
    refresh_token: str | None = field(repr=False)
    scopes: frozenset[str]
    patient: str | None
    encounter: str | None
    id_token: str | None = field(repr=False)
    need_patient_banner: bool
    fhir_context: list[Any]


def read_granted(status: int, body: bytes) -> Granted:
    """What this answer grants. Raises EhrTrouble."""
    if status == 429 or status >= 500:
        raise EhrTrouble("away")
    try:
        tree = json.parse(body)
    except Refusal:
        raise EhrTrouble("not-fhir" if status == 200 else "refused") from None
    if status != 200 or "error" in tree:
        error = tree.get("error")
        raise EhrTrouble(*ERRORS.get(error if isinstance(error, str) else None, ("refused", "")))
    access_token, kind = _matching(_TOKEN, tree.get("access_token")), tree.get("token_type")
    if access_token is None:
        raise EhrTrouble("wrong-token", "The EHR's answer to the sign-in holds no access token.")
    if not isinstance(kind, str) or kind.lower() != "bearer":
        raise EhrTrouble("wrong-token", "The EHR's access token is of a kind that Baton does not use.")
    return Granted(
        access_token=access_token,
        expires_in=_seconds(tree.get("expires_in")),
        refresh_token=_matching(_TOKEN, tree.get("refresh_token")),
        scopes=frozenset((_matching(_SCOPES, tree.get("scope")) or "").split()),
        patient=_patient(tree),
        encounter=_matching(_ID, _text(tree.get("encounter"))),
        id_token=_matching(_ID_TOKEN, tree.get("id_token")),
        need_patient_banner=tree.get("need_patient_banner") is not False,
        fhir_context=tree["fhirContext"][:MAX_CONTEXT] if isinstance(tree.get("fhirContext"), list) else [],
    )


def _patient(tree: JsonObject) -> str | None:
    """A patient that is no id is no patient: going on without one would be a guess about whom this is."""
    if tree.get("patient") is None:
        return None
    patient = _matching(_ID, _text(tree["patient"]))
    if patient is None:
        raise EhrTrouble("wrong-token", "The EHR named the patient in a form that is no FHIR id.")
    return patient


def _text(value: object) -> object:
    """Some EHRs write their ids as numbers."""
    if isinstance(value, Number):
        return value.text if value.text.isdecimal() else None
    return str(value) if type(value) is int else value


def _seconds(value: object) -> int | None:
    """Whole seconds, also in quotes; nonsense says nothing about how long a token lives."""
    text = _text(value)
    if not isinstance(text, str) or not (text.isascii() and text.isdecimal()) or int(text[:20]) == 0:
        return None
    return min(int(text[:20]), LONGEST_S)


def _matching(form: re.Pattern[str], value: object) -> str | None:
    return value if isinstance(value, str) and form.fullmatch(value) else None
