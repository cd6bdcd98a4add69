"""The demo world's referrals: sent over the FHIR API as an EHR would, answered with the buttons that people have."""

import asyncio
import random
from collections.abc import Mapping
from datetime import timedelta
from uuid import UUID

from fastapi import FastAPI

from app.demo.cast import NAMING, PEOPLE, REFERRALS, SOURCE, TARGETS, Referral, Step
from app.demo.members import account_of
from app.domain.referral.waiting import ANSWER, ROUTE
from app.fhir.errors import NotFound
from app.services.caller import Caller
from app.services.network import Network
from app.services.referrals.cards import Story
from app.services.referrals.respond import respond
from app.services.referrals.views import story
from app.simulate.chart import Chart
from app.simulate.ehr import Ehr, Settings
from app.simulate.network import Identity, meet
from app.simulate.people import people
from app.simulate.shapes import SHAPES
from app.simulate.vocabulary import Clinic
from app.store import referrals

LOOK_EVERY_S, GIVE_UP_AFTER_S = 0.05, 30.0
OVERDUE_BY = timedelta(days=1)


async def send_and_answer(network: Network, app: FastAPI, identity: Identity, members: Mapping[str, UUID]) -> None:
    """Needs a worker that runs: `app` is in its lifespan. A referral that was sent before is found, not sent again."""
    performers = {each.meets: f"Organization/{members[each.name]}" for each in TARGETS}
    chart = Chart(people(random.Random(SOURCE.name), len(REFERRALS)))
    settings = Settings(network.base, SHAPES[0], Clinic(SOURCE.name, NAMING), performers)
    ehr = Ehr(settings, identity, chart, network.clock.now, random.Random())
    async with meet(network.base, identity, now=network.clock.now, chance=ehr.chance, app=app) as target:
        for each, person in zip(REFERRALS, chart.people, strict=True):
            order = ehr.order(target, person, each.need, named=each.named, urgent=each.urgent, number=each.number)
            place = await ehr.send(target, order)
            await _bring_along(network, members, each, UUID(place.rpartition("/")[2]))


async def _bring_along(network: Network, members: Mapping[str, UUID], each: Referral, task: UUID) -> None:
    referral = await _routed(network, task)
    caller = await _answering(network, members, each)
    for step in each.steps:
        await _press(network, caller, referral, step)
    if each.overdue:
        await _let_it_wait(network, referral)


async def _routed(network: Network, task: UUID) -> UUID:
    """The referral of a source's Task, once the network has looked at it."""
    for _ in range(int(GIVE_UP_AFTER_S / LOOK_EVERY_S)):
        async with network.store.unit((network.coordinator,), write=True) as unit:
            row = await referrals.of_source_task(unit, task)
        if row is not None and row.next_action != ROUTE:
            return row.id
        await asyncio.sleep(LOOK_EVERY_S)
    raise LookupError("a demo referral was not routed: does a worker run?")


async def _answering(network: Network, members: Mapping[str, UUID], each: Referral) -> Caller:
    """The person of the organization that meets this need."""
    target = next(target for target in TARGETS if target.meets == each.need.category.code)
    person = next(person for person in PEOPLE if person.organization == target.name)
    account = await account_of(network, person.email)
    return Caller(frozenset({members[target.name]}), "person", account=account, role=person.role, request_id="demo")


async def _press(network: Network, caller: Caller, referral: UUID, step: Step) -> None:
    """Presses the button where it is offered: what has gone further stays as it is."""
    found = await _story(network, caller, referral)
    if found is None or step.button not in found.actions:
        return
    words = {"reason": step.words} if step.button == "Decline" else {"outcome": step.words} if step.words else {}
    await respond(network, caller, referral, step.button, version=found.version, **words)


async def _story(network: Network, caller: Caller, referral: UUID) -> Story | None:
    try:
        return await story(network, caller, referral)
    except NotFound:
        return None


async def _let_it_wait(network: Network, referral: UUID) -> None:
    """As if it had come some days ago: nobody has answered, and the time to answer is over."""
    async with network.store.unit((network.coordinator,), write=True) as unit:
        row = await referrals.get(unit, referral, lock=True)
        if row is not None and row.owner and row.due and row.next_action == ANSWER and row.due > unit.now:
            due = unit.now - OVERDUE_BY
            await referrals.hand(unit, row.id, owner=row.owner, next_action=ANSWER, due=due)
