"""Security headers on every answer of the pages, as ASGI middleware.

*Source*: OWASP ASVS 5 V3 (browser surface); `same-origin` referrers, because under `no-referrer` browsers send
`Origin: null` with same-origin forms, which the CSRF check would refuse.
"""

from collections.abc import Iterable

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

NO_FRAMES = "frame-ancestors 'none'"
OWN_FORMS = "form-action 'self'"
CONTENT_SECURITY_POLICY = "; ".join((
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "connect-src 'self'",
    "font-src 'self'",
    "base-uri 'none'",
    "object-src 'none'",
    OWN_FORMS,
    NO_FRAMES,
    "require-trusted-types-for 'script'",
))  # fmt: skip

HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
TWO_YEARS = "max-age=63072000; includeSubDomains"
A_YEAR = "public, max-age=31536000, immutable"


# In the request's state: the origins that may show the answer in a frame. Whoever knows which EHR asks puts them there.
FRAMED_BY = "framed_by"
# Likewise: the origins to which a form in the answer may be sent.
FORMS_TO = "forms_to"


def opened(framed_by: Iterable[str], forms_to: Iterable[str] = ()) -> str:
    """The policy of a page that these origins may show in a frame, beside our own, with forms that may go to those."""
    framed = CONTENT_SECURITY_POLICY.replace(NO_FRAMES, " ".join(("frame-ancestors 'self'", *framed_by)))
    return framed.replace(OWN_FORMS, " ".join((OWN_FORMS, *forms_to)))


class SecurityHeaders:
    """Adds the headers; `https` adds HSTS. Pages are never stored by browsers or proxies, versioned files are."""

    def __init__(self, app: ASGIApp, *, https: bool) -> None:
        self.app = app
        self.headers = HEADERS | ({"Strict-Transport-Security": TWO_YEARS} if https else {})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        kept = scope["path"].startswith("/static/") and bool(scope["query_string"])

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self.headers.items():
                    headers.setdefault(name, value)
                state = scope.get("state", {})
                if FRAMED_BY in state:
                    policy = opened(state[FRAMED_BY], state.get(FORMS_TO, ()))
                    headers["Content-Security-Policy"] = policy
                headers["Cache-Control"] = A_YEAR if kept and message["status"] < 400 else "no-store"
            await send(message)

        await self.app(scope, receive, send_with_headers)
