"""What people see: a member's inbox and its part of one referral; the operator's lists and one referral whole."""

from collections.abc import Awaitable, Callable, Iterable
from functools import partial
from uuid import UUID

from app.domain.referral import words
from app.domain.referral.waiting import NEXT_ACTIONS, WHY_WAITING
from app.fhir.errors import NotFound
from app.fhir.json import JsonObject
from app.services.caller import Caller
from app.services.lookups.documents import find_document
from app.services.lookups.lead_back import member_behind
from app.services.network import Network
from app.services.operators import operator
from app.services.referrals.cards import Child, InboxItem, Story, WaitingDetail, WaitingItem
from app.services.referrals.material import Material, read_material
from app.services.referrals.respond import buttons_for, part_of
from app.services.referrals.story import tell, tell_source
from app.store import audit, members, referrals
from app.store.pool import Unit
from app.store.referrals import ChildRow, ReferralRow

MOST = 500


async def inbox(network: Network, caller: Caller) -> list[InboxItem]:
    """The member's referrals that it may see, open ones first, by due time."""
    async with network.store.unit(caller.members) as unit:
        await audit.write(unit, caller.act(network.ids, "inbox"), "done")
        rows = await referrals.of_target(unit, caller.members, MOST)
        newest = _newest_parts(await referrals.children(unit, [row.id for row in rows]), caller)
        material = await read_material(network, unit, _keys(newest.values()))
        return [
            _inbox_item(network, caller, row, newest[row.id], material)
            for row in rows
            if row.id in newest and newest[row.id].task in material.by_key
        ]


async def story(network: Network, caller: Caller, referral: UUID) -> Story:
    """The member's own part of one referral. Raises NotFound when it has none that it may see."""
    async with network.store.unit(caller.members) as unit:
        row = await referrals.get(unit, referral)
        child, task = await part_of(unit, caller, referral)
        if row is None:
            raise NotFound("not-found", "there is no such referral")
        await audit.write(unit, caller.act(network.ids, "referral", "Task"), "done", resource=child.task)
        material = await read_material(network, unit, [child.task, child.filler_order])
        actions = tuple(button.words for button in buttons_for(material.by_key[child.task]["status"]))
        return await tell(
            network,
            unit,
            row,
            material,
            request=material.by_key.get(child.filler_order, {}),
            task=material.by_key[child.task],
            task_key=child.task,
            children=[child],
            version=task.version,
            actions=actions,
            due=row.due if row.owner in caller.members else None,
        )


async def waiting(network: Network, caller: Caller) -> list[WaitingItem]:
    """Open referrals on which the operator has to act."""
    return await listed(network, caller, partial(referrals.of_owner, owner=network.coordinator, limit=MOST))


async def open_referrals(network: Network, caller: Caller) -> list[WaitingItem]:
    """Every open referral: who has it, what comes next, by when."""
    return await listed(network, caller, partial(referrals.open_ones, limit=MOST))


async def waiting_item(network: Network, caller: Caller, referral: UUID) -> WaitingDetail:
    """One referral as the operator sees it. Raises Forbidden or NotFound."""
    operator(network, caller)
    async with network.store.unit(caller.members) as unit:
        row = await referrals.get(unit, referral)
        if row is None:
            raise NotFound("not-found", "there is no such referral")
        await audit.write(unit, caller.act(network.ids, "referral", "Task"), "done", resource=row.source_task)
        children = await referrals.children(unit, [row.id])
        keys = [key for key in (row.source_request, row.source_task) if key]
        material = await read_material(network, unit, [*keys, *(child.task for child in children)])
        request, _ = material.source(row)
        return WaitingDetail(
            story=await tell_source(network, unit, row, material, children),
            why=_why(row),
            candidates=await _candidates(network, unit, request),
            consent_document=await find_document(network, unit, request) is not None,
            children=await _children(unit, children, material),
            actions=_operator_actions(network, row, children),
        )


async def listed(
    network: Network,
    caller: Caller,
    rows_of: Callable[[Unit], Awaitable[list[ReferralRow]]],
    act: str = "open referrals",
) -> list[WaitingItem]:
    """The referrals of these rows as the operator's lists show them; `act` is what the audit says."""
    operator(network, caller)
    async with network.store.unit(caller.members) as unit:
        await audit.write(unit, caller.act(network.ids, act), "done")
        rows = await rows_of(unit)
        keys = [key for row in rows for key in (row.source_request, row.source_task) if key]
        material = await read_material(network, unit, keys)
        owners = await members.get(unit, {row.owner for row in rows if row.owner})
        names = {key: owner.name for key, owner in owners.items()}
        return [_waiting_item(network, row, material, names) for row in rows]


def _waiting_item(network: Network, row: ReferralRow, material: Material, names: dict[UUID, str]) -> WaitingItem:
    request, task = material.source(row)
    status = task.get("status", "requested")
    return WaitingItem(
        referral=row.id,
        person=material.person(request, task).name,
        need=words.need(request),
        sender=material.sender(request, task).organization,
        status=status,
        status_words=words.status_words(status),
        why=_why(row),
        owner=names.get(row.owner, "") if row.owner else "",
        next_action=NEXT_ACTIONS.get(row.next_action or "", ""),
        due=row.due,
        overdue=row.due is not None and row.due < network.clock.now(),
        urgent=words.urgent(request, task),
    )


def _inbox_item(network: Network, caller: Caller, row: ReferralRow, child: ChildRow, material: Material) -> InboxItem:
    task, request = material.by_key[child.task], material.by_key.get(child.filler_order, {})
    mine = row.owner in caller.members
    return InboxItem(
        referral=row.id,
        person=material.person(request, task).name,
        need=words.need(request),
        sender=material.sender(request, task).organization,
        status=task["status"],
        status_words=words.status_words(task["status"]),
        due=row.due if mine else None,
        overdue=mine and row.due is not None and row.due < network.clock.now(),
        received=child.passed_on_at,
        urgent=words.urgent(request, task),
        next_action=NEXT_ACTIONS.get(row.next_action or "", "") if mine else "",
    )


def _newest_parts(children: Iterable[ChildRow], caller: Caller) -> dict[UUID, ChildRow]:
    return {child.referral: child for child in children if child.target in caller.members}


def _keys(children: Iterable[ChildRow]) -> list[UUID]:
    return [key for child in children for key in (child.task, child.filler_order)]


def _why(row: ReferralRow) -> str:
    return WHY_WAITING.get(row.waiting_because or "", "")


async def _candidates(network: Network, unit: Unit, request: JsonObject) -> tuple[UUID, ...]:
    found = [await member_behind(network, unit, performer) for performer in request.get("performer", ())]
    return tuple(dict.fromkeys(each.organization for each in found if each is not None and each.kind == "target"))


async def _children(unit: Unit, children: list[ChildRow], material: Material) -> tuple[Child, ...]:
    names = await members.get(unit, {child.target for child in children})
    return tuple(
        Child(
            names[child.target].name,
            words.status_words(tree.get("status", "")),
            tree.get("statusReason", {}).get("text", ""),
        )
        for child in children
        for tree in [material.by_key.get(child.task, {})]
    )


def _operator_actions(network: Network, row: ReferralRow, children: list[ChildRow]) -> tuple[str, ...]:
    if row.closed_at is not None:
        return ()
    with_somebody = any(child.ended_at is None for child in children)
    return (*(("Withdraw consent",) if with_somebody else ("Pass on",)), "End referral")
