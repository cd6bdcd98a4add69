"""What the server says about itself. *Source*: SMART App Launch 2.2, Conformance; OpenID Connect Discovery 1.0, 3."""

from typing import Any

from app.simulate.fhir.scopes import IDENTITY, offered
from app.simulate.smart.server import Smart

CAPABILITIES = (
    "launch-ehr",
    "launch-standalone",
    "authorize-post",
    "client-public",
    "client-confidential-symmetric",
    "client-confidential-asymmetric",
    "sso-openid-connect",
    "context-banner",
    "context-ehr-patient",
    "context-standalone-patient",
    "permission-patient",
    "permission-user",
    "permission-offline",
    "permission-v1",
    "permission-v2",
)
CLIENT_ALGORITHMS = ["RS384", "ES384"]


def endpoints(smart: Smart) -> dict[str, str]:
    issuer = smart.issuer
    return {
        "issuer": issuer,
        "authorization_endpoint": f"{issuer}/authorize",
        "token_endpoint": f"{issuer}/token",
        "jwks_uri": f"{issuer}/jwks.json",
    }


def configuration(smart: Smart) -> dict[str, Any]:
    """`.well-known/smart-configuration`."""
    without = {
        "permission-v2": "v1-scopes" in smart.on,
        "permission-offline": "no-refresh" in smart.on,
        "context-ehr-patient": "no-patient" in smart.on,
        "context-standalone-patient": "no-patient" in smart.on,
    }
    return {
        **endpoints(smart),
        "response_types_supported": ["code"],
        "grant_types_supported": ["authorization_code"],
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "private_key_jwt"],
        "token_endpoint_auth_signing_alg_values_supported": CLIENT_ALGORITHMS,
        "authorization_response_iss_parameter_supported": True,
        "scopes_supported": [*IDENTITY, *_resource_scopes(smart)],
        "capabilities": [name for name in CAPABILITIES if not without.get(name, False)],
    }


def _resource_scopes(smart: Smart) -> list[str]:
    types = offered(smart.on).items()
    if "v1-scopes" not in smart.on:
        return [f"patient/{name}.{letters}" for name, letters in types]
    reads = [f"patient/{name}.read" for name, _ in types]
    return [*reads, *(f"patient/{name}.write" for name, letters in types if "c" in letters)]


def openid(smart: Smart) -> dict[str, Any]:
    """`.well-known/openid-configuration`."""
    return {
        **endpoints(smart),
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256", "ES384"],
        "authorization_response_iss_parameter_supported": True,
        "scopes_supported": list(IDENTITY),
        "claims_supported": ["iss", "sub", "aud", "exp", "iat", "nonce", "fhirUser"],
    }
