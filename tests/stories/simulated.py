"""A simulated EHR of one story: `baton simulate ehr` as a process of its own, registered with `baton ehr add`."""

import html
import json
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal

import httpx
from joserfc.jwk import ECKey

from tests.parts import ROOT
from tests.stories.commands import BATON
from tests.stories.server import STOPPED_WITHIN_S, plain_environment
from tests.stories.town import Town
from tests.stories.waiting import eventually

Kind = Literal["public", "asymmetric", "symmetric"]
LISTED = re.compile(r'<a href="/launch\?patient=(\d+)">([^<]+)</a>')


@dataclass
class SimulatedEhr:
    """`address` without a path. `taken`: ids and names of patients that belong to some test already."""

    address: str
    clinic: str
    http: httpx.Client
    taken: set[str] = field(default_factory=set)

    @property
    def base(self) -> str:
        return f"{self.address}/fhir"

    def patient(self) -> tuple[str, str]:
        """(id, name) of a patient that no test has used yet, nor another one of that name."""
        listed = LISTED.findall(self.http.get("/launch").text)
        key, name = next((key, name) for key, name in listed if self.taken.isdisjoint((key, name)))
        self.taken |= {key, name}
        return key, html.unescape(name)

    def behave(self, *switches: str) -> None:
        """Like this and not otherwise, from now on."""
        assert self.http.post("/switches", data={"switch": list(switches)}).status_code == 303

    def chart(self, patient: str) -> str:
        """What the EHR's own users read in that chart."""
        return html.unescape(self.http.get(f"/chart/{patient}").text)


@contextmanager
def simulated_ehr(place: Town, kind: Kind = "public", *switches: str) -> Iterator[SimulatedEhr]:
    """An EHR of the clinic's, which Baton can be launched from."""
    draw, server = place.draw, place.server
    port, client_id = draw.port(), draw.word(12)
    address = f"http://127.0.0.1:{port}"
    ours, theirs = _sign_in(place, kind)
    said = server.command(
        *("ehr", "add", f"EHR of {place.clinic.name}", "--fhir-base", f"{address}/fhir"),
        *("--organization", place.clinic.place, "--client-id", client_id, "--endpoint-host", f"localhost:{port}"),
        *ours,
    )
    redirect_uri = said.splitlines()[-1]
    command = (
        *(*BATON, "simulate", "ehr", "--port", str(port), "--name", place.clinic.name, "--interval", "0"),
        *("--smart-client-id", client_id, "--smart-redirect-uri", redirect_uri),
        *("--smart-launch-url", f"{server.address}/launch", *theirs),
        *(word for name in switches for word in ("--switch", name)),
    )
    environment = plain_environment() | {
        "DATA_DIR": str(server.data_dir.parent / client_id),
        "BATON_ENV": "development",
    }
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL)
    try:
        with httpx.Client(base_url=address, timeout=30) as http:
            eventually(lambda: _there(http), "the simulated EHR is there")
            yield SimulatedEhr(address, place.clinic.name, http)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(STOPPED_WITHIN_S)


def _sign_in(place: Town, kind: Kind) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The options that say how Baton signs in there: for Baton, for the EHR."""
    folder = place.server.data_dir.parent
    if kind == "symmetric":
        secret = folder / "secret.txt"
        secret.touch(mode=0o600)
        secret.write_text(place.draw.word(40))
        return ("--secret-file", str(secret)), ("--smart-secret-file", str(secret))
    if kind == "asymmetric":
        key, public = folder / "launch.pem", folder / "launch.jwks.json"
        key.touch(mode=0o600)
        made = ECKey.generate_key("P-384")
        key.write_bytes(made.as_pem(private=True))
        public.write_text(json.dumps({"keys": [made.as_dict(private=False) | {"kid": made.thumbprint()}]}))
        return ("--key-file", str(key)), ("--smart-jwks-file", str(public))
    return (), ()


def _there(http: httpx.Client) -> bool:
    try:
        return http.get("/launch").status_code == 200
    except httpx.TransportError:
        time.sleep(0.1)
        return False
