"""The CapabilityStatement: what can be done with which type, and where tokens are given out.

*Source*: R4 CapabilityStatement; SMART App Launch 1.0, oauth-uris.
"""

from collections.abc import Mapping

from app.simulate.vocabulary import TERMS, Resource

OAUTH_URIS = "http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris"
INTERACTIONS: Mapping[str, str] = {"c": "create", "r": "read", "u": "update", "s": "search-type"}
SEARCHES: Mapping[str, tuple[tuple[str, str], ...]] = {
    "Patient": (("_id", "token"),),
    "Practitioner": (),
    "Condition": (("patient", "reference"), ("category", "token"), ("code", "token")),
    "Observation": (("patient", "reference"), ("category", "token"), ("code", "token")),
    "Consent": (("patient", "reference"), ("status", "token")),
    "DocumentReference": (
        ("patient", "reference"),
        ("type", "token"),
        ("category", "token"),
        ("identifier", "token"),
    ),
    "Task": (("patient", "reference"), ("status", "token"), ("identifier", "token")),
}


def statement(base: str, types: Mapping[str, str], endpoints: Mapping[str, str], now: str) -> Resource:
    """`types`: type -> letters of `cruds`; `endpoints` as in the SMART configuration."""
    addresses = [
        {"url": "authorize", "valueUri": endpoints["authorization_endpoint"]},
        {"url": "token", "valueUri": endpoints["token_endpoint"]},
    ]
    service = {"coding": [{"system": TERMS + "restful-security-service", "code": "SMART-on-FHIR"}]}
    security = {"cors": True, "service": [service], "extension": [{"url": OAUTH_URIS, "extension": addresses}]}
    return {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": now,
        "kind": "instance",
        "software": {"name": "Simulated EHR"},
        "implementation": {"description": "A simulated EHR with invented patients", "url": base},
        "fhirVersion": "4.0.1",
        "format": ["json"],
        "rest": [
            {
                "mode": "server",
                "security": security,
                "resource": [_resource(name, letters) for name, letters in types.items()],
            }
        ],
    }


def _resource(name: str, letters: str) -> Resource:
    parameters = [{"name": each, "type": kind} for each, kind in SEARCHES[name]]
    interactions = [{"code": word} for letter, word in INTERACTIONS.items() if letter in letters]
    tree: Resource = {"type": name, "interaction": interactions, "versioning": "versioned"}
    return tree | ({"searchParam": parameters} if parameters else {})
