"""The SMART server as one value: which app may sign in, how it behaves, what it has given out."""

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urlsplit

from app.simulate.fhir.records import Records
from app.simulate.network import Now
from app.simulate.smart.grants import Access, Grants
from app.simulate.smart.signing import Signer

OAUTH, ELSEWHERE = "/oauth", "/elsewhere/auth"


@dataclass(frozen=True, slots=True)
class App:
    """The app that is registered here. `jwks` or `jwks_url` for asymmetric, `secret` for symmetric."""

    client_id: str
    kind: Literal["public", "asymmetric", "symmetric"]
    launch_url: str
    redirect_uris: tuple[str, ...]
    secret: str = ""
    jwks: str = ""
    jwks_url: str = ""

    @property
    def origins(self) -> str:
        """Where forms and frames of ours may lead, as a Content-Security-Policy writes it."""
        found = {origin_of(address) for address in (self.launch_url, *self.redirect_uris)}
        return " ".join(sorted(found))


@dataclass(slots=True)
class Smart:
    """`origin` is http://host:port; `on` the names of the switches that are turned on."""

    origin: str
    app: App | None
    records: Records
    signer: Signer
    now: Now
    on: set[str] = field(default_factory=set)
    grants: Grants = field(default_factory=Grants)

    @property
    def base(self) -> str:
        return f"{self.origin}/fhir"

    @property
    def issuer(self) -> str:
        if "other-host" not in self.on:
            return self.origin + OAUTH
        return f"http://localhost:{urlsplit(self.origin).port}{ELSEWHERE}"

    @property
    def origins(self) -> str:
        """Of this EHR, as a Content-Security-Policy writes them."""
        return f"{self.origin} http://localhost:{urlsplit(self.origin).port}"

    def turn_on(self, names: Collection[str]) -> None:
        """These and no others."""
        self.on = set(names)

    def access(self, token: str) -> Access | None:
        """What a good access token stands for."""
        found = self.grants.access.get(token)
        if found is None or found.grant.dead or found.until <= self.now() or "token-refused" in self.on:
            return None
        return found


def origin_of(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"
