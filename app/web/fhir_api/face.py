"""From an ASGI request to `dispatch` and back. Every refusal leaves as an OperationOutcome with its status."""

from collections.abc import Mapping
from dataclasses import replace

from starlette.types import Receive, Scope, Send

from app.fhir import json
from app.fhir.errors import Login, MethodNotAllowed, Refusal
from app.fhir.outcomes import operation_outcome
from app.log import log
from app.services.caller import Caller
from app.services.capabilities import capabilities
from app.services.dispatch import allowed, dispatch
from app.services.faults import UNEXPECTED, database_away
from app.services.identity.authenticate_token import authenticate_token
from app.services.network import Network
from app.services.refused import note_refused
from app.services.requests import FhirRequest, FhirResponse
from app.services.statuses import status_of
from app.store.trouble import AWAY
from app.web.fhir_api.dress import dressed
from app.web.fhir_api.formats import PLAIN, Reply, accepted, reply_of
from app.web.fhir_api.incoming import Pairs, authorization, body_reader, headers_of, path_of, query_of, telling

BODILESS = (204, 304)


class FhirFace:
    """ASGI application below /fhir."""

    def __init__(self, network: Network) -> None:
        self.network = network

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        caller: Caller | None = None
        path: tuple[str, ...] = ()
        reply = PLAIN
        extra: dict[str, str] = {}

        def by_form(form: Pairs) -> None:
            nonlocal reply
            reply = reply_of(headers, (*query, *form))

        try:
            headers = headers_of(scope, self.network)
            reply = accepted(headers.get("accept", "")) or PLAIN
            path = path_of(scope, self.network)
            scope["state"]["route"] = _template(path, self.network)
            query = query_of(scope)
            reply = reply_of(headers, query, reads_binary=_reads_binary(scope["method"], path))
            if path == ("metadata",):
                response, extra = await self._metadata(scope, headers, reply), {"Access-Control-Allow-Origin": "*"}
            else:
                caller = await authenticate_token(self.network, authorization(headers), scope["state"]["request_id"])
                if self.network.organization is None:
                    await self.network.coordination.learn(self.network.store)
                reader = body_reader(receive, headers, self.network.settings.request_timeout_s)
                if path[1:] == ("_search",):
                    reader = telling(reader, by_form)
                request = FhirRequest(scope["method"], path, query, headers, reader)
                response = await dispatch(self.network, caller, request)
            response = await dressed(response, reply)
        except Refusal as refusal:
            response = await dressed(await self._refused(scope, caller, path, refusal), reply)
        except AWAY as trouble:
            log.warning("database_trouble", error=type(trouble).__name__)
            response, extra = await dressed(_outcome(database_away()), reply), {"Retry-After": "2"}
        except Exception:
            log.exception("unexpected")
            response = await dressed(FhirResponse(500, json.dump(operation_outcome([UNEXPECTED]))), reply)
        await _send(send, response, extra, with_body=scope["method"] != "HEAD")

    async def _metadata(self, scope: Scope, headers: Mapping[str, str], reply: Reply) -> FhirResponse:
        if scope["method"] not in ("GET", "HEAD"):
            raise MethodNotAllowed("method", "this address takes GET")
        await self.network.coordination.learn(self.network.store)
        variant = f"{reply.format.content_type} {reply.pretty}"
        return await capabilities(self.network, headers, variant)

    async def _refused(
        self, scope: Scope, caller: Caller | None, path: tuple[str, ...], refusal: Refusal
    ) -> FhirResponse:
        first = refusal.issues[0]
        log.info("refused", rule=first.rule, code=first.code)
        if caller is not None:
            try:
                await note_refused(self.network, caller, scope["method"].lower(), path[0] if path else None, refusal)
            except AWAY as trouble:
                log.warning("refusal_not_noted", error=type(trouble).__name__)
        response = _outcome(refusal)
        if isinstance(refusal, MethodNotAllowed):
            return replace(response, headers={**response.headers, "Allow": ", ".join(allowed(self.network, path))})
        return response


def _outcome(refusal: Refusal) -> FhirResponse:
    """The refusal as it leaves. A 401 says how to come back."""
    headers: dict[str, str] = {}
    if isinstance(refusal, Login):
        absent = refusal.issues[0].rule == "token-absent"
        headers["WWW-Authenticate"] = "Bearer" if absent else 'Bearer error="invalid_token"'
    elif refusal.issues[0].rule == "scope":
        headers["WWW-Authenticate"] = 'Bearer error="insufficient_scope"'
    return FhirResponse(status_of(refusal), json.dump(operation_outcome(refusal.issues)), headers)


def _reads_binary(method: str, path: tuple[str, ...]) -> bool:
    """read or vread of a Binary, whose bytes may be wanted as they are."""
    if path[:1] != ("Binary",) or method not in ("GET", "HEAD"):
        return False
    return (len(path) == 2 and path[1][0] not in "_$") or (len(path) == 4 and path[2] == "_history")


def _template(path: tuple[str, ...], network: Network) -> str:
    """The address with ids taken out, for the log."""
    if path in ((), ("metadata",)):
        return "/".join(("/fhir", *path))
    kind = path[0] if path[0] in network.registry.types else "{type}"
    return "/".join(("/fhir", kind, *("{id}" if place % 2 else "_" for place in range(1, len(path)))))


async def _send(send: Send, response: FhirResponse, extra: dict[str, str], *, with_body: bool) -> None:
    """An answer to HEAD has the length of the body that it leaves out; 204 and 304 have no length at all."""
    size = [] if response.status in BODILESS else [(b"content-length", str(len(response.body)).encode())]
    headers = [
        *size,
        (b"cache-control", b"no-store"),
        (b"vary", b"accept"),
        (b"x-content-type-options", b"nosniff"),
        *((name.lower().encode(), value.encode()) for name, value in (*response.headers.items(), *extra.items())),
    ]
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    await send({"type": "http.response.body", "body": response.body if with_body else b""})
