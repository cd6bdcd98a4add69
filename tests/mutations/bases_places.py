"""Good services, places, roles and groups, and the three extensions in resources that carry them."""

from __future__ import annotations

from tests.mutations.base import Base
from tests.mutations.words import GUIDE, HL7, TEMPORARY, concept, extension, to

_WHEN = {"start": "2026-11-01", "end": "2026-11-29"}
_HOURS = {
    "availableTime": [{"daysOfWeek": ["mon", "tue"], "availableStartTime": "09:00:00", "availableEndTime": "17:00:00"}],
    "notAvailable": [{"description": "Holiday", "during": _WHEN}],
}
_PHONE = {"telecom": [{"system": "phone", "value": "(555) 123", "use": "work"}]}
_NUMBER = {"identifier": [{"use": "official", "system": "http://example.org/numbers", "value": "7"}]}
_PROGRAM = "SDOHCC-HealthcareServiceSocialCareProgram"
_APPOINTMENTS = "SDOHCC-HealthcareServiceTelecomAppointmentExample"
_CAPACITY = extension(
    f"{GUIDE}SDOHCC-ExtensionHealthcareServiceCapacityStatus",
    extension=[
        extension("capacityStatus", valueCodeableConcept=concept(TEMPORARY, "waitlist")),
        extension("capacityNotes", valueString="Seven are waiting"),
    ],
)

BASES: tuple[Base, ...] = (
    Base("SDOHCC-HealthcareServiceForReferralManagement", "plain", _PROGRAM),
    Base(
        "SDOHCC-HealthcareServiceForReferralManagement",
        "full",
        _PROGRAM,
        {"extension": [_CAPACITY], "providedBy": to("Organization/example"), **_NUMBER, **_PHONE, **_HOURS},
    ),
    Base("SDOHCC-HealthcareService", "plain", _APPOINTMENTS),
    Base(
        "SDOHCC-HealthcareService",
        "full",
        _APPOINTMENTS,
        {
            "type": [concept(f"{HL7}service-type", "252")],
            "comment": "something",
            "communication": [concept("urn:ietf:bcp:47", "es")],
            "appointmentRequired": True,
            **_NUMBER,
            **_HOURS,
        },
    ),
    Base("SDOHCC-Location", "plain", "SDOHCC-LocationExample"),
    Base(
        "SDOHCC-Location",
        "full",
        "SDOHCC-LocationExample",
        {
            "status": "active",
            "mode": "instance",
            "address": {"use": "work", "type": "physical"},
            "position": {"longitude": -89.5, "latitude": 38.5},
            "managingOrganization": to("Organization/example"),
            "hoursOfOperation": [{"daysOfWeek": ["mon"], "openingTime": "09:00:00", "closingTime": "17:00:00"}],
            **_PHONE,
        },
    ),
    Base("SDOHCC-practitionerrole", "plain", "SDOHCC-PractitionerRoleDrJanWaterExample"),
    Base(
        "SDOHCC-practitionerrole",
        "full",
        "SDOHCC-PractitionerRoleDrJanWaterExample",
        {"period": _WHEN, "location": [to("Location/SDOHCC-LocationExample")], **_HOURS},
    ),
    Base("SDOHCC-Group", "plain", "SDOHCC-GroupSDOHPatientsForPayerExample"),
    Base(
        "SDOHCC-Group",
        "full",
        "SDOHCC-GroupSDOHPatientsForPayerExample",
        {"quantity": 1, "member": [{"entity": to("Patient/pat-53234"), "period": _WHEN}], **_NUMBER},
    ),
    Base("SDOHCC-ExtensionConditionAsserter", "carried", "SDOHCC-ConditionAsserterDeviceExample", {}, ("extension", 0)),
    Base(
        "SDOHCC-ExtensionHealthcareServiceCapacityStatus",
        "carried",
        _PROGRAM,
        {"extension": [_CAPACITY]},
        ("extension", 0),
    ),
    Base(
        "SDOHCC-ExtensionHealthcareServiceTelecomAppointment",
        "carried",
        _APPOINTMENTS,
        {},
        ("telecom", 0, "extension", 0),
    ),
)
