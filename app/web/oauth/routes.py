"""The routes of this face; they stand before the FHIR routes, which would take `.well-known` for a type."""

from starlette.routing import Route

from app.services.network import Network
from app.web.oauth.discovery import SmartConfiguration
from app.web.oauth.keys import PublishedKeys
from app.web.oauth.token import TokenEndpoint


def oauth_routes(network: Network) -> list[Route]:
    return [
        Route("/oauth/token", TokenEndpoint(network)),
        Route("/.well-known/jwks.json", PublishedKeys(network)),
        Route("/fhir/.well-known/smart-configuration", SmartConfiguration(network)),
    ]
