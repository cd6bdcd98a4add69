"""Where the FHIR face stands: every address at /fhir and below, whatever is in it, so that each gets FHIR's answer."""

from starlette.routing import BaseRoute, Match
from starlette.types import Receive, Scope, Send

from app.web.fhir_api.face import FhirFace


class FhirRoute(BaseRoute):
    """A mount's pattern would let an address with a line break pass by, to be answered by the pages."""

    def __init__(self, face: FhirFace) -> None:
        self.face = face

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        path = scope["path"] if scope["type"] == "http" else ""
        return (Match.FULL if path == "/fhir" or path.startswith("/fhir/") else Match.NONE), {}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.face(scope, receive, send)
