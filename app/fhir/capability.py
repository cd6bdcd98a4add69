"""The CapabilityStatement, computed from the registry so that it cannot promise what is not there.

*Source*: R4 capabilitystatement.html; security sheet AS-03 (oauth-uris); SDOH Clinical Care 3.0.0, Coordination
Platform.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from app.fhir.json import JsonObject
from app.fhir.registry import Registry, ResourceType

_GUIDE = "http://hl7.org/fhir/us/sdoh-clinicalcare"
_OAUTH_URIS = "http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris"
_SECURITY_SERVICE = "http://terminology.hl7.org/CodeSystem/restful-security-service"
_EVERY_TYPE = (
    {"name": "_id", "definition": "http://hl7.org/fhir/SearchParameter/Resource-id", "type": "token"},
    {"name": "_lastUpdated", "definition": "http://hl7.org/fhir/SearchParameter/Resource-lastUpdated", "type": "date"},
)
_NOTHING: Mapping[str, str] = MappingProxyType({})


def capability_statement(
    registry: Registry,
    *,
    base: str,
    software_version: str,
    custodian: str | None,
    oauth_token_url: str,
    date: str,
    oauth_urls: Mapping[str, str] = _NOTHING,
) -> JsonObject:
    """What this server can do. `custodian` is the network's `Organization/<id>`; `oauth_urls` are further ones by name
    (`authorize`, `introspect`, `revoke`)."""
    return {
        "resourceType": "CapabilityStatement",
        "url": f"{base}/metadata",
        "name": "Baton",
        "title": "Baton, a coordination platform for social-care referrals",
        "status": "active",
        "date": date,
        "kind": "instance",
        "instantiates": [f"{_GUIDE}/CapabilityStatement/SDOHCC-CoordinationPlatform"],
        "software": {"name": "Baton", "version": software_version},
        "implementation": {
            "description": "A network's coordination platform: referrals go in, outcomes come back.",
            "url": base,
            **({"custodian": {"reference": custodian}} if custodian else {}),
        },
        "fhirVersion": "4.0.1",
        "format": ["application/fhir+json"],
        "implementationGuide": [f"{_GUIDE}/ImplementationGuide/hl7.fhir.us.sdoh-clinicalcare"],
        "rest": [
            {
                "mode": "server",
                "security": _security({"token": oauth_token_url, **oauth_urls}),
                "resource": [_resource(registry.types[name]) for name in sorted(registry.types)],
                "interaction": [{"code": "transaction"}, {"code": "batch"}],
            }
        ],
    }


def _security(oauth: Mapping[str, str]) -> JsonObject:
    tree: JsonObject = {
        "cors": True,
        "service": [{"coding": [{"system": _SECURITY_SERVICE, "code": "SMART-on-FHIR"}]}],
        "description": "SMART App Launch 2.2: a bearer token, got by a signed client assertion (RS384 or ES384).",
    }
    # The extension's definition demands `authorize`: until there is one, smart-configuration alone says where tokens
    # are.
    if "authorize" in oauth:
        uris = [{"url": name, "valueUri": address} for name, address in oauth.items()]
        return {"extension": [{"url": _OAUTH_URIS, "extension": uris}], **tree}
    return tree


def _resource(served: ResourceType) -> JsonObject:
    tree: dict[str, Any] = {
        "type": served.name,
        "profile": f"http://hl7.org/fhir/StructureDefinition/{served.name}",
        "supportedProfile": list(served.profiles),
        "interaction": [{"code": code} for code in served.interactions],
        "versioning": "versioned-update",
        "readHistory": "vread" in served.interactions,
        "updateCreate": False,
        "conditionalCreate": "identifier" in served.parameters,
        "referencePolicy": ["literal"],
        "searchInclude": [f"{served.name}:{code}" for code in served.includes],
        "searchParam": [*_EVERY_TYPE, *_parameters(served)],
    }
    return {name: value for name, value in tree.items() if value != []}


def _parameters(served: ResourceType) -> list[dict[str, str]]:
    return [
        {"name": code, "definition": parameter.url, "type": parameter.kind}
        for code, parameter in sorted(served.parameters.items())
    ]
