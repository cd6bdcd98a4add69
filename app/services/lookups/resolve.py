"""What literal references lead to, for those who act in this transaction."""

from collections.abc import Iterable
from uuid import UUID

from app.fhir.references import Local, Remote, parse_reference
from app.services.network import Network
from app.store import connections, resources
from app.store.pool import Unit
from app.store.resources import Stored


async def resolve(network: Network, unit: Unit, references: Iterable[str]) -> dict[UUID, Stored]:
    """What literal references lead to: our own resources and our copies of remote ones."""
    keys: list[tuple[str, str]] = []
    copies: list[UUID] = []
    for text in dict.fromkeys(references):
        match parse_reference(text, network.base):
            case Local(type=type_name, id=fhir_id):
                keys.append((type_name, fhir_id))
            case Remote(base=base, type=type_name, id=remote_id):
                known = (await connections.by_bases(unit, [base])).get(base)
                local = await connections.local_copy(unit, known.id, type_name, remote_id) if known else None
                copies += [local] if local else []
    found = {stored.id: stored for stored in (await resources.current(unit, keys)).values()}
    return found | await resources.by_ids(unit, copies)
