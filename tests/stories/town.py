"""Who takes part in a story: made by the commands of an operator, on an installation where nobody was before."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cached_property

import httpx

from tests.stories.draw import Draw
from tests.stories.server import Server, installation
from tests.stories.system import System, Tree, public_keys

TIME_ZONES = ("America/New_York", "America/Chicago", "America/Los_Angeles", "Pacific/Honolulu")


@dataclass(frozen=True, slots=True)
class Member:
    """`place` is `Organization/<id>` as the command printed it; `email` is where its news goes."""

    name: str
    place: str
    email: str


@dataclass(frozen=True, slots=True)
class Person:
    email: str
    password: str


@dataclass
class Town:
    """The clinic's EHR sends; Ana works for the first organization, Ben for the second, Olga for the network.

    Whom a story needs beyond the first three is made when it first names them.
    """

    draw: Draw
    server: Server
    network: Member
    clinic: Member
    first: Member
    _open: ExitStack = field(repr=False)
    _systems: list[System] = field(default_factory=list, repr=False)

    @cached_property
    def second(self) -> Member:
        return member(self.server, self.draw, "target")

    @cached_property
    def ana(self) -> Person:
        return person(self.server, self.draw, "ana", self.first, "intake")

    @cached_property
    def ben(self) -> Person:
        return person(self.server, self.draw, "ben", self.second, "programme-manager")

    @cached_property
    def olga(self) -> Person:
        return person(self.server, self.draw, "olga", self.network, "operator")

    @cached_property
    def ehr(self) -> System:
        return self.system(self.clinic)

    @cached_property
    def watcher(self) -> System:
        """A system of the network's own, which reads what the network has written."""
        return self.system(self.network)

    @cached_property
    def first_system(self) -> System:
        """A system of the first organization's own."""
        return self.system(self.first)

    def system(self, of: Member) -> System:
        """One more system, which speaks for this member."""
        keys = self.server.data_dir.parent / "keys.json"
        keys.write_bytes(public_keys())
        words = ("client", "add", f"System of {of.name}", "--organization", of.place, "--scopes", "system/*.cruds")
        made = System(self.server.address, self.server.command(*words, "--jwks-file", str(keys)).splitlines()[-1])
        self._open.callback(made.close)
        self._systems.append(made)
        return made

    def neighbors(self) -> "Town":
        """Another clinic and another organization on the same server."""
        clinic, first = (member(self.server, self.draw, kind) for kind in ("source", "target"))
        return Town(self.draw, self.server, self.network, clinic, first, self._open)

    def signs_in_again(self) -> None:
        """Every system gets a fresh token: one lasts five minutes, a long story longer."""
        for each in self._systems:
            each.sign_in()

    def asked(self, of: Member) -> list[Tree]:
        """The Tasks by which the network has asked this member."""
        return [tree for tree in self.watcher.search(f"Task?owner={of.place}") if "partOf" in tree]


@contextmanager
def town(draw: Draw, *options: str, **settings: str) -> Iterator[Town]:
    """A running server with the network, a clinic and one organization; `options` are those of `baton serve`,
    `settings` variables of its environment."""
    with installation(draw, migrated=True, **settings) as server, ExitStack() as stack:
        server.start(*options)
        network, clinic, first = (member(server, draw, kind) for kind in ("network", "source", "target"))
        assert custodian(server) == network.place
        yield Town(draw, server, network, clinic, first, stack)


def member(server: Server, draw: Draw, kind: str) -> Member:
    name = draw.clinic() if kind == "source" else draw.organization()
    email = f"info@{draw.domain()}"
    system, value = draw.identifier()
    named = ("--kind", kind, "--identifier", f"{system}|{value}", "--email", email)
    zone = ("--time-zone", draw.chance.choice(TIME_ZONES))
    return Member(name, server.command("organization", "add", name, *named, *zone), email)


def person(server: Server, draw: Draw, name: str, of: Member, role: str) -> Person:
    email, password = f"{name}@{draw.domain()}", draw.password()
    words = ("staff", "add", email, "--organization", of.place, "--role", role, "--password-stdin")
    server.command(*words, typed=password + "\n")
    return Person(email, password)


def custodian(server: Server) -> str:
    """The network's own Organization, which /fhir/metadata names."""
    statement = httpx.get(f"{server.address}/fhir/metadata", timeout=30).json()
    place: str = statement["implementation"]["custodian"]["reference"]
    return place
