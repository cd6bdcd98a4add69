"""A referral as an EHR sends it: one transaction of POSTs that refer to each other by urn:uuid."""

import json
from base64 import b64encode
from dataclasses import dataclass
from typing import Any

from tests.parts import SHARED
from tests.stories.draw import Draw, Need
from tests.stories.system import System, Tree, location

EXAMPLES = SHARED / "fhir" / "examples"
GUIDE = (
    "Patient-pat-53234",
    "Practitioner-SDOHCC-PractitionerDrJanWaterExample",
    "PractitionerRole-SDOHCC-PractitionerRoleDrJanWaterExample",
    "Organization-SDOHCC-OrganizationClinicExample",
    "Condition-SDOHCC-ConditionFoodInsecurityExample",
    "Observation-SDOHCC-ObservationResponseHungerVitalSignQuestion3Example",
    "QuestionnaireResponse-SDOHCC-QuestionnaireResponseHungerVitalSignExample",
    "Consent-SDOHCC-ConsentInformationDisclosureExample",
    "ServiceRequest-SDOHCC-ServiceRequestActiveFoodPantryApplicationAssistExample",
    "Task-SDOHCC-TaskReferralManagementOrderFulfillmentAcceptedExample",
)
PAYER = "Organization-SDOHCC-OrganizationPayerExample"
CLINIC = "Organization/SDOHCC-OrganizationClinicExample"
PROFILES = "http://hl7.org/fhir/us/sdoh-clinicalcare/StructureDefinition/"
US_CORE = "http://hl7.org/fhir/us/core/StructureDefinition/"
TEMPORARY_CODES = "http://hl7.org/fhir/us/sdoh-clinicalcare/CodeSystem/SDOHCC-CodeSystemTemporaryCodes"
V3 = "http://terminology.hl7.org/CodeSystem/v3-"
PAPER = b"%PDF-1.4 I agree that my need is told to those who can help."


@dataclass(frozen=True, slots=True)
class Referral:
    """What is sent. `person` is the name that people will read."""

    trees: dict[str, Tree]  # by what refers to them: urn:uuid:...
    person: str
    given: str
    family: str

    def one(self, type_name: str) -> Tree:
        return next(tree for tree in self.trees.values() if tree["resourceType"] == type_name)

    def urn(self, type_name: str) -> str:
        return next(urn for urn, tree in self.trees.items() if tree["resourceType"] == type_name)

    def entries(self) -> list[Tree]:
        return [
            {"fullUrl": urn, "resource": tree, "request": {"method": "POST", "url": tree["resourceType"]}}
            for urn, tree in self.trees.items()
        ]

    def need(self) -> str:
        """What people read that is asked for: without SNOMED CT's "(procedure)"."""
        display: str = self.one("ServiceRequest")["code"]["coding"][0]["display"]
        return display.rsplit(" (", 1)[0] if display.endswith(")") else display

    def personal(self) -> list[str]:
        """Words that stand in no e-mail: names, birth date, phone, address, need."""
        patient, request = self.one("Patient"), self.one("ServiceRequest")
        words = [self.given, self.family, patient["birthDate"], *(each["value"] for each in patient["telecom"])]
        words += [line for each in patient.get("address", ()) for line in each["line"]]
        return words + [coding[part] for coding in request["code"]["coding"] for part in ("code", "display")]


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of it: `Type/id` by type, for the types of which there is one."""

    places: dict[str, str]

    @property
    def task(self) -> str:
        return self.places["Task"]

    @property
    def consent(self) -> str:
        return self.places["Consent"]


def send(system: System, referral: Referral) -> Sent:
    answer = system.transaction(referral.entries())
    statuses = [entry["response"]["status"][:3] for entry in answer["entry"]]
    assert statuses == ["201"] * len(referral.trees), statuses
    places = [location(entry) for entry in answer["entry"]]
    sent = [tree["resourceType"] for tree in referral.trees.values()]
    assert [place.split("/")[0] for place in places] == sent
    return Sent(dict(zip(sent, places, strict=True)))


def guides_referral(draw: Draw, *, network: str, performer: str) -> Referral:
    """The guide's food referral; changed only: the Task's status and owner, who performs, and the Consent's mention.

    The Consent stays as it is: it names nobody. Its organization, the payer, comes with it.
    """
    trees = {tree["resourceType"] + "/" + tree["id"]: tree for tree in map(_example, (*GUIDE, PAYER))}
    urns = {place: draw.urn() for place in trees}
    for place, tree in trees.items():
        if tree["resourceType"] == "Task":
            tree |= {"status": "requested", "owner": {"reference": network}}
        if tree["resourceType"] == "ServiceRequest":
            consent = next(each for each in trees if each.startswith("Consent/"))
            tree |= {"performer": [{"reference": performer}], "supportingInfo": [{"reference": consent}]}
        trees[place] = _with_urns(tree, urns)
    return Referral({urns[place]: tree for place, tree in trees.items()}, "COLIN V. BAXTER", "COLIN", "BAXTER")


def with_consent_for(referral: Referral, *recipients: str) -> Referral:
    """The Consent permits these, and is the clinic's; the payer, whom nothing names any more, stays at home."""
    clinic = _clinic_urn(referral)
    actors = [
        {"role": _coding(V3 + "ParticipationType", "IRCP"), "reference": {"reference": each}} for each in recipients
    ]
    consent = referral.one("Consent") | {
        "organization": [{"reference": clinic}],
        "provision": {"type": "permit", "actor": actors},
    }
    kept = {
        urn: consent if tree["resourceType"] == "Consent" else tree
        for urn, tree in referral.trees.items()
        if tree["resourceType"] != "Organization" or urn == clinic
    }
    return Referral(kept, referral.person, referral.given, referral.family)


