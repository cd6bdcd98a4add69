"""Next links: signed, bound to the caller and the query, for an hour. Authorization is asked anew on every page.

*Source*: security sheet SCO-12, PAG-01, attacks C24 and C25.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from app.fhir.errors import Invalid
from app.services.caller import Caller
from app.services.network import Network
from app.store.search import Place

LIFE = timedelta(hours=1)


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
    payload, _, signature = tokens[0].partition(".")
    expected = _sign(network, caller, type_name, wanted, payload)
    if len(tokens) > 1 or not hmac.compare_digest(signature.encode("utf-8", "replace"), expected.encode()):
        raise Invalid("page-token", "this page link is not valid for this search; begin it again", "_page")
    after, moment, expires = _unpack(payload)
    if network.clock.now() > expires:
        raise Invalid("page-token", "this page link has expired; begin the search again", "_page")
    return Page(after, moment)


def next_page(network: Network, caller: Caller, type_name: str, wanted: Sequence[tuple[str, str]], page: Page) -> str:
    """The token of a page."""
    moment = page.before_moment.isoformat() if page.before_moment else ""
    expires = int((network.clock.now() + LIFE).timestamp())
    place = (str(page.after.key), page.after.stamp.isoformat()) if page.after else ("", "")
    packed = "|".join((*place, moment, str(expires))).encode()
    payload = base64.urlsafe_b64encode(packed).decode().rstrip("=")
    return ".".join((payload, _sign(network, caller, type_name, wanted, payload)))


def _unpack(payload: str) -> tuple[Place, datetime | None, datetime]:
    try:
        text = base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)).decode()
    except (binascii.Error, ValueError) as error:
        raise Invalid("page-token", "this page link is not valid; begin the search again", "_page") from error
    key, stamp, moment, expires = text.split("|")
    after = Place(UUID(key), datetime.fromisoformat(stamp))
    return after, datetime.fromisoformat(moment) if moment else None, datetime.fromtimestamp(int(expires), UTC)


def _sign(network: Network, caller: Caller, type_name: str, wanted: Sequence[tuple[str, str]], payload: str) -> str:
    who = caller.client_id or str(caller.account)
    message = "\x00".join((who, type_name, *(part for pair in wanted for part in pair), payload))
    digest = hmac.new(network.settings.secret_key, message.encode("utf-8", "replace"), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")
