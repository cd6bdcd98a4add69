"""How we sign in at an EHR, and where it may be called, read from what the operator typed. Raises Invalid.

*Source*: security sheet APP-07, NET-01 to NET-03, NET-11, KEY-04, decision 10.
"""

import re
import ssl
import stat
from pathlib import Path

from app.fhir.errors import Invalid
from app.gateways.keys import BadKey, signing_key
from app.gateways.outbound.addresses import BadAddress, places, private_range

MAX_CLIENT_ID = 250
MAX_FILE_BYTES = 64 * 1024
SECRET = re.compile(r"[\x21-\x7e]{8,1024}", re.ASCII)


def check_client_id(client_id: str) -> None:
    if not 1 <= len(client_id) <= MAX_CLIENT_ID or not client_id.isprintable() or " " in client_id:
        raise Invalid("ehr-client-id", f"A client id has 1 to {MAX_CLIENT_ID} characters and no blanks.")


def check_key(file: Path) -> None:
    """The file holds a private key that we can sign with, and not everybody may read it."""
    try:
        signing_key(_private_bytes(file, "key"))
    except BadKey:
        raise Invalid("ehr-key", "The key file holds no private key in PEM, RSA of 2048 bits or EC on P-384.") from None


def read_secret(file: Path) -> str:
    """The client secret in the file, without the line break at its end."""
    try:
        secret = _private_bytes(file, "secret").decode("ascii").strip("\r\n")
    except UnicodeDecodeError:
        secret = ""
    if not SECRET.fullmatch(secret):
        raise Invalid("ehr-secret", "The secret file holds one line of 8 to 1024 visible ASCII characters.")
    return secret


def check_certificates(file: Path) -> None:
    try:
        ssl.create_default_context(cafile=str(file))
    except (OSError, ValueError):  # an SSLError is an OSError
        raise Invalid("ehr-ca-file", "The CA file is not there, or holds no certificates in PEM.") from None


def check_base(base: str, *, loopback: bool) -> None:
    """A base may be known by any address; one that we call has a name, and a port that is no other service's."""
    try:
        places((base,), loopback_http=loopback)
    except BadAddress:
        raise Invalid(
            "ehr-uncallable",
            "An EHR that is called has a host name, not a number, and the port 443 or one from 1024 on.",
        ) from None


def read_host(typed: str, *, loopback: bool) -> str:
    """A host in its one spelling, lower-case, with a port when it is not 443. `loopback`: in development."""
    host = typed.strip().lower()
    try:
        if not host or "/" in host:
            raise BadAddress("address-form")
        (place,) = places((host,), loopback_http=loopback)
    except BadAddress:
        raise Invalid(
            "ehr-endpoint-host", "An endpoint host is a name such as login.ehr.example, without https://."
        ) from None
    return place


def read_range(typed: str) -> str:
    """A CIDR range inside the private ones; loopback and link-local addresses are never an EHR."""
    try:
        return private_range(typed.strip())
    except BadAddress:
        raise Invalid(
            "ehr-private-range", "A private range is CIDR such as 10.20.0.0/16, within a private network."
        ) from None


def _private_bytes(file: Path, what: str) -> bytes:
    try:
        with file.open("rb") as stream:
            body = stream.read(MAX_FILE_BYTES + 1)
            open_to_all = stat.S_IROTH & file.stat().st_mode
    except OSError:
        raise Invalid("ehr-file", f"The {what} file is not there, or is no file that can be read.") from None
    if open_to_all:
        raise Invalid("ehr-file", f"Everybody may read the {what} file; chmod 0400 it.")
    if not 1 <= len(body) <= MAX_FILE_BYTES:
        raise Invalid("ehr-file", f"The {what} file is empty, or larger than {MAX_FILE_BYTES // 1024} KiB.")
    return body
