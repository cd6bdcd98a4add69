"""Gives each request its number, in the log and in X-Request-Id, and writes one line about it without its address."""

import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.clock import SystemIds
from app.log import bind_request, log


class Numbered:
    """ASGI. The log has the method, the route's template, the status and the time; never the path or the query."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.ids = SystemIds()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        number = str(self.ids.next())
        scope.setdefault("state", {})["request_id"] = number
        bind_request(number)
        started = time.perf_counter()
        status = 500

        async def numbered(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = message.setdefault("headers", [])
                if not any(name.lower() == b"x-request-id" for name, _ in headers):
                    headers.append((b"x-request-id", number.encode()))
            await send(message)

        try:
            await self.app(scope, receive, numbered)
        finally:
            spent = round((time.perf_counter() - started) * 1000, 1)
            route = scope["state"].get("route") or _first_segment(scope)
            log.info("request", method=scope["method"], route=route, status=status, duration_ms=spent)


KNOWN = (
    "fhir",
    ".well-known",
    "oauth",
    "static",
    "ops",
    "launch",
    "clinician",
    "referrals",
    "inbox",
    "invitation",
    "choose-organization",
    "sign-in",
    "sign-out",
    "live",
    "ready",
)


def _first_segment(scope: Scope) -> str:
    first = scope["path"].split("/")[1] if scope["path"].count("/") else ""
    return f"/{first}" if first in KNOWN else "/other"
