"""A Consent that we write ourselves: somebody signed on a screen, or said yes to somebody who heard it.

It names one recipient, one purpose and an end, so that the decision can weigh it like any other.
*Source*: SDOH Clinical Care 3.0.0, SDOHCC-Consent; R4 Consent; security sheet CON-01, CON-11; product sheet G02.
"""

import base64
import hashlib
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from app.domain.consent.wording import Sharing, record
from app.domain.referral.task import PROFILE
from app.fhir.json import JsonObject
from app.fhir.models import authored

TERMS = "http://terminology.hl7.org/CodeSystem/"
HOW = {
    "signed": "Signed on the screen by {who}, {at}.",
    "spoken": "Agreed to by word of mouth. Heard and recorded by {who}, {at}.",
}
LOOKED = "Not every consent in the chart could be read. {who} looked there and found none that says no."


@dataclass(frozen=True, slots=True)
class Given:
    """`person` and the two organizations are references; `who` signed, or heard it; `sharing` is what was shown.

    `verified_with`: who said yes to the one who heard it, a reference; the person where it is empty. `looked`: who has
    looked for a no in a chart of which not every consent could be read.
    """

    how: Literal["signed", "spoken"]
    who: str
    person: str
    giver: str
    recipient: str
    sharing: Sharing
    verified_with: str = ""
    looked: str = ""


def consent(given: Given, now: datetime) -> JsonObject:
    """The Consent, with the document of what was agreed to inside it."""
    tree: JsonObject = {
        "resourceType": "Consent",
        "meta": {"profile": [PROFILE + "SDOHCC-Consent"]},
        "status": "active",
        "scope": _concept("consentscope", "patient-privacy", "Privacy Consent"),
        "category": [_concept("v3-ActCode", "IDSCL", "information disclosure")],
        "patient": {"reference": given.person},
        "dateTime": _instant(now),
        "performer": [{"reference": given.verified_with or given.person}],
        "organization": [{"reference": given.giver}],
        "sourceAttachment": _document(given, now),
        "policyRule": _concept("consentpolicycodes", "hipaa-auth", "HIPAA Authorization"),
    }
    if given.how == "spoken":
        said_by = {"reference": given.verified_with or given.person}
        tree["verification"] = [{"verified": True, "verifiedWith": said_by, "verificationDate": _instant(now)}]
    tree["provision"] = _provision(given.recipient, now, given.sharing.until)
    return authored(tree)


def _provision(recipient: str, now: datetime, until: date) -> JsonObject:
    return {
        "type": "permit",
        "period": {"start": _instant(now), "end": until.isoformat()},
        "actor": [
            {
                "role": _concept("v3-ParticipationType", "IRCP", "information recipient"),
                "reference": {"reference": recipient},
            }
        ],
        "action": [_concept("consentaction", "disclose", "Disclose")],
        "purpose": [{"system": TERMS + "v3-ActReason", "code": "TREAT", "display": "treatment"}],
    }


def _document(given: Given, now: datetime) -> JsonObject:
    at = now.strftime("%Y-%m-%d %H:%M UTC")
    how = [HOW[given.how].format(who=given.who, at=at), *([LOOKED.format(who=given.looked)] if given.looked else [])]
    data = record(given.sharing, "\n".join(how)).encode()
    return {
        "contentType": "text/plain",
        "language": "en",
        "data": base64.b64encode(data).decode(),
        "size": len(data),
        # FHIR's Attachment.hash is SHA-1 by its definition; nothing here relies on it
        "hash": base64.b64encode(hashlib.sha1(data, usedforsecurity=False).digest()).decode(),
        "title": "Consent to share information",
        "creation": _instant(now),
    }


def _concept(system: str, code: str, display: str) -> JsonObject:
    return {"coding": [{"system": TERMS + system, "code": code, "display": display}]}


def _instant(now: datetime) -> str:
    return now.isoformat(timespec="milliseconds").replace("+00:00", "Z")
