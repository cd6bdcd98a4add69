"""CodeSystem/$lookup: what a code means, as far as that is known here.

*Source*: R4 codesystem-operation-lookup.html.
"""

from app.fhir import json
from app.fhir.errors import NotFound, Required
from app.services.caller import Caller
from app.services.network import Network
from app.services.operations.inputs import inputs
from app.services.operations.operation import Operation
from app.services.operations.terms import codes_of
from app.services.requests import FhirRequest, FhirResponse
from app.services.terminology.known import Terms
from app.store import audit

INPUTS = ("code", "system", "version", "coding")


async def lookup(network: Network, caller: Caller, request: FhirRequest) -> FhirResponse:
    """200 with Parameters: name, version, display; 404 for a code or system that is not known here."""
    given = await inputs(request, INPUTS, network.settings.max_resource_bytes)
    system, code, _ = codes_of(given)[0]
    if not system:
        raise Required("terminology-code", "send the code's system, too", "system")
    async with network.store.unit(()) as unit:
        await audit.write(unit, caller.act(network.ids, "lookup", "CodeSystem"), "done")
        terms = Terms(network, unit)
        head = await terms.head("code-system", system)
        display = (await terms.words([(system, code)]))[0][2]
    version = given.one("version")
    if not display or (version and head is not None and head[1] and version != head[1]):
        raise NotFound("code-unknown", "this code is not known here; baton terminology import brings more")
    told = [
        ("name", head[2] if head and head[2] else system),
        ("version", head[1] if head else ""),
        ("display", display),
    ]
    listed = [{"name": name, "valueString": value} for name, value in told if value]
    return FhirResponse(200, json.dump({"resourceType": "Parameters", "parameter": listed}))


OPERATION = Operation(
    name="lookup",
    levels=("type",),
    types=("CodeSystem",),
    affects_state=False,
    definition_url="http://hl7.org/fhir/OperationDefinition/CodeSystem-lookup",
    handler=lookup,
)
