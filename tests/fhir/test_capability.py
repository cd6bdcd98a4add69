"""What the server says of itself is what the registry holds; the file is the wire."""

from __future__ import annotations

import os
from pathlib import Path

import orjson

from app.fhir.capability import Offered, capability_statement
from app.fhir.json import JsonObject
from app.fhir.registry import Registry
from app.fhir.structure import check
from app.services import operations
from tests.fhir import reference

GOLDEN = Path(__file__).parent / "golden" / "capability-statement.json"
BASE = "https://network.example/fhir"
OPERATIONS = [
    Offered(each.name, each.definition_url, each.levels, each.types, each.never) for each in operations.OPERATIONS
]


def statement(**more: dict[str, str]) -> JsonObject:
    return capability_statement(
        Registry.load(),
        base=BASE,
        software_version="0.1.0",
        custodian="Organization/network",
        oauth_token_url="https://network.example/oauth/token",
        date="2026-11-22",
        operations=OPERATIONS,
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
        assert resource.get("searchRevInclude", []) == list(served.revincludes)
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


def test_scripts_of_other_origins_are_not_promised_an_answer() -> None:
    """Until WEB-16 is built."""
    assert statement()["rest"][0]["security"]["cors"] is False


def test_whoever_may_not_write_is_told_so() -> None:
    resources = {resource["type"]: resource for resource in statement()["rest"][0]["resource"]}
    assert resources["Task"]["versioning"] == "versioned-update"
    assert resources["Task"]["conditionalDelete"] == "single"
    assert resources["Provenance"]["versioning"] == "versioned"
    assert not resources["Provenance"]["conditionalUpdate"]
    assert resources["AuditEvent"]["versioning"] == "no-version"
    assert resources["AuditEvent"]["conditionalRead"] == "not-supported"


def test_what_comes_with_a_later_release_is_not_promised() -> None:
    assert "Subscription" not in {resource["type"] for resource in statement()["rest"][0]["resource"]}


def test_an_operation_is_named_where_it_can_be_called() -> None:
    rest = statement()["rest"][0]
    named = {
        resource["type"]: {each["name"] for each in resource.get("operation", ())} for resource in rest["resource"]
    }
    assert "everything" in named["Patient"]
    assert "everything" not in named["Task"]
    assert {"meta", "validate"} <= named["Task"]
    for computed in ("ValueSet", "CodeSystem", "AuditEvent"):
        assert "meta" in named[computed]
        assert "validate" not in named[computed]
    assert {each["name"] for each in rest["operation"]} == {"meta"}


def test_the_platform_of_the_guide_is_fulfilled() -> None:
    """Every type, interaction and parameter of its server side, but for Subscription, which a later release brings."""
    offered = {resource["type"]: resource for resource in statement()["rest"][0]["resource"]}
    ((_, body),) = reference.resources(reference.GUIDE, "CapabilityStatement-SDOHCC-CoordinationPlatform")
    for rest in orjson.loads(body)["rest"]:
        for wanted in rest["resource"]:
            if wanted["type"] != "Subscription":
                ours = offered[wanted["type"]]
                for what in ("interaction", "searchParam"):
                    key = "code" if what == "interaction" else "name"
                    assert {each[key] for each in wanted.get(what, ())} <= {each[key] for each in ours[what]}
                profiles = {each.split("|")[0] for each in wanted.get("supportedProfile", ())}
                assert profiles <= {each.split("|")[0] for each in (ours["profile"], *ours["supportedProfile"])}
