"""A refused act is written down too, in a transaction of its own: the act's was rolled back."""

from app.fhir.errors import Refusal
from app.services.caller import Caller
from app.services.network import Network
from app.store import audit


async def note_refused(network: Network, caller: Caller, action: str, type_name: str | None, refusal: Refusal) -> None:
    """One audit row with the rule word of the first issue."""
    served = type_name if type_name in network.registry.types else None
    act = caller.act(network.ids, action[:60], served)
    async with network.store.unit(caller.members) as unit:
        await audit.write(unit, act, refusal.issues[0].rule)
