"""Next links: sealed, bound to the caller and the query, for an hour. Authorization is asked anew on every page.

A link carries by which values the last resource was sorted, which may be a name: so it is not only signed, nobody can
read it. Every link that is handed out can be followed: what could need one longer than an address may be is refused
before it is begun.

*Source*: security sheet SCO-12, PAG-01, attacks C24 and C25.
"""

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode
from uuid import UUID

from app.fhir import json
from app.fhir.errors import Invalid, TooCostly
from app.fhir.search_results import Sort
from app.gateways.sealing import SealBroken, Sealer
from app.services.caller import Caller
from app.services.network import Network
from app.store.search import Place
from app.store.sorting import longest

PAGE = "_page"
LIFE = timedelta(hours=1)
MAX_LENGTH = 6_000
# what a token has beside the values, in bytes: the seal, a key, two moments with their names
MOST_BESIDE = 200
# parts the values, none of which can hold it
MARK = b"\x00"

Pairs = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Page:
    """Where a page begins: beyond this place, and, for pollers, only what was stamped before this moment. `token` is
    what the link to it had."""

    after: Place | None = None
    before_moment: datetime | None = None
    token: str = ""


def open_page(network: Network, caller: Caller, path: str, wanted: Pairs, tokens: Sequence[str]) -> Page:
    """The page that a token names; the first one without. Raises Invalid for one that is not ours, or not theirs."""
    if not tokens:
        return Page()
    sealed = _octets(tokens[0]) if len(tokens) == 1 else None
    try:
        opened = Sealer(network.settings.secret_key).open(sealed or b"", _bound(caller, path, wanted))
    except SealBroken:
        message = "this page link is not valid for this search; begin it again"
        raise Invalid("page-token", message, PAGE) from None
    head, *values = opened.split(MARK)
    tree = json.parse(head)
    if network.clock.now() > datetime.fromtimestamp(tree["expires"], UTC):
        raise Invalid("page-token", "this page link has expired; begin the search again", PAGE)
    after = Place(UUID(tree["key"]), datetime.fromisoformat(tree["stamp"]), tuple(map(_value, values)))
    return Page(after, datetime.fromisoformat(tree["before"]) if tree["before"] else None, tokens[0])


def links(
    network: Network, caller: Caller, path: str, wanted: Pairs, page: Page, after: Place | None
) -> list[tuple[str, str]]:
    """What was really asked for, and, where there is more than what stands up to `after`, where it goes on."""
    here = [(PAGE, page.token)] if page.token else []
    found = [("self", _address(network, path, [*wanted, *here]))]
    if after is not None:
        token = _token(network, caller, path, wanted, after, page.before_moment)
        found.append(("next", _address(network, path, [*wanted, (PAGE, token)])))
    return found


def refuse_endless(network: Network, path: str, wanted: Pairs, sort: Sequence[Sort] = ()) -> None:
    """Raises TooCostly where the longest link that may be needed could not be followed."""
    values = sum(longest(key) + len(MARK) + 1 for key in sort)
    token = -(-4 * (MOST_BESIDE + values) // 3)
    most = network.settings.max_url_bytes
    if len(_address(network, path, [*wanted, (PAGE, "")])) + token > most:
        too_long = f"the link to a next page could have more than {most} bytes; ask with fewer values, or sort by fewer"
        raise TooCostly("search-too-long", too_long)


def _address(network: Network, path: str, pairs: Pairs) -> str:
    address = "/".join((network.base, path))
    return "?".join((address, urlencode(pairs, safe=",:/"))) if pairs else address


def _token(
    network: Network, caller: Caller, path: str, wanted: Pairs, after: Place, before_moment: datetime | None
) -> str:
    tree = {
        "key": str(after.key),
        "stamp": after.stamp.isoformat(),
        "before": before_moment.isoformat() if before_moment else None,
        "expires": int((network.clock.now() + LIFE).timestamp()),
    }
    values = (b"" if value is None else b"=" + value.encode() for value in after.values)
    plain = MARK.join((json.dump(tree), *values))
    sealed = Sealer(network.settings.secret_key).seal(plain, _bound(caller, path, wanted))
    return base64.urlsafe_b64encode(sealed).decode().rstrip("=")


def _value(kept: bytes) -> str | None:
    return kept[1:].decode() if kept else None


def _octets(token: str) -> bytes | None:
    if not token.isascii() or len(token) > MAX_LENGTH:
        return None
    try:
        return base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None


def _bound(caller: Caller, path: str, wanted: Pairs) -> str:
    """What a link is for: this caller, this search."""
    who = caller.client_id or str(caller.account)
    return "\x00".join(("next page", who, path, *(part for pair in wanted for part in pair)))
