"""Members as people choose them from a list."""

from dataclasses import dataclass
from uuid import UUID

from app.services.network import Network
from app.store import directory
from app.store.members import MemberRow


@dataclass(frozen=True, slots=True)
class Member:
    """`id` is the key of its Organization; `emails` are where news goes."""

    id: UUID
    name: str
    kind: str
    time_zone: str
    emails: tuple[str, ...]


async def all_members(network: Network) -> list[Member]:
    """Everybody who takes part, by kind and name."""
    async with network.store.unit(()) as unit:
        return [_member(row) for row in await directory.all_members(unit)]


async def targets(network: Network) -> list[Member]:
    """The organizations that a referral may be passed on to, by name."""
    return [member for member in await all_members(network) if member.kind == "target"]


def _member(row: MemberRow) -> Member:
    return Member(row.organization, row.name, row.kind, row.time_zone, row.notify)
