"""Clients in JavaScript; what each does stands in `node/`, one file for each."""

import json
import os
import subprocess

import pytest

from tests.clients.conftest import PLACES, Registered
from tests.parts import NODE_CLIENTS

WITHIN_S = 90


@pytest.mark.needs("node-clients")
@pytest.mark.parametrize("client", ["fhir-kit-client", "fhirclient"])
def test_a_client_in_javascript_works(registered: Registered, client: str) -> None:
    told = {
        "base": registered.base,
        "token": registered.token,
        "name": registered.name,
        "places": PLACES,
        "patient": registered.patient,
        "task": registered.task,
    }
    done = subprocess.run(
        ("node", "--test", "--test-reporter=spec", f"{client}.mjs"),
        cwd=NODE_CLIENTS,
        env={**os.environ, "BATON_TOLD": json.dumps(told)},
        capture_output=True,
        text=True,
        timeout=WITHIN_S,
    )
    assert done.returncode == 0, done.stdout
    assert "\nℹ fail 0\n" in done.stdout
    assert "\nℹ pass 0\n" not in done.stdout
