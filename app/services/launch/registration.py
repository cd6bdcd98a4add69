"""A registered EHR as the gateways want it: how we are known there, and which hosts may be called.

*Source*: security sheet APP-02, APP-06, APP-07, NET-01; decision 10.
"""

from pathlib import Path
from urllib.parse import urlsplit
from uuid import UUID

from app.gateways.ehr.smart import EhrTrouble, Registration
from app.gateways.outbound.addresses import Allowance, BadAddress, places
from app.gateways.sealing import SealBroken, Sealer
from app.services.network import Network
from app.store.connections import ConnectionRow

LAUNCH, CALLBACK = "/launch", "/launch/callback"


def launch_address(network: Network) -> str:
    """Where an EHR opens Baton, with `iss` and `launch`."""
    return f"{network.settings.public_url}{LAUNCH}"


def redirect_uri(network: Network, connection: UUID) -> str:
    """Where this EHR sends the browser back to: each registration has its own, so that no answer is taken for
    another's."""
    return f"{network.settings.public_url}{CALLBACK}/{connection}"


def allowance_of(network: Network, row: ConnectionRow, *, background: bool = False) -> Allowance:
    """The hosts that may be called for this EHR: its base's and those that the operator named. Raises EhrTrouble.

    `background`: nobody waits for the answers.
    """
    development = network.settings.development
    try:
        hosts = places((row.fhir_base, *row.endpoint_hosts), loopback_http=development)
    except BadAddress:
        raise EhrTrouble("address", "The registered address of this EHR is none that may be called.") from None
    return Allowance(
        hosts=hosts,
        private_ranges=row.private_ranges,
        loopback_http=development,
        ca_file=row.ca_file,
        background=background,
    )


def registration_of(network: Network, row: ConnectionRow) -> Registration:
    """Raises EhrTrouble where we have no client, or its key or secret cannot be read: we cannot sign in there then."""
    if row.client_kind == "none":
        raise EhrTrouble("not-offered", "Baton has no client at this EHR.")
    return Registration(
        fhir_base=row.fhir_base,
        client_id=row.client_id or "",
        kind=row.client_kind,
        secret=_secret(network, row),
        key_pem=_key(row),
        redirect_uri=redirect_uri(network, row.id),
        allowance=allowance_of(network, row),
    )


def frame_origins(row: ConnectionRow) -> tuple[str, ...]:
    """Whose pages may show ours in a frame: those of the EHR and of its sign-in."""
    base = urlsplit(row.fhir_base)
    origins = (f"{base.scheme}://{base.netloc}", *(f"{base.scheme}://{host}" for host in row.endpoint_hosts))
    return tuple(dict.fromkeys(origins))


def seal_secret(network: Network, connection: UUID, secret: str) -> bytes:
    """A client secret as the connection's row keeps it."""
    return sealer(network).seal(secret.encode(), _rests_at(connection))


def sealer(network: Network) -> Sealer:
    return Sealer(network.settings.secret_key)


def _secret(network: Network, row: ConnectionRow) -> str | None:
    try:
        return sealer(network).open(row.secret_sealed, _rests_at(row.id)).decode() if row.secret_sealed else None
    except SealBroken:
        raise _no_way_in() from None


def _key(row: ConnectionRow) -> bytes | None:
    try:
        return Path(row.key_file).read_bytes() if row.key_file else None
    except OSError:
        raise _no_way_in() from None


def _no_way_in() -> EhrTrouble:
    return EhrTrouble("not-offered", "Baton's own key or secret for this EHR cannot be read.")


def _rests_at(connection: UUID) -> str:
    return f"connection|secret_sealed|{connection}"
