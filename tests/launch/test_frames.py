"""Baton inside the EHR's page: who may frame it, and what happens where the browser keeps no cookies there."""

from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from app.services.directory.register_ehr import Ehr, register_ehr
from app.settings import Settings
from app.web.pages import cookies
from tests.launch.door import Door, rule_of
from tests.launch.ehr import fake_ehr
from tests.pages.browsing import Forms

FRAMED = {"sec-fetch-dest": "iframe", "sec-fetch-site": "cross-site"}


def ancestors(answer: httpx.Response) -> str:
    policy = answer.headers["content-security-policy"]
    return next(part for part in policy.split("; ") if part.startswith("frame-ancestors"))


async def test_the_launching_ehr_may_frame_its_pages_and_nobody_else(door: Door) -> None:
    """WEB-02, G13"""
    only = f"frame-ancestors 'self' {door.ehr.address}"
    here = await door.doctor.launched()
    assert ancestors(await door.doctor.open(here)) == only
    assert ancestors(await door.doctor.open(f"{here}/nothing")) == "frame-ancestors 'none'"
    assert ancestors(await door.doctor.http.post(f"{here}/sign-out", data={})) == only
    assert ancestors(await door.doctor.begin(launch="")) == only
    assert ancestors(await door.doctor.begin(iss="https://evil.example")) == "frame-ancestors 'none'"
    for page in ("/sign-in", "/inbox", "/ops", "/", "/fhir/metadata"):
        answer = await door.doctor.open(page)
        assert door.ehr.address not in answer.headers.get("content-security-policy", "")


async def test_a_launch_that_has_ended_may_still_say_so_in_its_frame(door: Door) -> None:
    here = await door.doctor.launched()
    await door.town.world.network.store.pool.execute("UPDATE launch_session SET expires_at = now()")
    answer = await door.doctor.open(here)
    assert (answer.status_code, ancestors(answer)) == (401, f"frame-ancestors 'self' {door.ehr.address}")


async def test_the_hosts_of_its_sign_in_may_frame_the_pages_too(door: Door) -> None:
    async with fake_ehr() as other:
        hosts = ("localhost:7999",)
        wanted = Ehr("Other", other.base, door.town.clinic, "baton", endpoint_hosts=hosts)
        await register_ehr(door.town.world.network, wanted)
        answer = await door.doctor.begin(iss=other.base, launch="")
        assert ancestors(answer) == f"frame-ancestors 'self' {other.address} http://localhost:7999"


async def test_in_a_frame_the_cookie_is_tried_before_the_launch_is_used_up(door: Door) -> None:
    """WEB-07"""
    doctor = door.doctor
    first = await doctor.open(f"/launch?iss={door.ehr.base}&launch=h", **FRAMED)
    assert (first.status_code, door.ehr.requests) == (303, [])
    second = await doctor.open(first.headers["location"], **FRAMED)
    assert second.headers["location"].startswith(f"{door.ehr.address}/authorize")
    assert (await doctor.back(await doctor.at_the_ehr())).status_code == 303


async def test_where_the_browser_keeps_no_cookie_a_window_of_its_own_is_offered_with_the_same_launch(
    door: Door,
) -> None:
    """WEB-07, APP-15: at most one more try, and the launch is still good."""
    blocked = door.browser()
    first = await blocked.open(f"/launch?iss={door.ehr.base}&launch=h", **FRAMED)
    blocked.http.cookies.clear()
    answer = await blocked.open(first.headers["location"], **FRAMED)
    assert (answer.status_code, rule_of(answer), door.ehr.requests) == (400, "launch-cookies", [])
    assert (await door.audited())[-1] == ("launch-cookies", None)
    link = answer.text.split('target="_blank"')[0].rsplit('href="', 1)[1].split('"')[0].replace("&amp;", "&")
    door.doctor.page = await door.doctor.open(link)
    assert (await door.doctor.back(await door.doctor.at_the_ehr())).status_code == 303


async def test_an_unknown_ehr_in_a_frame_is_told_so_at_once(door: Door) -> None:
    answer = await door.doctor.open("/launch?iss=https://evil.example&launch=h", **FRAMED)
    assert (answer.status_code, rule_of(answer)) == (400, "launch-iss-unknown")
    assert (await door.audited())[-1] == ("launch-iss-unknown", None)


async def test_a_form_in_a_frame_is_taken_from_our_own_page(door: Door) -> None:
    here = await door.doctor.launched()
    await door.doctor.open(here, **FRAMED)
    form = next(form for form in Forms(door.doctor.page.text).forms if "Sign out" in form.buttons)
    answer = await door.doctor.http.post(
        form.action, data=form.fields, headers={"sec-fetch-dest": "iframe", "origin": door.town.world.address}
    )
    assert answer.status_code == 200


@pytest.mark.parametrize("name", [cookies.LAUNCH, cookies.LAUNCH_BROWSER])
def test_in_production_a_launchs_cookies_go_into_frames_each_in_its_own_jar(tmp_path: Path, name: str) -> None:
    """WEB-05, WEB-06"""
    given, taken = _set_cookies(tmp_path, name)
    assert given.startswith(f"__Host-{name}=secret; ")
    for line in (given, taken):
        flags = {flag.strip().lower() for flag in line.split(";")[1:]}
        assert {"httponly", "secure", "samesite=none", "partitioned", "path=/"} <= flags
        assert not [flag for flag in flags if flag.startswith("domain")]
    assert "max-age=0" in taken.lower()
    assert "max-age" not in given.lower()


def test_the_cookie_of_the_other_pages_never_goes_into_a_frame(tmp_path: Path) -> None:
    given, _ = _set_cookies(tmp_path, cookies.SESSION)
    assert "samesite=lax" in given.lower()
    assert "Partitioned" not in given


def _set_cookies(folder: Path, name: str) -> tuple[str, str]:
    """The lines that give this cookie and take it, in production."""

    async def both(request: Request) -> Response:
        answer = PlainTextResponse("")
        cookies.give(request, answer, name, "secret")
        cookies.take(request, answer, name)
        return answer

    app = Starlette(routes=[Route("/", both)])
    key = b"0123456789abcdefghijklmnopqrstuv"
    settings = Settings(env="production", data_dir=folder, public_url="https://baton.example", secret_key=key)
    app.state.network = SimpleNamespace(settings=settings)
    given, taken = TestClient(app, base_url="https://baton.example").get("/").headers.get_list("set-cookie")
    return given, taken
