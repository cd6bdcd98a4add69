"""The operator registers an EHR: references under its FHIR base are taken as theirs from then on.

With a client id its launches are trusted, too, and it is called.

*Source*: security sheet APP-01, APP-07, NET-01 and on outgoing addresses; architecture, `connection` and `origin`.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit
from uuid import UUID

from app.fhir.errors import BusinessRule, Invalid, NotFound
from app.services.directory import ehr_sign_in
from app.services.launch.registration import seal_secret
from app.services.network import Network
from app.settings import LOOPBACK_HOSTS
from app.store import connections, directory, members
from app.store.connections import ClientKind, ConnectionRow

MAX_NAME = 250
DEFAULT_PORTS = {"https": 443, "http": 80}
PATH = re.compile(r"(/[A-Za-z0-9._~%!$&'()*+,;=:@-]+)*", re.ASCII)
WORD = re.compile(r"[a-z][a-z0-9-]{0,63}", re.ASCII)
MAX_POLL_MINUTES = 24 * 60


@dataclass(frozen=True, slots=True)
class Ehr:
    """What the operator says about it: how we sign in there, and where it may be called.

    With a `client_id` alone we are a public client there; with `key_file` we sign, with `secret_file` we show a secret.
    `endpoint_hosts`: hosts other than that of the base on which it has its sign-in. `private_ranges`: CIDR, behind a
    VPN.
    """

    name: str
    fhir_base: str
    organization: UUID
    client_id: str | None = None
    key_file: Path | None = None
    poll_minutes: int | None = None
    vendor: str | None = None
    secret_file: Path | None = None
    endpoint_hosts: tuple[str, ...] = ()
    private_ranges: tuple[str, ...] = ()
    ca_file: Path | None = None


async def register_ehr(network: Network, ehr: Ehr) -> ConnectionRow:
    """The new connection, its base as it is compared with references. Raises Invalid, NotFound, BusinessRule."""
    row = _read(network, ehr)
    if row.fhir_base == network.base:
        raise BusinessRule("ehr-ourselves", "This is the FHIR base of this network itself.")
    async with network.store.unit((), write=True) as unit:
        await directory.wait_for_turn(unit)
        if not await members.get(unit, (ehr.organization,)):
            raise NotFound("ehr-organization", "Not a member: admit the organization first (baton organization add).")
        if await connections.by_bases(unit, (row.fhir_base,)):
            raise BusinessRule("ehr-known", "An EHR with this FHIR base is registered already.")
        await connections.add(unit, row)
    return row


def _read(network: Network, ehr: Ehr) -> ConnectionRow:
    development = network.settings.development
    base = read_base(ehr.fhir_base, loopback_http=development)
    _check(ehr)
    if ehr.client_id is not None:
        ehr_sign_in.check_base(base, loopback=development)
    key = network.ids.next()
    secret = ehr_sign_in.read_secret(ehr.secret_file) if ehr.secret_file else None
    if ehr.key_file:
        ehr_sign_in.check_key(ehr.key_file)
    if ehr.ca_file:
        ehr_sign_in.check_certificates(ehr.ca_file)
    return ConnectionRow(
        key,
        ehr.name.strip(),
        base,
        ehr.organization,
        client_kind=_kind(ehr),
        client_id=ehr.client_id,
        key_file=str(ehr.key_file.absolute()) if ehr.key_file else None,
        secret_sealed=seal_secret(network, key, secret) if secret else None,
        endpoint_hosts=tuple(ehr_sign_in.read_host(host, loopback=development) for host in ehr.endpoint_hosts),
        private_ranges=tuple(map(ehr_sign_in.read_range, ehr.private_ranges)),
        ca_file=str(ehr.ca_file.absolute()) if ehr.ca_file else None,
        vendor=ehr.vendor,
        poll_minutes=ehr.poll_minutes,
    )


def read_base(typed: str, *, loopback_http: bool) -> str:
    """A FHIR base in its one spelling: lower-case scheme and host, no default port, no last slash. Raises Invalid."""
    try:
        parts = urlsplit(typed.strip())
        port = parts.port
    except ValueError:
        raise _no_base() from None
    scheme, host = parts.scheme.lower(), (parts.hostname or "").lower()
    path = parts.path.rstrip("/")
    if not host or parts.username or parts.query or parts.fragment or "@" in parts.netloc or not PATH.fullmatch(path):
        raise _no_base()
    if scheme != "https" and not (scheme == "http" and loopback_http and host in LOOPBACK_HOSTS):
        raise Invalid("ehr-https", "A FHIR base begins with https:// (http only in development, on this machine).")
    host = f"[{host}]" if ":" in host else host
    return f"{scheme}://{host}{'' if port in (None, DEFAULT_PORTS[scheme]) else f':{port}'}{path}"


def _no_base() -> Invalid:
    return Invalid("ehr-base", "A FHIR base is an address such as https://ehr.example/fhir, without user, ? and #.")


def _kind(ehr: Ehr) -> ClientKind:
    if ehr.client_id is None:
        return "none"
    return "asymmetric" if ehr.key_file else "symmetric" if ehr.secret_file else "public"


def _check(ehr: Ehr) -> None:
    if not 1 <= len(ehr.name.strip()) <= MAX_NAME or not ehr.name.isprintable():
        raise Invalid("ehr-name", f"A name has 1 to {MAX_NAME} characters and no line breaks.")
    more = (ehr.key_file, ehr.secret_file, ehr.endpoint_hosts, ehr.private_ranges, ehr.ca_file)
    if ehr.client_id is None and any(more):
        raise Invalid(
            "ehr-sign-in",
            "--key-file, --secret-file, --endpoint-host, --private-range and --ca-file go with --client-id.",
        )
    if ehr.key_file and ehr.secret_file:
        raise Invalid("ehr-one-way", "Sign in at the EHR by --key-file or by --secret-file, not by both.")
    if ehr.client_id is not None:
        ehr_sign_in.check_client_id(ehr.client_id)
    if ehr.poll_minutes is not None and not 1 <= ehr.poll_minutes <= MAX_POLL_MINUTES:
        raise Invalid("ehr-poll", f"Polling is every 1 to {MAX_POLL_MINUTES} minutes.")
    if ehr.vendor is not None and not WORD.fullmatch(ehr.vendor):
        raise Invalid("ehr-vendor", "A vendor is a word of small letters, digits and hyphens.")
