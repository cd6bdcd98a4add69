"""What the loop reads in a Task.

*Source*: SDOH Clinical Care 3.0.0, profiles TaskForReferralManagement and TaskForPatient.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from app.domain.referral.transitions import PATIENT_TASK, REFERRAL_TASK, Transition
from app.fhir.stale_text import without_made_text

PROFILE = "http://hl7.org/fhir/us/sdoh-clinicalcare/StructureDefinition/"
TEMPORARY_CODES = "http://hl7.org/fhir/us/sdoh-clinicalcare/CodeSystem/SDOHCC-CodeSystemTemporaryCodes"
TASK_CODE = "http://hl7.org/fhir/CodeSystem/task-code"
PATIENT_TASK_CODES = ("make-contact", "review-material", "general-information", "complete-questionnaire")
SDC_CODES = "http://hl7.org/fhir/uv/sdc/CodeSystem/temp"

OWNER_MAY_CHANGE = ("status", "statusReason", "output")


@dataclass(frozen=True, slots=True)
class TaskView:
    """A Task as the rules see it; references as written, '' where absent."""

    status: str
    intent: str
    focus: str
    subject: str
    owner: dict[str, Any]
    requester: dict[str, Any]
    reason: str
    outputs: tuple[str, ...]


def view(tree: dict[str, Any]) -> TaskView:
    return TaskView(
        status=tree.get("status", ""),
        intent=tree.get("intent", ""),
        focus=tree.get("focus", {}).get("reference", ""),
        subject=tree.get("for", {}).get("reference", ""),
        owner=tree.get("owner", {}),
        requester=tree.get("requester", {}),
        reason=tree.get("statusReason", {}).get("text", ""),
        outputs=tuple(
            item["valueReference"]["reference"]
            for item in tree.get("output", ())
            if "reference" in item.get("valueReference", {})
        ),
    )


def is_referral(tree: dict[str, Any]) -> bool:
    """Whether this Task asks for a referral to be fulfilled: by its code, or by the profile that it declares."""
    return _declares(tree, "SDOHCC-TaskForReferralManagement") or any(
        coding.get("system") == TASK_CODE and coding.get("code") == "fulfill" for coding in _codings(tree)
    )


def is_for_patient(tree: dict[str, Any]) -> bool:
    return _declares(tree, "SDOHCC-TaskForPatient") or any(
        coding.get("system") in (TEMPORARY_CODES, SDC_CODES) and coding.get("code") in PATIENT_TASK_CODES
        for coding in _codings(tree)
    )


def transition_table(tree: dict[str, Any]) -> tuple[Transition, ...] | None:
    """The table that rules this Task's status, or None for Tasks that the guide does not know."""
    if is_referral(tree):
        return REFERRAL_TASK
    return PATIENT_TASK if is_for_patient(tree) else None


def is_about_another(tree: dict[str, Any]) -> bool:
    """Whether a Task that the guide knows says, by its reference or by its type, that it is for something else than a
    Patient. R4 alone lets a Task be for anything."""
    subject = tree.get("for", {})
    named = [subject.get("type"), *subject.get("reference", "").split("/")[-2:-1]]
    return transition_table(tree) is not None and any(name not in (None, "Patient", "") for name in named)


def changed_elements(before: dict[str, Any], after: dict[str, Any], ignoring: Collection[str] = ()) -> list[str]:
    """The top-level elements that differ, without id and meta, `_x` counted to `x`. A narrative that is gone and was
    made of the data is none: what it said stands in the others."""
    told_twice = "text" not in after and without_made_text(before) is not before
    passed_over = {"id", "meta", "resourceType", *ignoring, *(("text",) if told_twice else ())}
    names = {name.lstrip("_") for name in (*before, *after)} - passed_over
    return sorted(
        name for name in names if before.get(name) != after.get(name) or before.get("_" + name) != after.get("_" + name)
    )


def _declares(tree: dict[str, Any], profile: str) -> bool:
    declared = tree.get("meta", {}).get("profile", ())
    return any(canonical.split("|")[0] == PROFILE + profile for canonical in declared)


def _codings(tree: dict[str, Any]) -> list[dict[str, Any]]:
    return tree.get("code", {}).get("coding", [])  # type: ignore[no-any-return]
