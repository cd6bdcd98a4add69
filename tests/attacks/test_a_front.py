"""Section A, before anything is read: headers sent twice, hosts that are not ours, addresses that somebody claims."""

import httpx
import pytest

from tests.attacks.attack import Attack, carry_out, gets, posts, told_apart
from tests.attacks.raw import raw
from tests.attacks.scene import Scene
from tests.world import FHIR_JSON

BODY = b'{"resourceType":"Patient"}'
JSON = ("Content-Type", FHIR_JSON)
FORM = ("Content-Type", "application/x-www-form-urlencoded")
EVIL = "evil.example"
TWICE = (("Authorization", "{token}"), JSON, ("Host", "{host}"))


async def links_are_ours(scene: Scene, answer: httpx.Response) -> None:
    written = answer.text + str(answer.headers)
    assert EVIL not in written
    assert scene.town.world.address in written


ATTACKS = (
    *(
        Attack(
            "A46",
            f"{name} twice",
            raw("POST", "/fhir/Patient", BODY, headers=(JSON, (name, value))),
            400,
            "invalid",
        )
        for name, value in (*TWICE, ("Content-Type", "text/plain"), ("Host", EVIL), ("Authorization", "Bearer x"))
    ),
    *(
        Attack(
            "A46",
            f"{name} twice",
            raw("POST", "/fhir/Patient", BODY, headers=(JSON, *((name, value),) * 2)),
            400,
            "invalid",
        )
        for name, value in (("If-Match", 'W/"1"'), ("If-None-Exist", "identifier=a|b"), ("Idempotency-Key", "k"))
    ),
    Attack("A46", "two hosts without a token", raw("GET", "/fhir/metadata", headers=TWICE[2:]), 400, "invalid"),
    *(
        Attack("A47", f"{host} at {address}", raw("GET", f"/fhir/{address}", host=host), 400, "invalid")
        for host in (EVIL, f"{EVIL}:80", f"127.0.0.1.{EVIL}", f"127.0.0.1@{EVIL}", "", None)
        for address in ("metadata", "Patient/{mine}", "Patient")
    ),
    *(
        Attack("A47", f"in {name}", posts(BODY, **{name: EVIL}), 201, after=links_are_ours)
        for name in ("X_Forwarded_Host", "X_Host", "Forwarded")
    ),
    Attack("A47", "in X-Forwarded-Host of a search", gets("Patient", X_Forwarded_Host=EVIL), 200, after=links_are_ours),
)


@told_apart(ATTACKS)
async def test_a_request_is_for_us_and_says_it_once(scene: Scene, attack: Attack) -> None:
    await carry_out(scene, attack)


@pytest.mark.parametrize("address", ["/", "/sign-in", "/oauth/token", "/static/baton.css", "/.well-known/jwks.json"])
async def test_a47_no_other_host_is_answered_anywhere(scene: Scene, address: str) -> None:
    for host in (EVIL, None):
        answer = await raw("GET", address, host=host)(scene)
        assert answer.status_code == 400
        assert EVIL not in answer.text


@pytest.mark.parametrize("repeated", [FORM, ("Host", "{host}"), ("Authorization", "Basic eDp5")])
async def test_a46_headers_that_count_come_once_at_the_token_endpoint_too(
    scene: Scene, repeated: tuple[str, str]
) -> None:
    twice = raw("POST", "/oauth/token", b"grant_type=x", headers=(FORM, repeated, repeated), token="")
    assert (await twice(scene)).status_code == 400


@pytest.mark.parametrize("address", ["/live", "/ready"])
async def test_who_watches_the_process_asks_by_any_name(scene: Scene, address: str) -> None:
    for host in (EVIL, "10.1.2.3:8000", None):
        assert (await raw("GET", address, host=host)(scene)).status_code == 200


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost:1", "LOCALHOST", "[::1]:8000", "192.168.7.7:8000"])
async def test_in_development_this_machine_has_many_names(scene: Scene, host: str) -> None:
    assert (await raw("GET", "/fhir/metadata", host=host)(scene)).status_code == 200


async def test_a48_a_claimed_address_is_not_who_asks(scene: Scene) -> None:
    """Sixty tries a minute for one client from one address: 125 under as many claimed addresses are still too many."""
    statuses = set()
    async with httpx.AsyncClient(base_url=scene.town.world.address) as nobody:
        for number in range(125):
            claimed = {"X-Forwarded-For": f"198.51.100.{number}", "X-Real-IP": f"198.51.100.{number}"}
            form = {"grant_type": "client_credentials", "client_id": "guesser"}
            answer = await nobody.post("/oauth/token", data=form, headers=claimed)
            assert "198.51.100" not in answer.text
            statuses.add(answer.status_code)
    assert 429 in statuses
