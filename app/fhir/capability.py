"""The CapabilityStatement, computed from the registry so that it cannot promise what is not there.

*Source*: R4 capabilitystatement.html; security sheet AS-03 (oauth-uris); SDOH Clinical Care 3.0.0, Coordination
Platform.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from app.fhir.json import JsonObject
from app.fhir.registry import Registry, ResourceType

_GUIDE = "http://hl7.org/fhir/us/sdoh-clinicalcare"
_US_CORE = "http://hl7.org/fhir/us/core"
_OAUTH_URIS = "http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris"
_SECURITY_SERVICE = "http://terminology.hl7.org/CodeSystem/restful-security-service"
_EVERY_TYPE = (
    {"name": "_id", "definition": "http://hl7.org/fhir/SearchParameter/Resource-id", "type": "token"},
    {"name": "_lastUpdated", "definition": "http://hl7.org/fhir/SearchParameter/Resource-lastUpdated", "type": "date"},
)
_FORMATS = ("application/fhir+json", "application/fhir+xml")
_PATCH_FORMATS = ("application/json-patch+json",)
_OF_THE_WHOLE = (
    ("transaction", "All or nothing: deletes, then creates, then updates, then reads."),
    ("batch", "Each entry by itself."),
    ("history-system", "For the network's own systems."),
)
_IDS = "Ids are the server's; a system that is registered for it may choose them by update."
_NOTHING: Mapping[str, str] = MappingProxyType({})
_NO_PROFILES: Mapping[str, Sequence[str]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Offered:
    """An operation as the statement names it: `types` empty means every type but those in `never`; `levels` are system,
    type, instance."""

    name: str
    definition: str
    levels: tuple[str, ...]
    types: tuple[str, ...]
    never: Collection[str] = ()


def capability_statement(
    registry: Registry,
    *,
    base: str,
    software_version: str,
    custodian: str | None,
    oauth_token_url: str,
    date: str,
    oauth_urls: Mapping[str, str] = _NOTHING,
    operations: Sequence[Offered] = (),
    installed: Mapping[str, Sequence[str]] = _NO_PROFILES,
) -> JsonObject:
    """What this server can do. `custodian` is the network's `Organization/<id>`; `oauth_urls` are further ones by name
    (`authorize`, `introspect`, `revoke`); `installed`: the site's own profiles by type."""
    rest: JsonObject = {
        "mode": "server",
        "security": _security({"token": oauth_token_url, **oauth_urls}),
        "resource": [
            _resource(registry.types[name], operations, installed.get(name, ())) for name in sorted(registry.types)
        ],
        "interaction": [{"code": code, "documentation": text} for code, text in _OF_THE_WHOLE],
        "operation": [_operation(each) for each in operations if "system" in each.levels],
    }
    return {
        "resourceType": "CapabilityStatement",
        "url": f"{base}/metadata",
        "version": software_version,
        "name": "Baton",
        "title": "Baton, a coordination platform for social-care referrals",
        "status": "active",
        "date": date,
        "kind": "instance",
        "instantiates": [f"{_GUIDE}/CapabilityStatement/SDOHCC-CoordinationPlatform"],
        "software": {"name": "Baton", "version": software_version, "releaseDate": date},
        "implementation": {
            "description": "A network's coordination platform: referrals go in, outcomes come back.",
            "url": base,
            **({"custodian": {"reference": custodian}} if custodian else {}),
        },
        "fhirVersion": "4.0.1",
        "format": list(_FORMATS),
        "patchFormat": list(_PATCH_FORMATS),
        "implementationGuide": [
            f"{_GUIDE}/ImplementationGuide/hl7.fhir.us.sdoh-clinicalcare|3.0.0",
            f"{_US_CORE}/ImplementationGuide/hl7.fhir.us.core|7.0.0",
        ],
        "rest": [_without_empty(rest)],
    }


def _security(oauth: Mapping[str, str]) -> JsonObject:
    tree: JsonObject = {
        "cors": False,
        "service": [{"coding": [{"system": _SECURITY_SERVICE, "code": "SMART-on-FHIR"}]}],
        "description": "SMART App Launch 2.2: a bearer token, got by a signed client assertion (RS384 or ES384).",
    }
    # The extension's definition demands `authorize`: until there is one, smart-configuration alone says where tokens
    # are.
    if "authorize" in oauth:
        uris = [{"url": name, "valueUri": address} for name, address in oauth.items()]
        return {"extension": [{"url": _OAUTH_URIS, "extension": uris}], **tree}
    return tree


def _resource(served: ResourceType, operations: Sequence[Offered], installed: Sequence[str]) -> JsonObject:
    does = frozenset(served.interactions)
    by_identifier = "identifier" in served.parameters
    return _without_empty(
        {
            "type": served.name,
            "profile": f"http://hl7.org/fhir/StructureDefinition/{served.name}",
            "supportedProfile": [*served.profiles, *installed],
            "documentation": _IDS if "update" in does else "",
            "interaction": [{"code": code} for code in served.interactions],
            "versioning": "versioned-update" if "update" in does else "versioned" if "vread" in does else "no-version",
            "readHistory": "history-instance" in does,
            "updateCreate": False,
            "conditionalCreate": by_identifier and "create" in does,
            "conditionalRead": "full-support" if "vread" in does else "not-supported",
            "conditionalUpdate": by_identifier and "update" in does,
            "conditionalDelete": "single" if by_identifier and "delete" in does else "not-supported",
            "referencePolicy": ["literal", "logical", "enforced"],
            "searchInclude": [f"{served.name}:{code}" for code in served.includes],
            "searchRevInclude": list(served.revincludes),
            "searchParam": [*_EVERY_TYPE, *_parameters(served)],
            "operation": [_operation(each) for each in operations if _is_for(each, served.name)],
        }
    )


def _parameters(served: ResourceType) -> list[dict[str, str]]:
    return [
        {"name": code, "definition": parameter.url, "type": parameter.kind}
        for code, parameter in sorted(served.parameters.items())
    ]


def _is_for(offered: Offered, type_name: str) -> bool:
    listed = type_name in offered.types if offered.types else type_name not in offered.never
    return listed and bool({"type", "instance"} & set(offered.levels))


def _operation(offered: Offered) -> JsonObject:
    return {"name": offered.name, "definition": offered.definition}


def _without_empty(tree: dict[str, Any]) -> JsonObject:
    """Neither empty arrays nor empty texts exist in FHIR."""
    return {name: value for name, value in tree.items() if value not in ([], "")}
