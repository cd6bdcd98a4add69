"""The fuzzer sees what it looks for."""

import json

import httpx
import pytest

from tests.fuzz.breaking import CANARY
from tests.fuzz.sending import faults

JSON = "application/fhir+json"


def answer(status: int, diagnostics: str, code: str = "invalid", **headers: str) -> httpx.Response:
    issue = {"severity": "error", "code": code, "details": {"text": "word"}, "diagnostics": diagnostics}
    return answer_of(status, json.dumps({"resourceType": "OperationOutcome", "issue": [issue]}), **headers)


def answer_of(status: int, body: str, **headers: str) -> httpx.Response:
    sent = {"content-type": JSON, "x-request-id": "1", **headers}
    return httpx.Response(status, content=body.encode(), headers=sent, request=httpx.Request("GET", "http://h/fhir"))


def test_a_whole_refusal_and_a_plain_answer_have_no_faults() -> None:
    assert faults(answer(400, "a sentence")) == []
    assert faults(answer_of(200, json.dumps({"resourceType": "Patient", "name": [{"family": CANARY}]}))) == []


@pytest.mark.parametrize(
    "wrong",
    [
        answer(500, "something went wrong", "exception"),
        answer(400, f"there is no {CANARY}"),
        answer(200, f"there is no {CANARY}"),
        answer(400, "Traceback (most recent call last)"),
        answer(400, 'relation "resource" does not exist'),
        answer(400, "in /srv/app/store/pool.py"),
        answer(400, "a sentence", "a-code-of-its-own"),
        answer(400, "a sentence", Location=f"/fhir/{CANARY}"),
        answer_of(404, "Not Found", **{"content-type": "text/plain"}),
        answer_of(404, json.dumps({"detail": "Not Found"})),
        answer_of(304, "{}"),
        answer_of(200, json.dumps({"entry": [{"resource": answer(400, CANARY).json()}]})),
    ],
)
def test_what_should_not_be_in_an_answer_is_found(wrong: httpx.Response) -> None:
    assert faults(wrong)


def test_an_answer_without_its_number_is_found() -> None:
    assert faults(httpx.Response(200, content=b"{}", request=httpx.Request("GET", "http://h/fhir")))
