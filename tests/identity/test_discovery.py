"""SMART discovery says what is offered and nothing else (SM-01 to SM-09)."""

import pytest

from app.services.identity.register_client import Registration, register_client
from tests.identity.conftest import FOOD_BANK, MakeWorker, Worker
from tests.identity.signing import our_jwks
from tests.identity.test_token_endpoint import ask

pytestmark = pytest.mark.anyio

ADDRESS = "/fhir/.well-known/smart-configuration"


@pytest.mark.parametrize("accept", ["", "text/html", "application/fhir+xml", "*/*"])
async def test_anybody_reads_json_from_any_page_whatever_they_accept(worker: Worker, accept: str) -> None:
    response = await worker.http.get(ADDRESS, headers={"accept": accept, "origin": "https://page.example"})
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("application/json")
    assert response.headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-credentials" not in response.headers


async def test_the_document_offers_backend_services_and_no_more(worker: Worker) -> None:
    assert (await worker.http.get(ADDRESS)).json() == {
        "token_endpoint": "http://127.0.0.1:8000/oauth/token",
        "grant_types_supported": ["client_credentials"],
        "token_endpoint_auth_methods_supported": ["private_key_jwt"],
        "token_endpoint_auth_signing_alg_values_supported": ["RS384", "ES384"],
        "scopes_supported": [
            "system/*.rs",
            "system/*.crus",
            "system/Organization.crus",
            "system/Patient.crus",
            "system/Task.crus",
        ],
        "code_challenge_methods_supported": ["S256"],
        "capabilities": ["client-confidential-asymmetric", "permission-v1", "permission-v2"],
    }


async def test_every_scope_that_it_names_is_granted_to_a_client_registered_for_it(worker: Worker) -> None:
    for scope in (await worker.http.get(ADDRESS)).json()["scopes_supported"]:
        client = await register_client(worker.network, Registration("EHR", (FOOD_BANK,), scope, jwks=our_jwks()))
        assert (await ask(worker, client, scope=scope)).json()["scope"] == scope


async def test_a_forged_host_changes_no_address(make_worker: MakeWorker) -> None:
    worker = await make_worker(public_url="https://baton.example", env="production")
    forged = {"host": "evil.example", "x-forwarded-host": "evil.example", "x-forwarded-proto": "http"}
    response = await worker.http.get(ADDRESS, headers=forged)
    assert response.json()["token_endpoint"] == "https://baton.example/oauth/token"
    assert "evil" not in response.text


async def test_it_is_read_and_not_written(worker: Worker) -> None:
    assert (await worker.http.post(ADDRESS)).status_code == 405
    preflight = await worker.http.options(ADDRESS, headers={"origin": "https://page.example"})
    assert preflight.status_code == 204
    assert preflight.headers["access-control-allow-origin"] == "*"
