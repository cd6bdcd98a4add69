"""What a write is made of while it passes the steps: entries, what was found for them, the rows they become."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal
from uuid import UUID

from app.fhir.errors import Issue
from app.fhir.index_values import IndexValues
from app.fhir.json import JsonObject
from app.fhir.json_patch import Operation
from app.fhir.places import expression
from app.services.caller import Caller
from app.services.network import Network
from app.store.members import MemberRow
from app.store.pool import Unit
from app.store.record import ParticipationRow
from app.store.resources import Stored

# author: we wrote it, every rule · client: a system states it, the rules of what it declares
# copy: another system's truth, refused for syntax, size and danger only; what is wrong with it is kept beside it
Mode = Literal["author", "client", "copy"]
Trigger = Literal["push", "launch", "phone"]


@dataclass(frozen=True, slots=True)
class Criterion:
    """What a conditional interaction goes by: an identifier, `system` '' where it has none, or, with `system` None, the
    id `value`."""

    system: str | None
    value: str


@dataclass(slots=True)
class Entry:
    """One resource of a write. `at` is its place in the request, '' or "Bundle.entry[3].resource".

    `tree` is what it becomes: of a `patch` only once that has been carried out, of a delete nothing.
    """

    type: str
    tree: JsonObject
    interaction: Literal["create", "update", "delete"]
    fhir_id: str
    id: UUID
    at: str = ""
    mode: Mode = "client"
    if_match: int | None = None
    if_none_match: str = ""
    criterion: Criterion | None = None
    patch: tuple[Operation, ...] | None = None
    # an update of what is not there creates it
    may_create: bool = False
    # how the sender's own system names this resource, where it says so: for references that came before it
    full_url: str = ""
    sent_id: str = ""
    shares: tuple[ParticipationRow, ...] = ()
    # what it is judged by beside the profiles that it declares or must fit; whether also what it refers to is judged
    profiles: tuple[str, ...] = ()
    follows: bool = False
    # what the steps find
    before: Stored | None = None
    before_tree: JsonObject | None = None
    # what is brought back, as it was when it was deleted
    deleted_tree: JsonObject | None = None
    roles: frozenset[str] = frozenset()
    # why it is refused; what is wrong with a copy, which is kept; what its sender is told though it is kept
    problems: tuple[Issue, ...] = ()
    flaws: tuple[Issue, ...] = ()
    notes: tuple[Issue, ...] = ()
    existing: Stored | None = None
    # a delete of what is gone already
    nothing_there: bool = False
    # what the last step makes
    version: int = 0
    last_updated: datetime | None = None
    body: bytes = b""
    values: IndexValues | None = None

    def place(self, at: str) -> str:
        """Where `at`, such as "Task.status", stands in the request, as FHIRPath says it."""
        spoken = expression(at)
        if not self.at:
            return spoken
        return self.at + spoken[len(self.type) :] if spoken.startswith(self.type) else self.at

    def placed(self, issue: Issue) -> Issue:
        return Issue(issue.code, issue.rule, issue.message, self.place(issue.at), issue.severity)

    @property
    def key(self) -> tuple[str, str]:
        return self.type, self.fhir_id

    @property
    def next_version(self) -> int:
        """Which version of its resource this write makes."""
        return self.before.version + 1 if self.before else 1

    @property
    def changed(self) -> bool:
        """False for a conditional create that found its resource, and a delete that found none."""
        return self.existing is None and not self.nothing_there

    @property
    def act(self) -> str:
        """What is done, as the history and the audit call it."""
        return self.interaction if self.patch is None else "patch"

    @property
    def is_new(self) -> bool:
        """Whether there was nothing before, or no longer."""
        return self.interaction == "create" or (self.before is not None and self.before.deleted)


@dataclass(slots=True)
class Write:
    """Entries on their way into one transaction.

    `targets`: (type, id) of every local reference, ("", address) of a remote one that we hold a copy of -> its key.
    """

    network: Network
    caller: Caller
    unit: Unit
    entries: list[Entry]
    targets: dict[tuple[str, str], UUID] = field(default_factory=dict)
    # how a Task names its owner -> that member, see steps/owners.py
    owners: dict[bytes, MemberRow] = field(default_factory=dict)
    # by which door a referral in it comes, through which EHR, and under which key where the door chose one
    trigger: Trigger = "push"
    connection: UUID | None = None
    referral: UUID | None = None
    # a transaction: only there `Patient?identifier=...` is a reference
    whole: bool = False
    # what the same transaction has deleted already
    gone: tuple[Entry, ...] = ()

    @property
    def changing(self) -> list[Entry]:
        return [entry for entry in self.entries if entry.changed]


def new(
    network: Network, tree: JsonObject, *, shares: tuple[ParticipationRow, ...] = (), id: UUID | None = None
) -> Entry:
    """A resource that we write ourselves, under every rule."""
    key = id or network.ids.next()
    return Entry(tree["resourceType"], tree, "create", str(key), key, mode="author", shares=shares)


def change(stored: Stored, tree: JsonObject, *, if_match: int | None = None) -> Entry:
    """A new version, by us, of what is stored."""
    return Entry(stored.type, tree, "update", stored.fhir_id, stored.id, mode="author", if_match=if_match)
