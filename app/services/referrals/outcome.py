"""What was done for the person, as a Procedure.

*Source*: SDOH Clinical Care 3.0.0, SDOHCC-Procedure: one category with several codings, unlike a request's
several categories.
"""

from app.domain.referral.task import PROFILE
from app.fhir.json import JsonObject
from app.fhir.models import authored

REASON_TYPES = ("Condition", "Observation", "Procedure", "DiagnosticReport", "DocumentReference")


def procedure(order: JsonObject, based_on: str, performer: str, said: str, performed: str) -> JsonObject:
    """A completed Procedure for a filler order; `said` is what was done in the member's words, `performed` a date."""
    tree: JsonObject = {"resourceType": "Procedure"}
    if "code" in order and order.get("subject", {}).get("reference", "").split("/")[-2:-1] == ["Patient"]:
        tree["meta"] = {"profile": [PROFILE + "SDOHCC-Procedure"]}
    tree |= {"basedOn": [{"reference": based_on}], "status": "completed"}
    codings = [coding for category in order.get("category", ()) for coding in category.get("coding", ())]
    if codings:
        tree["category"] = {"coding": codings}
    tree["code"] = {**order["code"], "text": said} if "code" in order else {"text": said}
    tree["subject"] = order["subject"]
    tree["performedDateTime"] = performed
    tree["performer"] = [{"actor": {"reference": performer}}]
    reasons = [each for each in order.get("reasonReference", ()) if _is_reason(each.get("reference", ""))]
    if reasons:
        tree["reasonReference"] = reasons
    return authored(tree)


def _is_reason(reference: str) -> bool:
    return any(f"{name}/" in reference for name in REASON_TYPES)
