"""The OpenAPI description of the FHIR routes: what dispatch would find for each type, and nothing else.

*Source*: OpenAPI 3.1.0. Resources stay "a FHIR resource of this type": their shape is R4's, which says it better.
"""

from typing import Any

from app.fhir.registry import Registry, ResourceType
from app.services.dispatch import INTERACTIONS, Interaction
from app.services.operations import OPERATIONS, Level, Operation
from app.version import VERSION

Json = dict[str, Any]
FHIR_JSON, FHIR_XML = "application/fhir+json", "application/fhir+xml"
JSON_PATCH = "application/json-patch+json"
FORM = "application/x-www-form-urlencoded"
WORDS = {
    "read": "The current version",
    "vread": "One version",
    "history-instance": "All versions of one, newest first",
    "history-type": "All versions of the type, newest first",
    "history-system": "All versions of all types, newest first, for the network's own systems",
    "search-type": "A page of what matches",
    "create": "Creates; with If-None-Exist only what is not there yet",
    "update": "A new version, or by identifier the one that has it",
    "patch": "Changes what a JSON Patch names",
    "delete": "Deletes; the history stays",
}
EVERY_SEARCH = ("_id", "_lastUpdated", "_include", "_revinclude", "_sort", "_count", "_total", "_summary", "_elements")
LEVELS: tuple[Level, ...] = ("system", "type", "instance")


def document(registry: Registry, base: str) -> Json:
    """The whole description; `base` is where the FHIR face stands."""
    paths: dict[str, Json] = {
        "/metadata": {"get": _answered("What this server does", "CapabilityStatement") | {"security": []}},
        "/": {"post": _answered("A batch or a transaction", "Bundle") | _takes("Bundle")},
    }
    for interaction in INTERACTIONS:
        if "{type}" not in interaction.shape:
            _add(paths, interaction, "", None)
    for name, served in sorted(registry.types.items()):
        for interaction in INTERACTIONS:
            if "{type}" in interaction.shape and interaction.name in served.interactions:
                _add(paths, interaction, name, served)
    for operation in OPERATIONS:
        _operation(paths, operation, registry)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Baton, FHIR R4", "version": VERSION, "description": "The same as /fhir/metadata says."},
        "servers": [{"url": base}],
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "schemas": {"OperationOutcome": _schema("OperationOutcome")},
        },
    }


def _add(paths: dict[str, Json], interaction: Interaction, name: str, served: ResourceType | None) -> None:
    address = "/" + "/".join(interaction.shape).replace("{type}", name)
    told: Json = {"tags": [name or "All types"], "operationId": f"{interaction.name} {interaction.method} {address}"}
    gives = "Bundle" if "history" in interaction.name or "search" in interaction.name else name
    told |= _answered(WORDS[interaction.name], gives)
    told["parameters"] = [_in_path(part[1:-1]) for part in interaction.shape if part in ("{id}", "{version}")]
    if interaction.name == "search-type" and served is not None and interaction.method == "GET":
        told["parameters"] += _searched(served)
    if interaction.name in ("create", "update"):
        told |= _takes(name)
    elif interaction.name == "patch":
        told["requestBody"] = {"required": True, "content": {JSON_PATCH: {"schema": {"type": "array"}}}}
    elif interaction.method == "POST":
        told["requestBody"] = {"content": {FORM: {"schema": {"type": "object"}}}}
    if not interaction.shape[-1].startswith("{id") and interaction.method in ("PUT", "PATCH", "DELETE"):
        told["parameters"].append(_in_query("identifier", "system|value of the one that is meant", required=True))
    paths.setdefault(address, {})[interaction.method.lower()] = told


def _operation(paths: dict[str, Json], operation: Operation, registry: Registry) -> None:
    """Each level once: where it is for every type, `{type}` stands for them."""
    for level in operation.levels:
        for name in ("",) if level == "system" else operation.types or ("{type}",):
            between = {"system": "", "type": f"/{name}", "instance": f"/{name}/{{id}}"}[level]
            told = _answered(f"Operation, see {operation.definition_url}", "")
            told["tags"] = ["Operations"]
            told["parameters"] = (
                [_in_path("type", sorted(registry.types.keys() - operation.never))] if "{type}" in between else []
            )
            told["parameters"] += [_in_path("id")] if level == "instance" else []
            methods = ("post",) if operation.affects_state else ("get", "post")
            address = f"{between}/${operation.name}"
            paths[address] = {
                method: told | {"operationId": f"{operation.name} {method.upper()} {address}"} for method in methods
            }


def _searched(served: ResourceType) -> list[Json]:
    told = [_in_query(code, "") for code in EVERY_SEARCH]
    told += [_in_query(code, f"{each.kind}, {each.url}") for code, each in sorted(served.parameters.items())]
    return told


def _in_query(name: str, words: str, *, required: bool = False) -> Json:
    told: Json = {"name": name, "in": "query", "schema": {"type": "string"}}
    return told | ({"description": words} if words else {}) | ({"required": True} if required else {})


def _in_path(name: str, values: list[str] | None = None) -> Json:
    return {
        "name": name,
        "in": "path",
        "required": True,
        "schema": {"type": "string"} | ({"enum": values} if values else {}),
    }


def _answered(words: str, resource: str) -> Json:
    refusal = {"$ref": "#/components/schemas/OperationOutcome"}
    return {
        "summary": words,
        "responses": {
            "2XX": {"description": words, "content": _content(_schema(resource))},
            "4XX": {"description": "Refused, and why", "content": _content(refusal)},
        },
    }


def _takes(resource: str) -> Json:
    return {"requestBody": {"required": True, "content": _content(_schema(resource))}}


def _content(schema: Json) -> Json:
    return {FHIR_JSON: {"schema": schema}, FHIR_XML: {"schema": {"type": "string"}}}


def _schema(resource: str) -> Json:
    if not resource:
        return {"type": "object"}
    return {"type": "object", "required": ["resourceType"], "properties": {"resourceType": {"const": resource}}}
