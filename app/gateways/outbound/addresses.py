"""Which addresses may be called: the form of a URL, and the IP addresses that its name may stand for. Tables, no I/O.

A name is judged by what it resolves to, at every call; a network of the operator's own (an EHR behind a VPN) is an
exception of one connection. Refusals are words of ours: an address may hold what a stranger typed.

*Source*: security sheet NET-02, NET-03, NET-04 and section F; IANA special-purpose address registries.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final
from urllib.parse import urlsplit

MAX_URL = 2_048
MAX_HOST = 253
HTTPS_PORT, HTTP_PORT = 443, 80
LOOPBACK_NAMES: Final = frozenset({"127.0.0.1", "localhost", "::1"})

# RFC 3986 without what browsers and parsers read differently: no backslash, space, quote or control character.
_URL = re.compile(r"[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%-]+", re.ASCII)
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
# The last label begins with a letter: 2130706433, 0x7f.1 and 127.1 are numbers in disguise.
_NAME = re.compile(rf"(?:{_LABEL}\.)*(?=[A-Za-z]){_LABEL}", re.ASCII)

# Services that answer to lines of text and would take a request for a command.
REFUSED_PORTS: Final = frozenset({1433, 1521, 2375, 3306, 5432, 6379, 6667, 9200, 9300, 11211, 27017})
FIRST_OPEN_PORT = 1024

DENIED: Final = tuple(
    ip_network(block)
    for block in (
        "0.0.0.0/8",  # this network
        "10.0.0.0/8",
        "100.64.0.0/10",  # carriers' own; is_private says False
        "127.0.0.0/8",
        "169.254.0.0/16",  # link-local, and clouds' metadata
        "172.16.0.0/12",
        "192.0.0.0/24",  # IETF; 192.0.0.192 is a cloud's metadata address
        "192.0.2.0/24",
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
        "::/96",  # unspecified, loopback, IPv4-compatible
        "::ffff:0:0/96",  # IPv4-mapped
        "::ffff:0:0:0/96",  # IPv4-translated
        "64:ff9b::/96",  # NAT64: is_global says True
        "64:ff9b:1::/48",
        "100::/64",
        "2001::/23",  # Teredo and other IETF protocols
        "2001:db8::/32",
        "2002::/16",  # 6to4
        "3fff::/20",
        "fc00::/7",
        "fe80::/10",
        "ff00::/8",
    )
)
# What is handed out to the public at all; a block reserved tomorrow is refused today.
PUBLIC_IPV6: Final = IPv6Network("2000::/3")
# What an operator may except for one connection: networks of an organization, never loopback or link-local.
PRIVATE: Final = tuple(map(ip_network, ("10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")))
LOOPBACK: Final = (ip_network("127.0.0.0/8"), ip_network("::1/128"))

Address = IPv4Address | IPv6Address


class BadAddress(Exception):
    """This address is not called. Carries a rule word, never the address."""

    def __init__(self, rule: str) -> None:
        super().__init__(rule)
        self.rule = rule


@dataclass(frozen=True, slots=True)
class Allowance:
    """Whom one connection may call.

    `hosts`: names, as `ehr.example` (port 443) or `ehr.example:8443`, lower-case. `private_ranges`: networks within
    PRIVATE that its names may resolve to. `loopback_http`: this very machine, also without TLS; heeded in development
    only. `ca_file`: the only certificate authority trusted for it, else the public ones. `background`: nobody waits for
    the answer, so the call takes no line from those for whom somebody does.
    """

    hosts: frozenset[str]
    private_ranges: tuple[str, ...] = ()
    loopback_http: bool = False
    ca_file: str | None = None
    background: bool = False


@dataclass(frozen=True, slots=True)
class Target:
    """Where a URL leads. `here`: it says itself that it is this machine (development)."""

    scheme: str
    host: str
    port: int
    here: bool

    @property
    def place(self) -> str:
        """As it stands in Allowance.hosts."""
        return place(self.host, self.port, self.scheme)


def read_target(url: str, *, loopback_http: bool = False) -> Target:
    """Where this URL leads, when it is one that may be called by its form. Raises BadAddress."""
    if len(url) > MAX_URL or not _URL.fullmatch(url):
        raise BadAddress("address-form")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise BadAddress("address-form") from None
    host = (parts.hostname or "").lower()
    if "@" in parts.netloc or "#" in url or parts.netloc.endswith(":"):
        raise BadAddress("address-form")
    here = loopback_http and host in LOOPBACK_NAMES
    if not here and not is_name(host):
        raise BadAddress("address-host")
    if parts.scheme != "https" and not (here and parts.scheme == "http"):
        raise BadAddress("address-https")
    port = _default_port(parts.scheme) if port is None else port
    if not here and port != HTTPS_PORT and (port < FIRST_OPEN_PORT or port in REFUSED_PORTS):
        raise BadAddress("address-port")
    return Target(parts.scheme, host, port, here)


def is_name(host: str) -> bool:
    """True for a host name in ASCII; false for an address in any spelling, and for a name with a dot at its end."""
    return len(host) <= MAX_HOST and _NAME.fullmatch(host) is not None


def place(host: str, port: int, scheme: str = "https") -> str:
    shown = f"[{host}]" if ":" in host else host
    return shown if port == _default_port(scheme) else f"{shown}:{port}"


def places(urls_and_hosts: Iterable[str], *, loopback_http: bool = False) -> frozenset[str]:
    """The hosts of an Allowance, from full URLs and from `host` or `host:port` as an operator writes them.

    Raises BadAddress.
    """
    urls = (text if "://" in text else f"https://{text}" for text in urls_and_hosts)
    return frozenset(read_target(url, loopback_http=loopback_http).place for url in urls)


def private_range(text: str) -> str:
    """The network in its one spelling, when it is one that an operator may except. Raises BadAddress."""
    try:
        network = ip_network(text)
    except ValueError:
        raise BadAddress("private-range") from None
    if not any(_within(network.network_address, own) and _within(network.broadcast_address, own) for own in PRIVATE):
        raise BadAddress("private-range")
    return str(network)


def may_connect(address: str, *, private_ranges: Iterable[str] = (), loopback: bool = False) -> bool:
    """Whether a connection may be opened to this one address, which a name has been resolved to."""
    try:
        ip = ip_address(address)
    except ValueError:
        return False
    if isinstance(ip, IPv6Address) and ip.scope_id is not None:
        return False
    if any(_within(ip, block) for block in LOOPBACK):
        return loopback
    if any(_within(ip, block) for block in PRIVATE):
        return any(_within(ip, ip_network(excepted)) for excepted in private_ranges)
    if isinstance(ip, IPv6Address) and ip not in PUBLIC_IPV6:
        return False
    return not any(_within(ip, block) for block in DENIED)


def _within(ip: Address, network: IPv4Network | IPv6Network) -> bool:
    return ip.version == network.version and ip in network


def _default_port(scheme: str) -> int:
    return HTTP_PORT if scheme == "http" else HTTPS_PORT