def drawn_referral(draw: Draw, *, network: str, performer: str | None, consenting_to: tuple[str, ...]) -> Referral:
    """An invented person's referral for a drawn need; the Consent permits whom it names."""
    need, given, family = draw.need(), draw.given(), draw.family()
    kinds = (
        "Patient",
        "Practitioner",
        "PractitionerRole",
        "Organization",
        "Condition",
        "Consent",
        "ServiceRequest",
        "Task",
    )
    urns = {kind: draw.urn() for kind in kinds}
    to = {kind: {"reference": urn} for kind, urn in urns.items()}
    trees: dict[str, Tree] = {
        "Patient": _patient(draw, given, family),
        "Practitioner": {
            "meta": {"profile": [US_CORE + "us-core-practitioner|7.0.0"]},
            "identifier": [_numbered(draw)],
            "name": [{"given": [draw.given()], "family": draw.family()}],
        },
        "PractitionerRole": {
            "meta": {"profile": [PROFILES + "SDOHCC-practitionerrole"]},
            "practitioner": to["Practitioner"],
            "organization": to["Organization"],
            "telecom": [{"system": "phone", "value": draw.phone()}],
        },
        "Organization": {
            "meta": {"profile": [US_CORE + "us-core-organization|7.0.0"]},
            "active": True,
            "name": draw.clinic(),
        },
        "Condition": _condition(draw, need, to),
        "Consent": _consent(draw, to, consenting_to),
        "ServiceRequest": _request(draw, need, to, performer),
        "Task": _task(draw, to, network),
    }
    named = {urns[kind]: {"resourceType": kind, **tree} for kind, tree in trees.items()}
    return Referral(named, f"{given} {family}", given, family)


def _example(name: str) -> Tree:
    tree: Tree = json.loads((EXAMPLES / f"{name}.json").read_text(encoding="utf-8"))
    return tree


def _with_urns(node: Any, urns: dict[str, str]) -> Any:
    if isinstance(node, dict):
        return {
            name: urns.get(child, child) if name == "reference" and isinstance(child, str) else _with_urns(child, urns)
            for name, child in node.items()
        }
    return [_with_urns(child, urns) for child in node] if isinstance(node, list) else node


def _clinic_urn(referral: Referral) -> str:
    organization: str = referral.one("PractitionerRole")["organization"]["reference"]
    return organization


