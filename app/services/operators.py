"""What only an operator of the network may do asks here first."""

from app.fhir.errors import Forbidden
from app.services.caller import Caller
from app.services.network import Network


def operator(network: Network, caller: Caller) -> None:
    """Raises Forbidden unless the caller is an operator of the network."""
    if caller.kind != "person" or caller.role != "operator" or network.coordinator not in caller.members:
        raise Forbidden("operator-only", "an operator of the network does this")
