"""Where an EHR signs people in: found in its smart-configuration, else its CapabilityStatement; only at known hosts."""

from typing import Any

import pytest

from app.gateways.ehr.smart import Discovery, EhrTrouble, discover
from app.gateways.outbound.client import Outbound
from tests.gateways.ehrs import Ehr
from tests.gateways.servers import answer

SMART = "GET /fhir/.well-known/smart-configuration"
OPENID = "GET /fhir/.well-known/openid-configuration"
EXTENSIONS = "http://fhir-registry.smarthealthit.org/StructureDefinition"


def statement(here: str) -> dict[str, Any]:
    uris = [{"url": "authorize", "valueUri": f"{here}/a"}, {"url": "token", "valueUri": f"{here}/t"}, {"url": 7}]
    extension = [
        {"url": f"{EXTENSIONS}/oauth-uris", "extension": uris},
        {"url": f"{EXTENSIONS}/capabilities", "valueCode": "launch-ehr"},
    ]
    return {"resourceType": "CapabilityStatement", "rest": ["nonsense", {"mode": "server", "security": {"extension": extension}}]}  # fmt: skip


async def trouble(outbound: Outbound, ehr: Ehr) -> str:
    with pytest.raises(EhrTrouble) as found:
        await discover(outbound, ehr.registration())
    return found.value.kind


async def test_the_smart_configuration_says_it_all(outbound: Outbound, ehr: Ehr) -> None:
    ehr.answers[SMART] = ehr.configuration(authorization_response_iss_parameter_supported=True, unknown={"x": [1]})
    found = await discover(outbound, ehr.registration())
    here = ehr.server.here
    assert (found.issuer, found.token_endpoint, found.jwks_uri) == (here, f"{here}/token", f"{here}/jwks")
    assert found.s256
    assert found.iss_in_callback
    assert "permission-v2" in found.capabilities
    assert len(ehr.server.seen) == 1
    assert Discovery.from_json(found.to_json()) == found


@pytest.mark.parametrize(
    "missing", [None, answer(b"<html>", kind="text/html"), answer(b"", status=302, Location="/"), answer(b"[]"), {}]
)
async def test_without_one_the_capability_statement_does(outbound: Outbound, ehr: Ehr, missing: Any) -> None:
    here = ehr.server.here
    ehr.answers |= {SMART: missing, "GET /fhir/metadata": statement(here)}
    ehr.answers[OPENID] = {"issuer": f"{here}/issuer", "jwks_uri": f"{here}/keys"}
    found = await discover(outbound, ehr.registration())
    assert (found.authorization_endpoint, found.token_endpoint) == (f"{here}/a", f"{here}/t")
    assert (found.issuer, found.jwks_uri, found.capabilities) == (f"{here}/issuer", f"{here}/keys", {"launch-ehr"})
    assert not found.s256


async def test_an_ehr_without_openid_can_still_be_signed_in_at(outbound: Outbound, ehr: Ehr) -> None:
    ehr.answers["GET /fhir/metadata"] = statement(ehr.server.here)
    found = await discover(outbound, ehr.registration())
    assert (found.issuer, found.jwks_uri) == ("", None)


async def test_an_openid_document_of_another_issuer_is_nobodys(outbound: Outbound, ehr: Ehr) -> None:
    ehr.answers[SMART] = ehr.configuration(jwks_uri=None)
    ehr.answers["GET /.well-known/openid-configuration"] = {
        "issuer": "https://evil.example",
        "jwks_uri": f"{ehr.server.here}/evil",
    }
    assert (await discover(outbound, ehr.registration())).jwks_uri is None


@pytest.mark.parametrize("methods", [None, [], ["plain"], "S256", [["S256"]]])
async def test_without_s256_there_is_no_sign_in(outbound: Outbound, ehr: Ehr, methods: Any) -> None:
    ehr.answers[SMART] = ehr.configuration(code_challenge_methods_supported=methods)
    assert await trouble(outbound, ehr) == "not-offered"


@pytest.mark.parametrize("name", ["authorization_endpoint", "token_endpoint", "jwks_uri"])
@pytest.mark.parametrize(
    "url", ["https://evil.example/x", "http://127.0.0.1:1/x", "http://169.254.169.254/x", "javascript:alert(1)"]
)
async def test_an_address_at_an_unregistered_host_is_refused(outbound: Outbound, ehr: Ehr, name: str, url: str) -> None:
    ehr.answers[SMART] = ehr.configuration(**{name: url})
    assert await trouble(outbound, ehr) == "address"
    assert {seen.path for seen in ehr.server.seen} == {"/fhir/.well-known/smart-configuration"}


@pytest.mark.parametrize(
    ("raw", "kind"),
    [(answer(b"", status=500), "away"), (answer(b"", status=429), "away"), (answer(b"x" * 6_000_000), "too-large")],
)
async def test_an_ehr_in_trouble_is_not_asked_elsewhere(outbound: Outbound, ehr: Ehr, raw: bytes, kind: str) -> None:
    ehr.answers[SMART] = raw
    assert await trouble(outbound, ehr) == kind


async def test_an_ehr_that_says_nothing_offers_no_sign_in(outbound: Outbound, ehr: Ehr) -> None:
    assert await trouble(outbound, ehr) == "not-offered"
    ehr.answers[SMART] = ehr.configuration(authorization_endpoint=["x"])
    assert await trouble(outbound, ehr) == "not-offered"
