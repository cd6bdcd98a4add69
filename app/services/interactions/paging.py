"""Next links: sealed, bound to the caller and the query, for an hour. Authorization is asked anew on every page.

A link carries by which values the last resource was sorted, which may be a name: so it is not only signed, nobody can
read it.

*Source*: security sheet SCO-12, PAG-01, attacks C24 and C25.
"""

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from app.fhir import json
from app.fhir.errors import Invalid
from app.gateways.sealing import SealBroken, Sealer
from app.services.caller import Caller
from app.services.network import Network
from app.store.search import Place

LIFE = timedelta(hours=1)
MAX_LENGTH = 6_000


@dataclass(frozen=True, slots=True)
class Page:
    """Where a page begins: beyond this place, and, for pollers, only what was stamped before this moment."""

    after: Place | None = None
    before_moment: datetime | None = None


def open_page(
    network: Network, caller: Caller, type_name: str, wanted: Sequence[tuple[str, str]], tokens: Sequence[str]
) -> Page:
    """The page that a token names; the first one without. Raises Invalid for one that is not ours, or not theirs."""
    if not tokens:
        return Page()
    sealed = _octets(tokens[0]) if len(tokens) == 1 else None
    try:
        opened = Sealer(network.settings.secret_key).open(sealed or b"", _bound(caller, type_name, wanted))
    except SealBroken:
        message = "this page link is not valid for this search; begin it again"
        raise Invalid("page-token", message, "_page") from None
    tree = json.parse(opened)
    if network.clock.now() > datetime.fromtimestamp(tree["expires"], UTC):
        raise Invalid("page-token", "this page link has expired; begin the search again", "_page")
    after = Place(UUID(tree["key"]), datetime.fromisoformat(tree["stamp"]), tuple(tree["values"]))
    return Page(after, datetime.fromisoformat(tree["before"]) if tree["before"] else None)


def next_page(network: Network, caller: Caller, type_name: str, wanted: Sequence[tuple[str, str]], page: Page) -> str:
    """The token of a page that begins beyond a place. Raises ValueError for the first page, which needs none."""
    if page.after is None:
        raise ValueError("the first page has no token")
    tree = {
        "key": str(page.after.key),
        "stamp": page.after.stamp.isoformat(),
        "values": list(page.after.values),
        "before": page.before_moment.isoformat() if page.before_moment else None,
        "expires": int((network.clock.now() + LIFE).timestamp()),
    }
    sealed = Sealer(network.settings.secret_key).seal(json.dump(tree), _bound(caller, type_name, wanted))
    return base64.urlsafe_b64encode(sealed).decode().rstrip("=")


def _octets(token: str) -> bytes | None:
    if not token.isascii() or len(token) > MAX_LENGTH:
        return None
    try:
        return base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None


def _bound(caller: Caller, type_name: str, wanted: Sequence[tuple[str, str]]) -> str:
    """What a link is for: this caller, this search."""
    who = caller.client_id or str(caller.account)
    return "\x00".join(("page", who, type_name, *(part for pair in wanted for part in pair)))
