"""ValueSet/$validate-code: is a code in a value set that is known here? Where nobody can tell, that is the answer.

*Source*: R4 valueset-operation-validate-code.html.
"""

from app.fhir import json
from app.fhir.errors import NotSupported
from app.fhir.folding import folded
from app.fhir.json import JsonObject
from app.services.caller import Caller
from app.services.network import Network
from app.services.operations.inputs import inputs
from app.services.operations.operation import Operation
from app.services.operations.terms import Code, asked_for, codes_of
from app.services.requests import FhirRequest, FhirResponse
from app.services.terminology.known import Terms
from app.store import audit

INPUTS = ("url", "valueSetVersion", "code", "system", "display", "coding", "codeableConcept")


async def validate_code(network: Network, caller: Caller, request: FhirRequest) -> FhirResponse:
    """200 with Parameters: result, and message or display; 422 where it cannot be told."""
    given = await inputs(request, INPUTS, network.settings.max_resource_bytes)
    async with network.store.unit(()) as unit:
        await audit.write(unit, caller.act(network.ids, "validate-code", "ValueSet"), "done")
        terms = Terms(network, unit)
        facts = await asked_for(terms, request.path[1:-1], given)
        codes = codes_of(given)
        answers = [await terms.holds(facts, code.system, code.code) for code in codes]
        place = answers.index(True) if True in answers else -1
        if place < 0 and None in answers:
            message = "whether it is in this value set cannot be told: its codes are not all listed here"
            raise NotSupported("value-set-unlisted", message)
        held = codes[place] if place >= 0 else None
        display = (await terms.words([(held.system, held.code)]))[0][2] if held is not None else ""
    return FhirResponse(200, json.dump(_parameters(held, display)))


def _parameters(held: Code | None, display: str) -> JsonObject:
    """A display that is not the system's own is wrong, too."""
    result, message = held is not None, "" if held is not None else "the code is not in this value set"
    if held is not None and held.display and display and folded(held.display) != folded(display):
        result, message = False, "the code is in this value set, but means something else than the display says"
    listed: list[JsonObject] = [{"name": "result", "valueBoolean": result}]
    if message:
        listed.append({"name": "message", "valueString": message})
    if display:
        listed.append({"name": "display", "valueString": display})
    return {"resourceType": "Parameters", "parameter": listed}


OPERATION = Operation(
    name="validate-code",
    levels=("type", "instance"),
    types=("ValueSet",),
    affects_state=False,
    definition_url="http://hl7.org/fhir/OperationDefinition/ValueSet-validate-code",
    handler=validate_code,
)
