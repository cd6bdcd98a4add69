"""Finding a referral again for somebody who calls: by its short number, or by the person's name."""

from app.fhir.folding import folded
from app.services.caller import Caller
from app.services.network import Network
from app.services.referrals.cards import WaitingItem
from app.services.referrals.views import MOST, listed
from app.store import referrals
from app.store.pool import Unit
from app.store.referrals import ReferralRow, Wanted

DAYS_AFTER_ITS_END = 90
# as pages show it: the last letters and digits of its id
NUMBER_LENGTH = 6


async def find(network: Network, caller: Caller, text: str) -> list[WaitingItem]:
    """Open referrals, and those that ended in the last 90 days, whose number it is or whose person has these names.

    Names match from their beginning, in any order, whatever their case and accents. Raises Forbidden.
    """
    names = list(dict.fromkeys(folded(text).split()))
    number = names[0] if len(names) == 1 and len(names[0]) == NUMBER_LENGTH else ""

    async def rows(unit: Unit) -> list[ReferralRow]:
        return await referrals.found(unit, Wanted(number, names), network.numbers, DAYS_AFTER_ITS_END, MOST)

    return await listed(network, caller, rows, "found referrals") if names else []
