"""Idempotency-Key: a POST that is sent again under its key has its effect once, and gets the first answer.

A refusal leaves nothing behind, so a key that was refused is free. What was written is answered from what is kept;
whatever a Bundle reads beside it is read anew, as far as its client may see it now.
*Source*: security sheet REL-05, B31 to B34.
"""

import hashlib
from collections.abc import Awaitable, Callable
from datetime import timedelta

from app.fhir import json
from app.fhir.errors import BusinessRule, Conflict, Value
from app.fhir.json import JsonObject
from app.services.caller import Caller
from app.services.interactions.written import written_response
from app.services.network import Network
from app.services.projection import projection
from app.services.requests import FhirRequest, FhirResponse
from app.services.write import InUnit, write
from app.services.writing import Entry
from app.store import audit, idempotency, resources
from app.store.idempotency import Answered, Key
from app.store.pool import Unit

HEADER = "idempotency-key"
MAX_LENGTH = 255
REPLAYED = {"Idempotency-Replayed": "true"}
Writing = Callable[[InUnit | None, InUnit], Awaitable[None]]


class _AnsweredBefore(Exception):
    """Ends the transaction of a request that had its effect already."""

    def __init__(self, answered: Answered) -> None:
        super().__init__()
        self.answered = answered


async def carry_out(
    network: Network, caller: Caller, request: FhirRequest, tree: JsonObject, entry: Entry
) -> FhirResponse:
    """Writes one entry and answers it; under an Idempotency-Key the first time only."""
    if HEADER not in request.headers:
        await write(network, caller, [entry])
        return written_response(network, caller, request.headers, entry)

    async def writing(first: InUnit | None, then: InUnit) -> None:
        await write(network, caller, [entry], then, first=first)

    async def answer(_: Unit) -> FhirResponse:
        return written_response(network, caller, request.headers, entry)

    response, _ = await once(network, caller, request, fingerprint(request, tree), writing, answer)
    return response


async def once(
    network: Network,
    caller: Caller,
    request: FhirRequest,
    brought: bytes,
    writing: Writing,
    answer: Callable[[Unit], Awaitable[FhirResponse]],
) -> tuple[FhirResponse, bool]:
    """(the answer, whether it is that of an earlier request). `brought` is the fingerprint of what came, `writing`
    carries out the write with what is to be done before it and at its end.

    Raises Conflict while the first is under way, BusinessRule for another body.
    """
    key = _key(caller, request)
    answers: list[FhirResponse] = []
    oldest = network.clock.now() - timedelta(days=network.settings.idempotency_days)

    async def first(unit: Unit) -> None:
        if not await idempotency.begin(unit, key):
            raise Conflict("idempotency-under-way", _UNDER_WAY, "Idempotency-Key")
        before = await idempotency.find(unit, key, oldest)
        if before is not None and before.fingerprint != brought:
            raise BusinessRule("idempotency-key-used", _OTHER, "Idempotency-Key")
        if before is not None:
            raise _AnsweredBefore(before)

    async def then(unit: Unit) -> None:
        answers[:] = [await answer(unit)]
        response = answers[0]
        await idempotency.keep(unit, key, Answered(brought, response.status, dict(response.headers), response.body))

    try:
        await writing(first, then)
    except _AnsweredBefore as found:
        kept = found.answered
        async with network.store.unit(caller.members) as unit:
            await audit.write(
                unit, caller.act(network.ids, "replay", request.path[0] if request.path else None), "done"
            )
            body = await _seen_now(network, caller, unit, kept.body)
        return FhirResponse(kept.status, body, {**kept.headers, **REPLAYED}), True
    return answers[0], False


async def _seen_now(network: Network, caller: Caller, unit: Unit, body: bytes) -> bytes:
    """A kept body, as far as its caller may read now what it holds: a consent may have been withdrawn since."""
    tree = json.reread(body) if body else {}
    if tree.get("resourceType") != "Bundle":
        return (
            body if tree.get("resourceType") == "OperationOutcome" else await _version_now(network, caller, unit, tree)
        )
    for entry in tree["entry"]:
        if "resource" in entry:
            now = await _version_now(network, caller, unit, entry.pop("resource"))
            if now:
                entry["resource"] = json.reread(now)
    return json.dump(tree)


async def _version_now(network: Network, caller: Caller, unit: Unit, tree: JsonObject) -> bytes:
    """The version that a kept body shows, read like any other; empty where it may not be read."""
    if not tree or not caller.allows(tree["resourceType"], "r"):
        return b""
    act = caller.act(network.ids, "vread", tree["resourceType"])
    version = int(tree["meta"]["versionId"])
    stored = await resources.vread(unit, act, tree["resourceType"], tree["id"], version)
    return projection(stored) if stored is not None else b""


_UNDER_WAY = "a request with this key is being carried out; send it again when it has been answered"
_OTHER = "this key was used for another body; a new request takes a new key"


def _key(caller: Caller, request: FhirRequest) -> Key:
    """Raises Value for what could not be kept."""
    text = request.headers[HEADER]
    if not (1 <= len(text) <= MAX_LENGTH and text.isascii() and text.isprintable()):
        raise Value("idempotency-key", f"a key has 1 to {MAX_LENGTH} printable ASCII characters", "Idempotency-Key")
    # in a batch each entry is a request of its own
    place = () if request.entry is None else (f"batch {request.entry}",)
    route = " ".join((request.method, "/".join(request.path), *place))
    return Key(caller.client_id or "", idempotency.members_hash(caller.members), route, text)


def fingerprint(request: FhirRequest, tree: JsonObject) -> bytes:
    """Of all that decides about the effect: the address, the condition and the body, as it came."""
    parts = (request.method, "/".join(request.path), request.headers.get("if-none-exist", ""))
    return hashlib.sha256("\0".join(parts).encode() + b"\0" + json.dump(tree)).digest()
