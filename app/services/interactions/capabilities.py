"""capabilities: what this server does, computed from the registry. *Source*: R4 http.html#capabilities."""

from app.fhir import json
from app.fhir.capability import capability_statement
from app.services.network import Network
from app.services.requests import FhirResponse
from app.version import RELEASED, VERSION


async def capabilities(network: Network) -> FhirResponse:
    """200 for everybody; search parameters that are still being built are absent."""
    statement = capability_statement(
        network.asking,
        base=network.base,
        software_version=VERSION,
        custodian=f"Organization/{network.organization}" if network.organization else None,
        oauth_token_url=f"{network.settings.public_url}/oauth/token",
        date=RELEASED.isoformat(),
    )
    return FhirResponse(200, json.dump(statement))
