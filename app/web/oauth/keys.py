"""`/.well-known/jwks.json`: by which keys an EHR knows us when we sign in there. Public halves only."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from app.fhir import json
from app.services.launch.keys import published_keys
from app.services.network import Network

_OPEN = {"Access-Control-Allow-Origin": "*"}
# EHRs look again when they meet a new `kid`; a changed key is known everywhere after five minutes
_KEPT = {"Cache-Control": "public, max-age=300"}


class PublishedKeys:
    """A key set whatever `Accept` says; empty while no EHR is signed in at with a key."""

    def __init__(self, network: Network) -> None:
        self._network = network

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if Request(scope).method in ("GET", "HEAD"):
            body = json.dump({"keys": await published_keys(self._network)})
            response = Response(body, 200, _OPEN | _KEPT, "application/json")
        else:
            response = Response(status_code=405, headers=_OPEN | {"Allow": "GET, HEAD"})
        await response(scope, receive, send)
