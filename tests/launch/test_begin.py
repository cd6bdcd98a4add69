"""An EHR opens Baton: which launches begin, and what the browser takes to the EHR's sign-in."""

import re
from urllib.parse import urlsplit

import pytest

from app.services.directory.register_ehr import Ehr, register_ehr
from tests.launch.door import Door, parameters, rule_of
from tests.launch.ehr import Tree, fake_ehr
from tests.pages.browsing import Forms

MARKUP = "<script>alert(1)</script>"


async def refused(door: Door, rule: str, status: int = 400, **asked: str | None) -> None:
    answer = await door.doctor.begin(**asked)
    assert (answer.status_code, rule_of(answer)) == (status, rule), answer.text
    assert "location" not in answer.headers
    assert MARKUP not in answer.text


async def test_the_browser_goes_to_the_ehrs_sign_in_with_everything_that_protects_the_launch(door: Door) -> None:
    """APP-04"""
    answer = await door.doctor.begin(launch="handle-7")
    there, asked = urlsplit(answer.headers["location"]), parameters(answer.headers["location"])
    assert f"{there.scheme}://{there.netloc}{there.path}" == f"{door.ehr.address}/authorize"
    (row,) = await door.town.world.rows("SELECT id FROM connection")
    assert asked["redirect_uri"] == f"{door.town.world.address}/launch/callback/{row['id']}"
    assert (asked["response_type"], asked["client_id"], asked["aud"]) == ("code", "baton", door.ehr.base)
    assert (asked["launch"], asked["code_challenge_method"]) == ("handle-7", "S256")
    assert min(len(asked["state"]), len(asked["nonce"]), len(asked["code_challenge"])) >= 43
    assert {"launch", "openid", "fhirUser", "patient/Patient.rs", "patient/Condition.rs"} <= set(asked["scope"].split())


async def test_a_long_request_is_posted_where_the_ehr_takes_that(door: Door) -> None:
    """APP-04"""
    long = "x" * 3000
    assert (await door.doctor.begin(launch=long)).status_code == 302
    door.ehr.discovery = lambda tree: tree | {"capabilities": [*tree["capabilities"], "authorize-post"]}
    door.town.world.network.discoveries.forget()
    assert (await door.doctor.begin()).status_code == 302
    answer = await door.doctor.begin(launch=long)
    (form,) = Forms(answer.text).forms
    assert (answer.status_code, form.method, form.action) == (200, "post", f"{door.ehr.address}/authorize")
    assert (form.fields["launch"], form.fields["aud"]) == (long, door.ehr.base)
    assert f"form-action 'self' {door.ehr.address};" in answer.headers["content-security-policy"]
    there = await door.doctor.http.post(form.action, data=form.fields)
    assert (await door.doctor.back(there.headers["location"])).status_code == 303


async def test_two_launches_have_nothing_secret_in_common(door: Door) -> None:
    first, second = [parameters((await door.doctor.begin()).headers["location"]) for _ in range(2)]
    assert not {first[name] for name in ("state", "nonce", "code_challenge")} & set(second.values())


async def test_an_ehr_of_version_1_is_asked_in_its_words(door: Door) -> None:
    def older(tree: Tree) -> Tree:
        return tree | {"capabilities": ["launch-ehr", "permission-patient"]}

    door.ehr.discovery = older
    asked = parameters((await door.doctor.begin()).headers["location"])
    assert "patient/Patient.read" in asked["scope"].split()
    assert not re.search(r"\.[crus]+\b", asked["scope"])


async def test_an_ehr_is_asked_for_nothing_that_it_does_not_list(door: Door) -> None:
    """Some refuse the whole request because of one scope."""
    listed = ["openid", "fhirUser", "launch", "patient/Patient.rs", "patient/Observation.rs"]
    door.ehr.discovery = lambda tree: tree | {"scopes_supported": listed}
    asked = parameters((await door.doctor.begin()).headers["location"])
    assert set(asked["scope"].split()) == set(listed)


async def test_a_slash_more_than_was_registered_is_refused_and_the_ehrs_engineers_read_why(door: Door) -> None:
    """APP-01: nothing is put right."""
    await refused(door, "launch-iss-unknown", iss=f"{door.ehr.base}/")
    assert "It is registered without the slash at its end" in door.doctor.page.text
    assert door.ehr.requests == []
    for other in (f"{door.ehr.base}//", f"{door.ehr.base}x/", door.ehr.base.upper()):
        await refused(door, "launch-iss-unknown", iss=other)
        assert "slash" not in door.doctor.page.text


