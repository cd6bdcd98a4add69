"""What stops a resource by R4 alone; warnings do not."""

from app.fhir.errors import Issue
from app.fhir.json import JsonObject
from app.fhir.structure import check


def errors(tree: JsonObject) -> list[Issue]:
    return [issue for issue in check(tree["resourceType"], tree) if issue.severity == "error"]