def _patient(draw: Draw, given: str, family: str) -> Tree:
    return {
        "meta": {"profile": [US_CORE + "us-core-patient|7.0.0"]},
        "identifier": [_numbered(draw)],
        "name": [{"given": [given], "family": family}],
        "telecom": [{"system": "phone", "value": draw.phone(), "use": "mobile"}],
        "gender": draw.chance.choice(("female", "male", "other", "unknown")),
        "birthDate": draw.birth_date(),
        "address": [draw.address()],
    }


def _numbered(draw: Draw) -> Tree:
    system, value = draw.identifier()
    return {"system": system, "value": value}


def _condition(draw: Draw, need: Need, to: dict[str, Tree]) -> Tree:
    return {
        "meta": {"profile": [PROFILES + "SDOHCC-Condition"]},
        "clinicalStatus": _coding("http://terminology.hl7.org/CodeSystem/condition-clinical", "active"),
        "verificationStatus": _coding("http://terminology.hl7.org/CodeSystem/condition-ver-status", "confirmed"),
        "category": [
            _coding("http://hl7.org/fhir/us/core/CodeSystem/condition-category", "health-concern"),
            _coding("http://hl7.org/fhir/us/core/CodeSystem/us-core-category", "sdoh"),
            _coding(TEMPORARY_CODES, need.category),
        ],
        "code": {"coding": [need.condition.coding]},
        "subject": to["Patient"],
        "onsetDateTime": draw.recent_day().isoformat(),
    }


def _consent(draw: Draw, to: dict[str, Tree], recipients: tuple[str, ...]) -> Tree:
    actors = [
        {"role": _coding(V3 + "ParticipationType", "IRCP"), "reference": {"reference": each}} for each in recipients
    ]
    tree: Tree = {
        "meta": {"profile": [PROFILES + "SDOHCC-Consent"]},
        "status": "active",
        "scope": _coding("http://terminology.hl7.org/CodeSystem/consentscope", "patient-privacy"),
        "category": [_coding(V3 + "ActCode", "IDSCL")],
        "patient": to["Patient"],
        "dateTime": draw.recent_day().isoformat(),
        "organization": [to["Organization"]],
        "sourceAttachment": {"contentType": "application/pdf", "data": b64encode(PAPER).decode()},
        "policyRule": _coding("http://terminology.hl7.org/CodeSystem/consentpolicycodes", "hipaa-auth"),
    }
    return tree | ({"provision": {"type": "permit", "actor": actors}} if actors else {})


def _request(draw: Draw, need: Need, to: dict[str, Tree], performer: str | None) -> Tree:
    tree: Tree = {
        "meta": {"profile": [PROFILES + "SDOHCC-ServiceRequest"]},
        "status": "active",
        "intent": "order",
        "category": [
            {
                "coding": [
                    {"system": "http://snomed.info/sct", "code": "410606002", "display": "Social service procedure"}
                ]
            },
            _coding(TEMPORARY_CODES, need.category),
        ],
        "priority": draw.chance.choice(("routine", "urgent")),
        "code": {"coding": [need.request.coding]},
        "subject": to["Patient"],
        "authoredOn": draw.recent_day().isoformat(),
        "requester": to["PractitionerRole"],
        "reasonReference": [to["Condition"]],
        "supportingInfo": [to["Consent"]],
    }
    return tree | ({"performer": [{"reference": performer}]} if performer else {})


def _task(draw: Draw, to: dict[str, Tree], network: str) -> Tree:
    return {
        "meta": {"profile": [PROFILES + "SDOHCC-TaskForReferralManagement"]},
        "status": "requested",
        "intent": "order",
        "code": _coding("http://hl7.org/fhir/CodeSystem/task-code", "fulfill"),
        "focus": to["ServiceRequest"],
        "for": to["Patient"],
        "authoredOn": f"{draw.recent_day().isoformat()}T09:30:00Z",
        "requester": to["PractitionerRole"],
        "owner": {"reference": network},
    }


def _coding(system: str, code: str) -> Tree:
    return {"coding": [{"system": system, "code": code}]}
