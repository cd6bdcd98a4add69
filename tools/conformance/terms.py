"""Gathers what the server says of terms: every definition, every expansion of a need's codes, answers about a code."""

import json

import httpx

from tests.stories.system import Tree
from tests.stories.town import Town
from tools.conformance.collect import Folder

TYPES = ("ValueSet", "CodeSystem")
NEEDS = "urn:baton:catalogue:"
STATUSES, STATUS = "http://hl7.org/fhir/ValueSet/task-status", "http://hl7.org/fhir/task-status"
ASKED = {
    "expanded-page": f"ValueSet/$expand?url={STATUSES}&count=2&offset=1",
    "expanded-narrowed": f"ValueSet/$expand?url={STATUSES}&filter=hold",
    "expanded-empty": f"ValueSet/$expand?url={STATUSES}&filter=nothing%20of%20the%20kind",
    "validated-in": f"ValueSet/$validate-code?url={STATUSES}&system={STATUS}&code=ready",
    "validated-out": f"ValueSet/$validate-code?url={STATUSES}&system={STATUS}&code=nothing",
    "looked-up": f"CodeSystem/$lookup?system={STATUS}&code=ready",
}


def ask_about_terms(place: Town, folder: Folder) -> None:
    """Each definition as a file of its own, so that a line of the validator names it."""
    http = place.watcher.http
    for type_name in TYPES:
        for tree in _all(http, type_name):
            _keep(http, folder, f"{type_name}-{tree['id']}", f"{type_name}/{tree['id']}")
            if tree["url"].startswith(NEEDS):
                _keep(http, folder, f"expanded-{tree['id']}", f"ValueSet/{tree['id']}/$expand")
    for name, address in ASKED.items():
        _keep(http, folder, name, address)


def _all(http: httpx.Client, type_name: str) -> list[Tree]:
    """What there is of a type: id and url."""
    address: str | None = f"/fhir/{type_name}?_count=200&_elements=url"
    found: list[Tree] = []
    while address:
        page = json.loads(_got(http, address))
        found += [entry["resource"] for entry in page["entry"]]
        address = next((link["url"] for link in page["link"] if link["relation"] == "next"), None)
    return found


def _keep(http: httpx.Client, folder: Folder, name: str, address: str) -> None:
    folder.keep(name, _got(http, f"/fhir/{address}"))


def _got(http: httpx.Client, address: str) -> bytes:
    answer = http.get(address)
    assert answer.status_code == 200, (address, answer.text)
    return answer.content
