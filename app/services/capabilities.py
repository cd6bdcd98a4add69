"""capabilities: what this server does, computed from the registry. *Source*: R4 http.html#capabilities."""

import hashlib
from collections.abc import Mapping

from app.fhir import json
from app.fhir.capability import Offered, capability_statement
from app.services.network import Network
from app.services.operations import OPERATIONS
from app.services.requests import FhirResponse
from app.version import RELEASED, VERSION


async def capabilities(network: Network, headers: Mapping[str, str], variant: str) -> FhirResponse:
    """200 for everybody, 304 for who has it already; search parameters that are still being built are absent. `variant`
    is the format that it leaves in: each has an ETag of its own."""
    statement = capability_statement(
        await network.asking_by_now(),
        base=network.base,
        software_version=VERSION,
        custodian=f"Organization/{network.organization}" if network.organization else None,
        oauth_token_url=f"{network.settings.public_url}/oauth/token",
        date=RELEASED.isoformat(),
        operations=[
            Offered(each.name, each.definition_url, each.levels, each.types, each.never) for each in OPERATIONS
        ],
        installed=_installed(network),
    )
    body = json.dump(statement)
    tag = f'W/"{hashlib.sha256(body + variant.encode()).hexdigest()[:16]}"'
    if tag in (each.strip() for each in headers.get("if-none-match", "").split(",")):
        return FhirResponse(304, b"", {"ETag": tag})
    return FhirResponse(200, body, {"ETag": tag})


def _installed(network: Network) -> dict[str, list[str]]:
    """type -> the profiles that the site has installed, with their versions."""
    found: dict[str, list[str]] = {}
    for url in network.conformance.installed:
        facts = network.conformance.profiles.facts[url]
        if facts.type in network.registry.types:
            found.setdefault(facts.type, []).append(f"{url}|{facts.version}" if facts.version else url)
    return found
