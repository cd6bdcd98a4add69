"""transaction: all or nothing; urn:uuid references become the ids that the resources get.

Deletes come first, then creates, then updates and patches, then reads, which see the outcome and can still end it.
*Source*: R4 http.html#transaction, #trules; security sheet REL-07.
"""

from dataclasses import replace

from app.fhir import bundles, json
from app.fhir.errors import Refusal
from app.fhir.json import JsonObject
from app.fhir.requests import Entry as Asked
from app.services.caller import Caller
from app.services.interactions.entries import Ask, answered, as_answer
from app.services.interactions.once import HEADER, fingerprint, once
from app.services.interactions.plan import plan
from app.services.interactions.written import written_response
from app.services.network import Network
from app.services.requests import FhirRequest, FhirResponse
from app.services.write import InUnit, write
from app.services.writing import Entry
from app.store.pool import Unit

KIND = "transaction-response"


async def transaction(
    network: Network, caller: Caller, request: FhirRequest, tree: JsonObject, entries: tuple[Asked, ...], ask: Ask
) -> FhirResponse:
    """200 with a transaction-response in the order of the request; any refusal leaves nothing behind.

    `ask` answers a request, of an entry that reads.
    """
    keyed = HEADER in request.headers
    brought = fingerprint(request, tree) if keyed else b""  # before references are resolved in it
    planned = plan(network, caller, entries)
    under_way = _Transaction(network, caller, request, entries, planned, ask)
    if not planned:
        await under_way.answer(None)
    elif not keyed:
        await under_way.write(None, under_way.answer)
    else:
        kept, again = await once(network, caller, request, brought, under_way.write, under_way.kept)
        if again:
            return replace(kept, body=await under_way.again(kept.body))
    return FhirResponse(200, bundles.response(KIND, [as_answer(each) for each in under_way.answers]))


class _Transaction:
    """One transaction under way, and what each of its entries is answered."""

    def __init__(
        self,
        network: Network,
        caller: Caller,
        request: FhirRequest,
        entries: tuple[Asked, ...],
        planned: dict[int, Entry],
        ask: Ask,
    ) -> None:
        self.network = network
        self.caller = caller
        self.headers = request.headers
        self.entries = entries
        self.planned = planned
        self.ask = ask
        self.answers: list[FhirResponse] = []

    async def write(self, first: InUnit | None, then: InUnit) -> None:
        ordered = sorted(self.planned.values(), key=lambda entry: entry.interaction != "create")
        await write(self.network, self.caller, ordered, then, first=first, whole=True)

    async def answer(self, unit: Unit | None) -> None:
        """Called at the end of the write, in its transaction."""
        self.answers = [await self._one(each, unit) for each in self.entries]

    async def kept(self, unit: Unit) -> FhirResponse:
        """What a repeat of the request is answered: what was written; what was read is left open."""
        await self.answer(unit)
        written = [
            response if each.index in self.planned else FhirResponse(200)
            for each, response in zip(self.entries, self.answers, strict=True)
        ]
        return FhirResponse(200, bundles.response(KIND, [as_answer(each) for each in written]))

    async def again(self, body: bytes) -> bytes:
        """The kept answer, and what the entries read now."""
        tree = json.reread(body)
        for each in self.entries:
            if each.index not in self.planned:
                answer = as_answer(await self._one(each, None))
                (entry,) = json.reread(bundles.response(KIND, [answer]))["entry"]
                tree["entry"][each.index] = entry
        return json.dump(tree)

    async def _one(self, each: Asked, unit: Unit | None) -> FhirResponse:
        if each.index in self.planned:
            return written_response(self.network, self.caller, self.headers, self.planned[each.index])
        try:
            return await answered(self.network, self.caller, each, self.headers, self.ask, unit)
        except Refusal as refusal:
            place = f"{each.at}.request"
            issues = [issue if issue.at.startswith("Bundle") else replace(issue, at=place) for issue in refusal.issues]
            raise type(refusal).of_issues(issues) from None
