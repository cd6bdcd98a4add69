"""The inbox: what is overdue, what is new, whom one is helping; each group by urgency, then by due time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from starlette.requests import Request
from starlette.responses import Response

from app.services.referrals.cards import InboxItem
from app.services.referrals.views import inbox
from app.web.pages import session
from app.web.pages.templates import reader_clock, render
from app.web.pages.words import ReaderClock

GROUP_OF = {
    "requested": "new",
    "received": "new",
    "accepted": "going",
    "in-progress": "going",
    "on-hold": "on-hold",
}
GROUPS = ("overdue", "new", "going", "on-hold", "closed")
NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Group:
    word: str
    entries: tuple[InboxItem, ...]


@dataclass(frozen=True, slots=True)
class Inbox:
    groups: tuple[Group, ...]
    count_new: int
    count_overdue: int
    count_today: int
    count_open: int


async def show(request: Request) -> Response:
    visitor = await session.staff(request)
    items = await inbox(request.app.state.network, visitor.caller)
    return render(request, "cbo/inbox.html", visitor=visitor, inbox=arrange(items, reader_clock(request, visitor)))


def arrange(items: Sequence[InboxItem], clock: ReaderClock) -> Inbox:
    """The items in groups, empty groups left out, with the counts that stand on top of the page."""
    in_order = sorted(items, key=lambda item: (not item.urgent, item.due or NEVER, item.received))
    placed = [(group_of(item), item) for item in in_order]
    groups = [Group(word, tuple(item for group, item in placed if group == word)) for word in GROUPS]
    still_open = [item for item in items if item.status in GROUP_OF]
    return Inbox(
        groups=tuple(group for group in groups if group.entries),
        count_new=sum(GROUP_OF[item.status] == "new" for item in still_open),
        count_overdue=sum(item.overdue for item in still_open),
        count_today=sum(item.due is not None and clock.is_due_today(item.due) for item in still_open),
        count_open=len(still_open),
    )


def group_of(item: InboxItem) -> str:
    group = GROUP_OF.get(item.status, "closed")
    return "overdue" if item.overdue and group != "closed" else group
