"""A referral's source as the network holds it: its Task and its ServiceRequest, ours or our copy of a remote one."""

from dataclasses import dataclass

from app.domain.referral import task
from app.fhir import json
from app.fhir.json import JsonObject
from app.services.lookups.resolve import resolve
from app.services.network import Network
from app.store import referrals, resources
from app.store.pool import Unit
from app.store.referrals import ReferralRow
from app.store.resources import Stored


@dataclass(frozen=True, slots=True)
class Source:
    task: Stored | None
    task_tree: JsonObject
    request: Stored
    request_tree: JsonObject


async def read_source(network: Network, unit: Unit, referral: ReferralRow) -> Source | None:
    """None while the sender's request, or the person it is about, has not been read."""
    stored = await resources.by_ids(unit, [id for id in (referral.source_task, referral.source_request) if id])
    source_task = stored.get(referral.source_task) if referral.source_task else None
    tree = json.parse(source_task.body) if source_task else {}
    request = stored.get(referral.source_request) if referral.source_request else None
    if request is None:
        request = await _one(network, unit, task.view(tree).focus)
        if request is None:
            return None
        await referrals.set_source_request(unit, referral.id, request.id)
    request_tree = json.parse(request.body)
    person = await _one(network, unit, request_tree.get("subject", {}).get("reference", ""))
    return Source(source_task, tree, request, request_tree) if person else None


async def _one(network: Network, unit: Unit, reference: str) -> Stored | None:
    return next(iter((await resolve(network, unit, [reference])).values()), None) if reference else None
