"""Where the FHIR face stands: before the web framework's routing, which costs as much as a read's own work."""

from starlette.types import ASGIApp, Receive, Scope, Send

# SMART's discovery lies below the FHIR base and belongs to OAuth.
DISCOVERY = "/fhir/.well-known/smart-configuration"


class FhirDoor:
    """ASGI. Every address at /fhir and below gets FHIR's answer, whatever is in it; `others` have the rest.

    Not a mount: its pattern would let an address with a line break pass by, to be answered by the pages. The face is
    `app.state.face`, there as soon as the network is open.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.others = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"] if scope["type"] == "http" else ""
        if (path == "/fhir" or path.startswith("/fhir/")) and path != DISCOVERY:
            await scope["app"].state.face(scope, receive, send)
        else:
            await self.others(scope, receive, send)
