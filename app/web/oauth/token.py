"""POST /oauth/token.

*Source*: RFC 6749 sections 5.1 and 5.2; SMART App Launch 2.2, Backend Services;
security sheet AS-06, AS-07, decision 15.
"""

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from app.fhir import json
from app.log import log
from app.services.identity.grant_token import Granted, grant_token
from app.services.identity.oauth_refusal import OAuthRefusal
from app.services.network import Network
from app.web.oauth.form import read_form

NOT_CACHED = {"Cache-Control": "no-store", "Pragma": "no-cache"}


_LATER = OAuthRefusal("temporarily_unavailable", "The request could not be answered; try again with a new assertion.")


class TokenEndpoint:
    """Answers every method itself, because here a wrong method is answered in OAuth's JSON too."""

    def __init__(self, network: Network) -> None:
        self._network = network

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        if request.method == "POST":
            response = await self._answer(request)
        else:
            response = _refused(OAuthRefusal("invalid_request", "Use POST."), 405, {"Allow": "POST"})
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        try:
            return _granted(await grant_token(self._network, await read_form(request)))
        except OAuthRefusal as refusal:
            log.info("token_refused", rule=refusal.rule)
            return _refused(refusal, *_status(refusal))
        except Exception:
            # The database is away, or we are wrong: here too the answer is OAuth's JSON, and the client may try again.
            log.exception("unexpected")
            return _refused(_LATER, 503, {"Retry-After": "2"})


def _granted(granted: Granted) -> Response:
    return _json(
        {
            "access_token": granted.access_token,
            "token_type": "Bearer",
            "expires_in": granted.expires_in,
            "scope": granted.scope,
        },
        200,
        {},
    )


def _status(refusal: OAuthRefusal) -> tuple[int, dict[str, str]]:
    """400 but for a failed Basic (RFC 6749 demands the challenge) and for too many requests."""
    if refusal.retry_after_s is not None:
        return 429, {"Retry-After": str(refusal.retry_after_s)}
    if refusal.by_basic:
        return 401, {"WWW-Authenticate": 'Basic realm="token"'}
    return 400, {}


def _refused(refusal: OAuthRefusal, status: int, headers: dict[str, str]) -> Response:
    return _json({"error": refusal.error, "error_description": refusal.description}, status, headers)


def _json(body: dict[str, object], status: int, headers: dict[str, str]) -> Response:
    return Response(json.dump(body), status, headers | NOT_CACHED, media_type="application/json")
