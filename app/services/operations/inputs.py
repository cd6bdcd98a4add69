"""What an operation is called with: parameters of the address, and those of a Parameters resource in the body.

*Source*: R4 operations.html#request.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass, field

from app.fhir.errors import Structure, UnknownParameter, Value
from app.fhir.json import JsonObject
from app.services.interactions.bodies import tree_if_any
from app.services.requests import FhirRequest

# what has parts: a Coding, a CodeableConcept
COMPLEX = frozenset({"coding", "codeableConcept"})
# answered by the face, whatever the operation is
OF_THE_FACE = frozenset({"_format", "_pretty"})
# a name that an answer may repeat; any other text might be anything
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}", re.ASCII)


@dataclass(slots=True)
class Inputs:
    """Simple values by name, in their order; `complex` ones, each once; the resource that came along."""

    values: dict[str, list[str]] = field(default_factory=dict)
    complex: dict[str, JsonObject] = field(default_factory=dict)
    resource: JsonObject | None = None

    def one(self, name: str) -> str | None:
        """The value of a parameter that may be given once. Raises Value."""
        found = self.values.get(name, [])
        if len(found) > 1:
            raise Value("operation-repeated", f"{name} may be given once", name)
        return found[0] if found else None

    def listed(self, name: str) -> list[str]:
        """The values of one that may be given several times, or with commas."""
        return [part for text in self.values.get(name, []) for part in text.split(",") if part]


async def inputs(request: FhirRequest, known: Collection[str], limit: int) -> Inputs:
    """What the request gives, by GET or POST. Raises UnknownParameter for a name that the operation does not know."""
    found = Inputs()
    for name, value in request.query:
        _keep(found, name, value, known, name if NAME.fullmatch(name) else "")
    tree = await tree_if_any(request, limit) if request.method == "POST" else None
    if tree is not None:
        if tree.get("resourceType") == "Parameters":
            _read(found, tree, known)
        elif "resource" in known:
            found.resource = tree
        else:
            raise Structure("operation-parameters", "this operation takes a Parameters resource", "resourceType")
    return found


def _read(found: Inputs, tree: JsonObject, known: Collection[str]) -> None:
    listed = tree.get("parameter", [])
    if type(listed) is not list or not all(type(each) is dict for each in listed):
        raise Structure("operation-parameters", "parameter is an array of objects", "Parameters.parameter")
    for place, each in enumerate(listed):
        at = f"Parameters.parameter[{place}]"
        name, resource = each.get("name"), each.get("resource")
        if type(name) is not str:
            raise Structure("operation-parameters", "a parameter has a name", f"{at}.name")
        if resource is not None:
            if type(resource) is not dict or name != "resource" or found.resource is not None:
                raise Structure("operation-parameters", "one resource may come along, as 'resource'", at)
            found.resource = resource
        else:
            value = next((value for key, value in each.items() if key.startswith("value")), None)
            if type(value) is dict and name in COMPLEX and name in known and name not in found.complex:
                found.complex[name] = value
                continue
            if type(value) not in (str, int):
                raise Structure("operation-parameters", "a parameter has a simple value or a resource", at)
            _keep(found, name, str(value), known, f"{at}.name")


def _keep(found: Inputs, name: str, value: str, known: Collection[str], at: str) -> None:
    if name in OF_THE_FACE:
        return
    if name not in known or name == "resource":
        offered = ", ".join(sorted(known)) or "no parameter"
        raise UnknownParameter("operation-parameter", f"this operation takes {offered}", at)
    found.values.setdefault(name, []).append(value)
