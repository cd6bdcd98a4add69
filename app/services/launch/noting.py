"""Launches are written down, opened or refused: which EHR, who and whose as far as known, and the rule word."""

import hashlib
from uuid import UUID

from app.log import log
from app.services.caller import Caller
from app.services.launch.refusals import LaunchRefused
from app.services.network import Network
from app.store import audit, origins
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


async def opened(network: Network, unit: Unit, row: ConnectionRow, caller: Caller, patient: str | None) -> None:
    """`patient`: the EHR's id, None where the launch names nobody."""
    local, unknown = await whom(unit, row.id, patient)
    detail = " ".join(filter(None, (f"connection/{row.id}", unknown)))
    act = caller.act(network.ids, ACTION, "Patient" if patient else None, detail)
    await audit.write(unit, act, "done", resource=local)


async def whom(unit: Unit, connection: UUID, patient: str | None) -> tuple[UUID | None, str | None]:
    """(our copy, None) of an EHR's patient; while we hold none, (None, what the EHR's id is told by in audit rows).

    That is "patient/" and a hash: whoever knows EHR and id finds the rows, and nobody reads the id from them.
    """
    local = await origins.patient(unit, connection, patient)
    if local is not None or patient is None:
        return local, None
    return None, "patient/" + hashlib.sha256(f"{connection}/Patient/{patient}".encode()).hexdigest()[:32]
