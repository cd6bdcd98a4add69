"""Which status may follow which, set by whom, and what must then be present.

Adding a status rule is adding a row. `docs/refusals.md` and the tour's tables are generated from these.
*Source*: SDOH Clinical Care 3.0.0, referral workflow (state diagram and "who sets it"); TaskForPatient.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Literal

Role = Literal["requester", "owner"]
EITHER: tuple[Role, ...] = ("requester", "owner")
REQUESTER: tuple[Role, ...] = ("requester",)
OWNER: tuple[Role, ...] = ("owner",)

START = ""


@dataclass(frozen=True, slots=True)
class Transition:
    """From one status to another; `needs` lists elements that must be present when the owner sets it."""

    before: str
    after: str
    by: tuple[Role, ...]
    needs: tuple[str, ...] = ()


REFERRAL_TASK: tuple[Transition, ...] = (
    Transition(START, "draft", by=REQUESTER),
    Transition(START, "requested", by=REQUESTER),
    Transition("draft", "requested", by=REQUESTER),
    Transition("requested", "accepted", by=OWNER),
    Transition("requested", "rejected", by=OWNER, needs=("statusReason",)),
    Transition("requested", "cancelled", by=EITHER, needs=("statusReason",)),
    Transition("accepted", "in-progress", by=OWNER),
    Transition("accepted", "on-hold", by=OWNER, needs=("statusReason",)),
    Transition("accepted", "cancelled", by=EITHER, needs=("statusReason",)),
    Transition("accepted", "completed", by=OWNER, needs=("output",)),
    Transition("accepted", "failed", by=OWNER, needs=("statusReason",)),
    Transition("in-progress", "on-hold", by=OWNER, needs=("statusReason",)),
    Transition("in-progress", "cancelled", by=EITHER, needs=("statusReason",)),
    Transition("in-progress", "completed", by=OWNER, needs=("output",)),
    Transition("in-progress", "failed", by=OWNER, needs=("statusReason",)),
    Transition("on-hold", "in-progress", by=OWNER),
    Transition("on-hold", "cancelled", by=EITHER, needs=("statusReason",)),
    Transition("on-hold", "completed", by=OWNER, needs=("output",)),
    Transition("on-hold", "failed", by=OWNER, needs=("statusReason",)),
)

PATIENT_TASK: tuple[Transition, ...] = (
    Transition(START, "ready", by=REQUESTER),
    *(Transition("ready", after, by=OWNER) for after in ("in-progress", "on-hold", "completed", "failed")),
    *(Transition("in-progress", after, by=OWNER) for after in ("on-hold", "completed", "failed")),
    *(Transition("on-hold", after, by=OWNER) for after in ("in-progress", "completed", "failed")),
    *(Transition(before, "cancelled", by=EITHER) for before in ("ready", "in-progress", "on-hold")),
)

ENTERED_IN_ERROR = "entered-in-error"


@dataclass(frozen=True, slots=True)
class Broken:
    """Why a status may not be set: our rule word, what would be right, and the element."""

    rule: str
    message: str
    element: str


def statuses(table: Collection[Transition]) -> tuple[str, ...]:
    """Every status that a table knows, in its order."""
    return (*dict.fromkeys(row.after for row in table), ENTERED_IN_ERROR)


def judge(
    table: Collection[Transition], before: str, after: str, roles: Collection[str], present: Collection[str]
) -> Broken | None:
    """None when `after` may follow `before` by somebody in `roles` with the elements `present`; else what is wrong."""
    if after not in statuses(table):
        return Broken(
            "task-status-unused", f"this status is not used here; use one of {_list(statuses(table))}", "status"
        )
    if before == after:
        return None
    if after == ENTERED_IN_ERROR:
        if before != START and "requester" in roles:
            return None
        return Broken("task-role", "only the requester marks a Task of hers as entered-in-error", "status")
    row = next((row for row in table if row.before == before and row.after == after), None)
    if row is None:
        return Broken("task-transition", _what_may_follow(table, before), "status")
    if not set(row.by) & set(roles):
        return Broken("task-role", f"'{after}' is set by the {' or the '.join(row.by)}", "status")
    return _missing(row, roles, present)


def _missing(row: Transition, roles: Collection[str], present: Collection[str]) -> Broken | None:
    # who asked for something may take it back without saying why; who was asked may not
    if "owner" not in roles and row.after == "cancelled":
        return None
    for element in row.needs:
        if element not in present:
            return Broken(f"task-needs-{_word(element)}", f"'{row.after}' needs Task.{element}", element)
    return None


def _what_may_follow(table: Collection[Transition], before: str) -> str:
    if before == START:
        return f"a new Task starts as {_list(row.after for row in table if row.before == START)}"
    following = [row.after for row in table if row.before == before]
    if not following:
        return f"a Task that is '{before}' stays so; send a new Task instead"
    return f"after '{before}' comes one of {_list((*following, ENTERED_IN_ERROR))}"


def _list(words: Iterable[str]) -> str:
    return ", ".join(words)


def _word(element: str) -> str:
    return {"statusReason": "reason", "output": "output"}[element]
