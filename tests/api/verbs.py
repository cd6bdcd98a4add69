"""What a system asks beyond reading, creating and updating, alone and as an entry of a Bundle."""

import base64
import json
from typing import Any

import httpx

from tests.builders import resource
from tests.town import Town
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


def identified(value: str, **changes: Any) -> dict[str, Any]:
    return resource("Patient", identifier=[{"system": "urn:s", "value": value}], **changes)


def request(method: str, url: str, tree: Any = None, **more: str) -> dict[str, Any]:
    asked = {"request": {"method": method, "url": url, **more}}
    return asked if tree is None else {"resource": tree, **asked}


def patch_entry(url: str, *operations: dict[str, Any], kind: str = JSON_PATCH, **more: str) -> dict[str, Any]:
    data = base64.b64encode(json.dumps(operations).encode()).decode()
    return request("PATCH", url, {"resourceType": "Binary", "contentType": kind, "data": data}, **more)


def statuses(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [each["response"]["status"][:3] for each in answer.json()["entry"]]


async def made(town: Town, tree: dict[str, Any]) -> dict[str, Any]:
    answer = await town.ehr.create(tree)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())
