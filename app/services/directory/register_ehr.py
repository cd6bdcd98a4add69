"""The operator registers an EHR: references under its FHIR base are taken as theirs from then on.

*Source*: security sheet on outgoing addresses; architecture, `connection` and `origin`.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit
from uuid import UUID

from app.fhir.errors import BusinessRule, Invalid, NotFound
from app.services.network import Network
from app.settings import LOOPBACK_HOSTS
from app.store import connections, directory, members
from app.store.connections import ConnectionRow

MAX_NAME = 250
DEFAULT_PORTS = {"https": 443, "http": 80}
PATH = re.compile(r"(/[A-Za-z0-9._~%!$&'()*+,;=:@-]+)*", re.ASCII)
WORD = re.compile(r"[a-z][a-z0-9-]{0,63}", re.ASCII)
MAX_POLL_MINUTES = 24 * 60


@dataclass(frozen=True, slots=True)
class Ehr:
    """What the operator says about it. The last four are for reading from it: how we sign in there, how often."""

    name: str
    fhir_base: str
    organization: UUID
    client_id: str | None = None
    key_file: Path | None = None
    poll_minutes: int | None = None
    vendor: str | None = None


async def register_ehr(network: Network, ehr: Ehr) -> ConnectionRow:
    """The new connection, its base as it is compared with references. Raises Invalid, NotFound, BusinessRule."""
    base = read_base(ehr.fhir_base, loopback_http=network.settings.development)
    if base == network.base:
        raise BusinessRule("ehr-ourselves", "This is the FHIR base of this network itself.")
    _check(ehr)
    row = ConnectionRow(network.ids.next(), ehr.name.strip(), base, ehr.organization)
    async with network.store.unit((), write=True) as unit:
        await directory.wait_for_turn(unit)
        if not await members.get(unit, (ehr.organization,)):
            raise NotFound("ehr-organization", "Not a member: admit the organization first (baton organization add).")
        if await connections.by_bases(unit, (base,)):
            raise BusinessRule("ehr-known", "An EHR with this FHIR base is registered already.")
        await connections.add(
            unit,
            row,
            client_id=ehr.client_id,
            key_file=str(ehr.key_file.absolute()) if ehr.key_file else None,
            vendor=ehr.vendor,
            poll_minutes=ehr.poll_minutes,
        )
    return row


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


def _check(ehr: Ehr) -> None:
    if not 1 <= len(ehr.name.strip()) <= MAX_NAME or not ehr.name.isprintable():
        raise Invalid("ehr-name", f"A name has 1 to {MAX_NAME} characters and no line breaks.")
    if (ehr.client_id is None) != (ehr.key_file is None):
        raise Invalid("ehr-sign-in", "To sign in at the EHR, give both: --client-id and --key-file.")
    if ehr.key_file is not None and not ehr.key_file.is_file():
        raise Invalid("ehr-key-file", "The key file is not there, or is no file.")
    if ehr.poll_minutes is not None and not 1 <= ehr.poll_minutes <= MAX_POLL_MINUTES:
        raise Invalid("ehr-poll", f"Polling is every 1 to {MAX_POLL_MINUTES} minutes.")
    if ehr.vendor is not None and not WORD.fullmatch(ehr.vendor):
        raise Invalid("ehr-vendor", "A vendor is a word of small letters, digits and hyphens.")
