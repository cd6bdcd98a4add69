"""`/fhir/.well-known/smart-configuration`: what the authorization server really offers, computed from what it does.

*Source*: SMART App Launch 2.2, Conformance; security sheet AS-01 to AS-04.
"""

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from app.domain.access.scopes import scopes_offered
from app.fhir import json
from app.gateways.keys import ALGORITHMS
from app.services.identity.authenticate_client import token_address
from app.services.identity.grant_token import GRANT_TYPES
from app.services.network import Network

# Anybody may read it from any page; it holds nothing about anybody.
_OPEN = {"Access-Control-Allow-Origin": "*"}
_PREFLIGHT = _OPEN | {"Access-Control-Allow-Methods": "GET", "Access-Control-Allow-Headers": "*"}


class SmartConfiguration:
    """JSON whatever `Accept` says. All addresses come from the public URL in the settings, never from the request."""

    def __init__(self, network: Network) -> None:
        self._network = network

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        method = Request(scope).method
        if method == "OPTIONS":
            response = Response(status_code=204, headers=_PREFLIGHT)
        elif method in ("GET", "HEAD"):
            response = Response(json.dump(smart_configuration(self._network)), 200, _OPEN, "application/json")
        else:
            response = Response(status_code=405, headers=_OPEN | {"Allow": "GET, HEAD, OPTIONS"})
        await response(scope, receive, send)


def smart_configuration(network: Network) -> dict[str, object]:
    """The discovery document as a JSON object."""
    offered = {name: kind.interactions for name, kind in network.registry.types.items()}
    return {
        "token_endpoint": token_address(network),
        "grant_types_supported": list(GRANT_TYPES),
        "token_endpoint_auth_methods_supported": ["private_key_jwt"],
        "token_endpoint_auth_signing_alg_values_supported": list(ALGORITHMS),
        "scopes_supported": list(scopes_offered(offered)),
        # Required by the guide of every server; the only method there will be.
        "code_challenge_methods_supported": ["S256"],
        "capabilities": ["client-confidential-asymmetric", "permission-v1", "permission-v2"],
    }
