"""Gathers what the server wrote, as the network's own system reads it: every version of every resource of ours."""

import json
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.stories.system import Tree, reference_to
from tests.stories.town import Town

OURS = ("Task", "ServiceRequest", "Procedure", "Organization")
# what declares the guide's profile for it, so that the validator holds it to that
PROFILED = frozenset(("filler-order", "child-task", "procedure"))
# what ours refer to: the validator follows references within the folder and holds them to the profiles
SENT = (
    "Patient",
    "RelatedPerson",
    "Practitioner",
    "PractitionerRole",
    "Condition",
    "Observation",
    "QuestionnaireResponse",
    "Consent",
)


@dataclass(frozen=True)
class Folder:
    """One file for each resource; the name says what it is."""

    path: Path

    def keep(self, name: str, content: bytes) -> None:
        """Exactly the bytes that went over the wire."""
        (self.path / f"{name}.json").write_bytes(content)

    @property
    def count(self) -> int:
        return sum(1 for _ in self.path.glob("*.json"))


def collect(place: Town, folder: Folder) -> None:
    """CapabilityStatement, searchsets, each version of everything; fails when one kind of what we write is absent."""
    watcher = place.watcher
    folder.keep("metadata", watcher.http.get("/fhir/metadata").content)
    folder.keep("audit", watcher.http.get("/fhir/AuditEvent?_count=50").content)
    kinds: set[str] = set()
    for type_name in (*OURS, *SENT):
        pages = _pages(watcher.http, type_name)
        for number, page in enumerate(pages):
            folder.keep(f"searchset-{type_name}-{number}", page)
        for tree in (entry["resource"] for page in pages for entry in json.loads(page).get("entry", ())):
            kind = _kind(tree, place)
            kinds.add(kind)
            assert kind not in PROFILED or tree["meta"].get("profile"), (kind, tree["id"])
            _keep_versions(watcher.http, folder, kind, tree)
    assert kinds == {"filler-order", "child-task", "source-task", "procedure", "member", "sent"}, kinds


def _kind(tree: Tree, place: Town) -> str:
    """What it is to us; "sent" is what others wrote."""
    match tree["resourceType"]:
        case "Task":
            return "child-task" if "partOf" in tree else "source-task"
        case "ServiceRequest":
            return "filler-order" if tree["intent"] == "filler-order" else "sent"
        case "Procedure":
            return "procedure"
        case "Organization":
            members = (place.network, place.clinic, place.first, place.second)
            return "member" if reference_to(tree) in {each.place for each in members} else "sent"
        case _:
            return "sent"


def _keep_versions(http: httpx.Client, folder: Folder, kind: str, tree: Tree) -> None:
    for version in range(1, int(tree["meta"]["versionId"]) + 1):
        answer = http.get(f"/fhir/{reference_to(tree)}/_history/{version}")
        assert answer.status_code == 200, answer.text
        folder.keep(f"{kind}-{tree['id']}-{version}", answer.content)


def _pages(http: httpx.Client, type_name: str) -> list[bytes]:
    """All pages of a search, followed by their `next` links; small ones, so that there are several."""
    address: str | None = f"/fhir/{type_name}?_count=5" + ("&_include=Task:focus" if type_name == "Task" else "")
    pages = []
    while address:
        answer = http.get(address)
        assert answer.status_code == 200, answer.text
        pages.append(answer.content)
        links = {link["relation"]: link["url"] for link in answer.json()["link"]}
        address = links.get("next")
    return pages
