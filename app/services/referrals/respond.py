"""What a member answers on its part of a referral, button by button.

Each button is a row: what it sets, and what it asks for. The transition table of the domain has the last word.
"""

from dataclasses import dataclass
from uuid import UUID

from app.fhir import json
from app.fhir.errors import Invalid, NotFound, Required, VersionConflict
from app.services.caller import Caller
from app.services.network import Network
from app.services.referrals.advance import resulting_activity, with_status
from app.services.referrals.outcome import procedure
from app.services.retries import with_retries
from app.services.write import write_in
from app.services.writing import Entry, change, new
from app.store import referrals, resources
from app.store.pool import Unit
from app.store.referrals import ChildRow
from app.store.resources import Stored

MAX_TEXT = 2_000


@dataclass(frozen=True, slots=True)
class Button:
    """`asks` names the form field that must hold words."""

    words: str
    sets: str
    from_statuses: tuple[str, ...]
    asks: str = ""


BUTTONS: tuple[Button, ...] = (
    Button("Accept", "accepted", ("requested",)),
    Button("Decline", "rejected", ("requested",), asks="reason"),
    Button("Start", "in-progress", ("accepted",)),
    Button("Put on hold", "on-hold", ("accepted", "in-progress"), asks="reason"),
    Button("Resume", "in-progress", ("on-hold",)),
    Button("Complete", "completed", ("accepted", "in-progress", "on-hold"), asks="outcome"),
    Button("Could not be done", "failed", ("accepted", "in-progress", "on-hold"), asks="reason"),
)


def buttons_for(status: str) -> tuple[Button, ...]:
    return tuple(button for button in BUTTONS if status in button.from_statuses)


async def respond(
    network: Network,
    caller: Caller,
    referral: UUID,
    action: str,
    *,
    reason: str = "",
    outcome: str = "",
    performed: str = "",
    version: str,
) -> None:
    """Carries out one button on the caller's part. `version`: the Task's as the page showed it; `performed`: a date."""
    button = next((button for button in BUTTONS if button.words == action), None)
    if button is None:
        raise Invalid("action", "there is no such button")
    said = {"reason": reason.strip(), "outcome": outcome.strip()}.get(button.asks, "")
    if button.asks and not 0 < len(said) <= MAX_TEXT:
        raise Required(button.asks, "say it in a few words", button.asks)
    answer = _Answer(button, said, performed, version)

    async def once() -> None:
        async with network.store.unit(caller.members, write=True) as unit:
            await _answer(network, unit, caller, referral, answer)

    await with_retries(once)


@dataclass(frozen=True, slots=True)
class _Answer:
    button: Button
    said: str
    performed: str
    version: str


async def _answer(network: Network, unit: Unit, caller: Caller, referral: UUID, answer: _Answer) -> None:
    child, task = await part_of(unit, caller, referral)
    if str(task.version) != answer.version:
        raise VersionConflict("version-conflict", "somebody changed this referral since you opened it")
    button = answer.button
    entries: list[Entry] = []
    if button.sets == "completed":
        entries.append(await _done(network, unit, child, answer.said, answer.performed))
    outputs = [resulting_activity(f"Procedure/{entry.fhir_id}") for entry in entries]
    why = answer.said if button.asks == "reason" else ""
    tree = with_status(json.parse(task.body), button.sets, why, outputs)
    await write_in(network, unit, caller, [*entries, change(task, tree, if_match=task.version)])


async def part_of(unit: Unit, caller: Caller, referral: UUID) -> tuple[ChildRow, Stored]:
    """The newest part of a referral that the caller's members hold and may see. Raises NotFound."""
    children = [each for each in await referrals.children(unit, [referral]) if each.target in caller.members]
    visible = await resources.by_ids(unit, [each.task for each in children])
    for child in reversed(children):
        if child.task in visible:
            return child, visible[child.task]
    raise NotFound("not-found", "there is no such referral")


async def _done(network: Network, unit: Unit, child: ChildRow, said: str, performed: str) -> Entry:
    order = (await resources.by_ids(unit, [child.filler_order]))[child.filler_order]
    performer = f"Organization/{child.target}"
    tree = procedure(
        json.parse(order.body),
        f"ServiceRequest/{order.fhir_id}",
        performer,
        said,
        performed or unit.now.date().isoformat(),
    )
    return new(network, tree)
