"""What the server says of itself is what the registry holds; the file is the wire."""

from __future__ import annotations

import os
from pathlib import Path

import orjson

from app.fhir.capability import capability_statement
from app.fhir.json import JsonObject
from app.fhir.registry import Registry
from app.fhir.structure import check

GOLDEN = Path(__file__).parent / "golden" / "capability-statement.json"
BASE = "https://network.example/fhir"


def statement(**more: dict[str, str]) -> JsonObject:
    return capability_statement(
        Registry.load(),
        base=BASE,
        software_version="0.1.0",
        custodian="Organization/network",
        oauth_token_url="https://network.example/oauth/token",
        date="2026-11-22",
        **more,
    )


def test_the_statement_is_the_golden_one() -> None:
    written = orjson.dumps(statement(), option=orjson.OPT_INDENT_2) + b"\n"
    if os.environ.get("UPDATE_GOLDEN"):
        GOLDEN.parent.mkdir(exist_ok=True)
        GOLDEN.write_bytes(written)
    assert written == GOLDEN.read_bytes()


def test_the_statement_is_good_fhir() -> None:
    assert check("CapabilityStatement", statement()) == []


def test_it_promises_what_the_registry_holds() -> None:
    registry = Registry.load()
    rest = statement()["rest"][0]
    assert [resource["type"] for resource in rest["resource"]] == sorted(registry.types)
    for resource in rest["resource"]:
        served = registry.types[resource["type"]]
        names = {parameter["name"] for parameter in resource["searchParam"]}
        assert names == {"_id", "_lastUpdated", *served.parameters}
        assert resource.get("searchInclude", []) == [f"{served.name}:{code}" for code in served.includes]
        assert [interaction["code"] for interaction in resource["interaction"]] == list(served.interactions)


def test_the_network_is_its_custodian() -> None:
    assert statement()["implementation"]["custodian"] == {"reference": "Organization/network"}


def test_oauth_addresses_are_given_once_there_is_an_authorize_address() -> None:
    security = statement(oauth_urls={"authorize": "https://network.example/oauth/authorize"})["rest"][0]["security"]
    (extension,) = security["extension"]
    assert {part["url"]: part["valueUri"] for part in extension["extension"]} == {
        "token": "https://network.example/oauth/token",
        "authorize": "https://network.example/oauth/authorize",
    }
    assert "extension" not in statement()["rest"][0]["security"]