async def test_an_ehr_that_nobody_registered_is_refused_without_a_call(door: Door) -> None:
    """E01, APP-01"""
    async with fake_ehr() as stranger:
        await refused(door, "launch-iss-unknown", iss=stranger.base)
        assert stranger.requests == []
    assert (await door.audited())[-1] == ("launch-iss-unknown", None)


async def test_an_ehr_that_is_known_by_its_references_only_may_not_launch(door: Door) -> None:
    async with fake_ehr() as other:
        await register_ehr(door.town.world.network, Ehr("Other", other.base, door.town.clinic))
        await refused(door, "launch-iss-unknown", iss=other.base)
        assert other.requests == []


ALMOST = (
    "{base}/", "{base}?x=1", "{base}#x", "{base}/../fhir", "{BASE}", " {base}", "{base}\n", "{address}", "{address}/FHIR",
    "https://{host}/fhir", "http://{host}@127.0.0.2/fhir", "http://u:p@{host}/fhir", "http://{host}.:80/fhir",
    "http://localhost:{port}/fhir", "http://2130706433:{port}/fhir", "http://[::ffff:127.0.0.1]:{port}/fhir",
    "http://{host}.evil.example/fhir", "http://еhr.example/fhir", "javascript:alert(1)", "{long}", "\x00", "%00",
)  # fmt: skip


async def test_an_iss_that_is_almost_right_is_refused_without_a_call(door: Door) -> None:
    """E02: compared to the letter, never put right."""
    host = urlsplit(door.ehr.base).netloc
    words = {
        "base": door.ehr.base,
        "BASE": door.ehr.base.upper(),
        "address": door.ehr.address,
        "host": host,
        "port": host.split(":")[1],
        "long": door.ehr.base + "/x" * 10_000,
    }
    for almost in ALMOST:
        await refused(door, "launch-iss-unknown", iss=almost.format(**words))
    assert door.ehr.requests == []


async def test_a_launch_without_a_usable_handle_is_refused_without_a_call(door: Door) -> None:
    """E03, E04"""
    for nothing in (None, ""):
        await refused(door, "launch-missing", launch=nothing)
    for handle in (MARKUP, "x" * 4097, "a b", "a\nb", "ä", '"'):
        await refused(door, "launch-malformed", launch=handle)
    assert door.ehr.requests == []


async def test_a_handle_of_a_hundred_kilobytes_is_refused(door: Door) -> None:
    """E03"""
    answer = await door.doctor.begin(launch="x" * 50_000)
    assert answer.status_code == 400
    assert door.ehr.requests == []


@pytest.mark.parametrize("query", ["", "iss={iss}&iss={iss}&launch=a", "iss={iss}&launch=a&launch=b"])
async def test_an_address_that_is_incomplete_or_says_two_things_is_refused(door: Door, query: str) -> None:
    answer = await door.doctor.open("/launch?" + query.format(iss=door.ehr.base))
    assert (answer.status_code, rule_of(answer)) == (400, "launch-parameters")
    assert (await door.audited())[-1] == ("launch-parameters", None)
    assert door.ehr.requests == []


async def test_looking_without_opening_begins_nothing(door: Door) -> None:
    answer = await door.doctor.http.head("/launch", params={"iss": door.ehr.base, "launch": "a"})
    assert answer.status_code == 405
    assert door.ehr.requests == []


@pytest.mark.parametrize(
    ("changed", "rule"),
    [
        ({"code_challenge_methods_supported": ["plain"]}, "launch-ehr-not-offered"),
        ({"code_challenge_methods_supported": None}, "launch-ehr-not-offered"),
        ({"authorization_endpoint": "https://elsewhere.example/authorize"}, "launch-ehr-address"),
        ({"token_endpoint": "https://elsewhere.example/token"}, "launch-ehr-address"),
        ({"token_endpoint": "http://169.254.169.254/latest"}, "launch-ehr-address"),
    ],
)
async def test_an_ehr_that_offers_no_safe_way_is_refused(door: Door, changed: Tree, rule: str) -> None:
    """APP-02: PKCE by S256, and hosts that the operator has registered."""
    door.ehr.discovery = lambda tree: {k: v for k, v in (tree | changed).items() if v is not None}
    answer = await door.doctor.begin()
    assert (answer.status_code, rule_of(answer)) == (502, rule)
    assert "elsewhere.example" not in answer.text
    assert (await door.audited())[-1][0] == rule


async def test_an_ehr_that_is_away_is_said_to_be_away(door: Door) -> None:
    async with fake_ehr() as gone:
        await register_ehr(door.town.world.network, Ehr("Gone EHR", gone.base, door.town.clinic, "baton"))
    answer = await door.doctor.begin(iss=gone.base)
    assert (answer.status_code, rule_of(answer)) == (503, "launch-ehr-away")
    assert "Gone EHR" in answer.text
