"""May this caller use this interaction on this type at all? Asked before a body is read, and of each entry of a Bundle.

*Source*: security sheet SCO-02, SCO-03, SCO-04.
"""

from app.fhir.errors import Forbidden, MethodNotAllowed
from app.services.caller import Caller
from app.services.interactions.unserved import unserved
from app.services.network import Network


def permit(network: Network, caller: Caller, type_name: str, interaction: str, letters: str, at: str = "") -> None:
    """Raises NotFound (type), MethodNotAllowed (interaction) or Forbidden (a scope's letter)."""
    served(network, type_name, at, interaction)
    if interaction not in network.registry.types[type_name].interactions:
        raise MethodNotAllowed("interaction", f"{interaction} is not offered for {type_name}", at)
    scoped(caller, type_name, letters, at)


def served(network: Network, type_name: str, at: str = "", interaction: str = "") -> None:
    if type_name not in network.registry.types:
        raise unserved(type_name, interaction, at)


def scoped(caller: Caller, type_name: str, letters: str, at: str = "") -> None:
    if not all(caller.allows(type_name, letter) for letter in letters):
        raise Forbidden("scope", f"the access token's scopes do not hold system/{type_name}.{letters}", at)
