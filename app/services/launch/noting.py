"""Launches are written down, opened or refused: which EHR, who as far as known, and the rule word."""

from uuid import UUID

from app.log import log
from app.services.caller import Caller
from app.services.launch.refusals import LaunchRefused
from app.services.network import Network
from app.store import audit
from app.store.connections import ConnectionRow
from app.store.pool import Unit

ACTION = "launch"


def clinician_caller(row: ConnectionRow, who: UUID, request_id: str) -> Caller:
    """A clinician acts for the member whose EHR launched her. `who`: her key, or her session's when she has none."""
    return Caller(frozenset({row.member}), "clinician", client_id=str(who), request_id=request_id)


async def refused(network: Network, refusal: LaunchRefused, request_id: str) -> None:
    """In a transaction of its own: the launch's was rolled back, or there was none."""
    row = refusal.connection
    log.warning("launch_refused", rule=refusal.rule, connection=row.id if row else None)
    members = frozenset({row.member}) if row else frozenset[UUID]()
    caller = Caller(members, "clinician", request_id=request_id)
    detail = f"connection/{row.id}" if row else None
    async with network.store.unit(members) as unit:
        await audit.write(unit, caller.act(network.ids, ACTION, detail=detail), refusal.rule)


async def opened(network: Network, unit: Unit, row: ConnectionRow, caller: Caller) -> None:
    await audit.write(unit, caller.act(network.ids, ACTION, detail=f"connection/{row.id}"), "done")
