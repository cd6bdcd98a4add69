"""What a system asks beyond reading, creating and updating: one call each."""

import json
from typing import Any

import httpx

from tests.world import System

JSON_PATCH = "application/json-patch+json"


async def patch(system: System, address: str, *operations: dict[str, Any], **headers: str) -> httpx.Response:
    sent = {"Content-Type": JSON_PATCH, **headers}
    return await system.http.patch(f"/fhir/{address}", content=json.dumps(operations), headers=sent)


async def delete(system: System, address: str, **headers: str) -> httpx.Response:
    return await system.http.delete(f"/fhir/{address}", headers=headers)


async def put(system: System, address: str, tree: dict[str, Any], **headers: str) -> httpx.Response:
    """An update of what the address names, whatever id the tree has."""
    sent = {"Content-Type": "application/fhir+json", **headers}
    return await system.http.put(f"/fhir/{address}", json=tree, headers=sent)


def op(name: str, path: str, value: Any = None, source: str = "") -> dict[str, Any]:
    operation = {"op": name, "path": path}
    if name in ("add", "replace", "test"):
        operation["value"] = value
    return operation | ({"from": source} if source else {})
