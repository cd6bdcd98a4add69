"""Headers, CSRF, cookies, forms and error pages, each by itself."""

import json
from collections.abc import Callable

import pytest
from starlette.testclient import TestClient

from app.log import configure
from app.web.pages.addresses import local_path
from app.web.pages.forms import MAX_FORM_BYTES
from app.web.pages.templates import load_pages
from tests.pages.conftest import TOKEN

Browser = Callable[[str], TestClient]
OTHER_SITE = {"origin": "https://evil.example", "sec-fetch-site": "cross-site"}
OUR_PAGE = {"origin": "https://baton.example", "sec-fetch-site": "same-origin"}


@pytest.mark.parametrize("address", ["/page", "/refuse/Forbidden", "/nowhere", "/break"])
def test_every_page_even_a_failed_one_forbids_foreign_scripts_and_frames(browser: Browser, address: str) -> None:
    headers = browser("production").get(address).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["cache-control"] == "no-store"
    assert "max-age=63072000" in headers["strict-transport-security"]


def test_development_over_http_does_not_demand_https(browser: Browser) -> None:
    assert "strict-transport-security" not in browser("development").get("/page").headers


def test_files_with_a_version_are_kept_and_pages_are_not(browser: Browser) -> None:
    client = browser("production")
    page = client.get("/page").text
    address = page.split('rel="stylesheet" href="')[1].split('"')[0]
    assert "immutable" in client.get(address).headers["cache-control"]
    assert client.get("/static/baton.css").headers["cache-control"] == "no-store"
    assert client.get("/static/nothing.css?v=1").headers["cache-control"] == "no-store"


def test_a_form_from_our_own_page_is_read(browser: Browser) -> None:
    sent = {"csrf": TOKEN, "words": "  first\r\nsecond\x00 "}
    answer = browser("production").post("/form", data=sent, headers=OUR_PAGE)
    assert (answer.status_code, answer.text) == (200, "first\nsecond")


@pytest.mark.parametrize("token", ["", "another-token", "ä"])
def test_a_form_without_the_token_of_the_session_is_refused(browser: Browser, token: str) -> None:
    assert browser("production").post("/form", data={"csrf": token}, headers=OUR_PAGE).status_code == 403


@pytest.mark.parametrize(
    "headers",
    [
        OTHER_SITE,
        {"origin": "null"},
        {"origin": "https://evil.example"},
        {"sec-fetch-site": "same-site"},
        {"origin": "http://baton.example"},
    ],
)
def test_a_form_from_another_site_is_refused_even_with_the_token(browser: Browser, headers: dict[str, str]) -> None:
    assert browser("production").post("/form", data={"csrf": TOKEN}, headers=headers).status_code == 403


def test_in_production_the_host_header_does_not_make_a_site_ours(browser: Browser) -> None:
    headers = {"host": "evil.example", "origin": "https://evil.example"}
    assert browser("production").post("/form", data={"csrf": TOKEN}, headers=headers).status_code == 403


def test_in_development_any_name_of_this_machine_works(browser: Browser) -> None:
    headers = {"host": "localhost:8123", "origin": "http://localhost:8123"}
    assert browser("development").post("/form", data={"csrf": TOKEN}, headers=headers).status_code == 200


def test_a_field_that_comes_twice_is_refused(browser: Browser) -> None:
    body = f"csrf={TOKEN}&words=a&words=b"
    assert browser("production").post("/form", content=body, headers=OUR_PAGE).status_code == 400


def test_a_form_that_is_not_utf8_is_refused(browser: Browser) -> None:
    body = f"csrf={TOKEN}&words=%ff%fe"
    assert browser("production").post("/form", content=body, headers=OUR_PAGE).status_code == 400


def test_a_form_one_byte_over_the_limit_is_refused(browser: Browser) -> None:
    client, start = browser("production"), f"csrf={TOKEN}&words="
    fits = start + "a" * (MAX_FORM_BYTES - len(start))
    assert client.post("/form", content=fits, headers=OUR_PAGE).status_code == 200
    assert client.post("/form", content=fits + "a", headers=OUR_PAGE).status_code == 413


def test_the_session_cookie_is_bound_to_the_host_in_production(browser: Browser) -> None:
    cookie = browser("production").get("/cookie").headers["set-cookie"]
    assert cookie.startswith("__Host-sid=new;")
    assert {"HttpOnly", "Secure", "Path=/", "SameSite=lax"} <= set(cookie.split("; "))
    assert "Domain" not in cookie


def test_in_development_the_cookie_works_over_http(browser: Browser) -> None:
    cookie = browser("development").get("/cookie").headers["set-cookie"]
    assert cookie.startswith("sid=new;")
    assert "Secure" not in cookie


def test_a_session_cookie_that_comes_twice_counts_as_absent(browser: Browser) -> None:
    client = browser("production")
    assert client.get("/cookie", headers={"cookie": "__Host-sid=mine"}).text == "mine"
    assert client.get("/cookie", headers={"cookie": "__Host-sid=tossed; __Host-sid=mine"}).text == ""
    assert client.get("/cookie", headers={"cookie": "sid=mine"}).text == ""


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("Forbidden", 403),
        ("NotFound", 404),
        ("Deleted", 404),
        ("VersionConflict", 409),
        ("Throttled", 429),
        ("Invalid", 400),
        ("LockError", 503),
    ],
)
def test_a_refusal_is_a_page_with_the_number_of_the_request(browser: Browser, kind: str, status: int) -> None:
    answer = browser("production").get(f"/refuse/{kind}")
    assert answer.status_code == status
    assert "<h1>" in answer.text
    assert answer.headers["x-request-id"] in answer.text
    assert "some" not in answer.text.split("<main")[1].split("</main")[0].replace("Something", "")


def test_a_page_that_is_not_there_looks_like_one_that_is_not_ours(browser: Browser) -> None:
    client = browser("production")
    missing, hidden = client.get("/nowhere"), client.get("/refuse/NotFound")
    without_number = [answer.text.replace(answer.headers["x-request-id"], "") for answer in (missing, hidden)]
    assert missing.status_code == hidden.status_code == 404
    assert without_number[0] == without_number[1]


def test_somebody_who_is_not_signed_in_is_led_to_the_sign_in_page_and_back(browser: Browser) -> None:
    answer = browser("production").get("/refuse/Login")
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?next=/refuse/Login")


def test_a_failure_shows_and_logs_no_value(browser: Browser, capsys: pytest.CaptureFixture[str]) -> None:
    configure()
    answer = browser("production").get("/break")
    lines = capsys.readouterr().err
    logged = [json.loads(line) for line in lines.splitlines() if '"page_failed"' in line]
    assert answer.status_code == 500
    assert "Maria" not in answer.text + lines
    assert [line["request_id"] for line in logged] == [answer.headers["x-request-id"]]


@pytest.mark.parametrize(
    "text",
    [
        "//evil.example",
        "/\\evil.example",
        "https://evil.example",
        "/inbox?x=1",
        "",
        "inbox",
        "/inbox//x",
        "/%2f",
        "/i\n",
    ],
)
def test_only_plain_addresses_of_ours_are_gone_to(text: str) -> None:
    assert local_path(text) == "/"


def test_an_address_of_ours_is_kept() -> None:
    assert local_path("/referrals/0199-aa") == "/referrals/0199-aa"


def test_a_template_is_compiled_once_for_all_applications_of_a_process() -> None:
    first, second = (load_pages().environment.get_template("error.html") for _ in range(2))
    assert first is second
