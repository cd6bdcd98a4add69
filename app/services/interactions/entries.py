"""An entry of a batch or transaction as the request that it stands for, and an answer as the entry that it becomes.

*Source*: R4 http.html#transaction, bundle.html (request, response).
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from http import HTTPStatus

from app.fhir import dates, json, json_patch
from app.fhir.bundles import Answer, instant
from app.fhir.errors import TooLong
from app.fhir.requests import Entry as Asked
from app.services.caller import Caller
from app.services.network import Network
from app.services.requests import FhirRequest, FhirResponse, http_date, query_pairs
from app.store.pool import Unit

Ask = Callable[[Network, Caller, FhirRequest], Awaitable[FhirResponse]]
# of the whole Bundle's headers, those that each entry shares
SHARED = ("prefer", "idempotency-key")
# a resource that an answer may hold beside its status
OUTCOME = b'{"resourceType":"OperationOutcome"'


async def answered(
    network: Network, caller: Caller, each: Asked, headers: Mapping[str, str], ask: Ask, unit: Unit | None = None
) -> FhirResponse:
    """What an entry is answered as a request of its own; to a HEAD without the body."""
    response = await ask(network, caller, _request(each, headers, unit))
    return replace(response, body=b"") if each.method == "HEAD" else response


def _request(each: Asked, headers: Mapping[str, str], unit: Unit | None) -> FhirRequest:
    body = each.patch or (json.dump(each.resource) if each.resource is not None else b"")

    async def read_body(limit: int) -> bytes:
        if len(body) > limit:
            raise TooLong("resource-too-long", f"a resource has at most {limit} bytes")
        return body

    query = tuple(query_pairs(each.query or ""))
    return FhirRequest(each.method, each.path, query, _headers(each, headers), read_body, unit, each.index)


def _headers(each: Asked, headers: Mapping[str, str]) -> dict[str, str]:
    found = {name: headers[name] for name in SHARED if name in headers}
    if each.method == "PATCH":
        found["content-type"] = json_patch.MEDIA_TYPE
    elif each.resource is not None:
        found["content-type"] = "application/fhir+json"
    own = {"if-match": each.if_match, "if-none-match": each.if_none_match, "if-none-exist": each.if_none_exist}
    found |= {name: value for name, value in own.items() if value is not None}
    if each.if_modified_since is not None:
        found["if-modified-since"] = http_date(dates.interval(each.if_modified_since)[0])
    return found


def as_answer(response: FhirResponse) -> Answer:
    headers, body = response.headers, response.body or None
    is_outcome = body is not None and body.startswith(OUTCOME)
    return Answer(
        status=f"{response.status} {HTTPStatus(response.status).phrase}",
        location=headers.get("Location"),
        etag=headers.get("ETag"),
        last_modified=instant(response.last_updated) if response.last_updated else None,
        body=None if is_outcome else body,
        outcome=body if is_outcome else None,
    )
