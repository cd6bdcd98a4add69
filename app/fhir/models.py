"""Resources that we author ourselves, built through the models of `fhir.resources`: the one file that imports it.

They are R4B models; for the types that we author the shapes are those of R4 4.0.1. Nothing that others sent is read
through them: they rewrite numbers and times (ADR 0003).
"""

from fhir.resources.R4B import get_fhir_model_class
from pydantic import ValidationError

from app.fhir import json
from app.fhir.errors import Invalid
from app.fhir.json import JsonObject


def authored(tree: JsonObject) -> JsonObject:
    """The tree as its model writes it. Raises Invalid with the places where the model disagrees."""
    model = get_fhir_model_class(tree["resourceType"])
    try:
        built = model.model_validate_json(json.dump(tree))
    except ValidationError as disagreement:
        places = [".".join(str(part) for part in error["loc"]) for error in disagreement.errors()]
        issues = [Invalid("authored", "a resource of ours does not fit its model", place).issues[0] for place in places]
        raise Invalid.of_issues(issues) from None
    return json.parse(built.model_dump_json().encode())
