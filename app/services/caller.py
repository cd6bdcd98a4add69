"""Who acts: a client with its scopes, a person with her membership, a launched clinician, or the network itself."""

from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from app.clock import Ids
from app.domain.access.scopes import Scopes
from app.store.audit import Act


@dataclass(frozen=True, slots=True)
class Caller:
    """`members`: for whom the caller acts; all that is seen or written is theirs. `scopes` bind clients only.

    A clinician's `client_id` is her key, or that of her session where her EHR does not say who she is.
    """

    members: frozenset[UUID]
    kind: Literal["client", "person", "clinician", "network"]
    client_id: str | None = None
    account: UUID | None = None
    role: str | None = None
    scopes: Scopes | None = None
    require_if_match: bool = False
    may_assign_ids: bool = False
    # by which leniencies what it sends is read
    peer: str = "any"
    request_id: str = ""

    def allows(self, type_name: str, letter: str) -> bool:
        """Whether the caller's scopes let it do c, r, u, d or s on a type. Only clients have scopes here."""
        if self.scopes is not None:
            return self.scopes.allows("system", type_name, letter)
        return self.kind != "client"

    def act(self, ids: Ids, action: str, type_name: str | None = None, detail: str | None = None) -> Act:
        """The audit row that this caller's act will leave."""
        return Act(
            ids.next(),
            action,
            self.author if self.kind == "clinician" and self.client_id else self.client_id,
            self.account,
            tuple(sorted(self.members)),
            self.request_id,
            type_name,
            detail,
        )

    @property
    def author(self) -> str:
        """How a version names who wrote it: ids only."""
        return "/".join((self.kind, self.client_id or str(self.account or "")))


def the_network(organization: UUID, request_id: str = "worker") -> Caller:
    """The coordination platform acting for itself: routing, roll-up."""
    return Caller(frozenset({organization}), "network", request_id=request_id)
