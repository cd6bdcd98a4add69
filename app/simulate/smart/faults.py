"""What a broken or an unusual server makes of its token answer; the id_token's faults are in `identity`."""

import asyncio
from collections.abc import Callable, Collection, Mapping
from typing import Any

from starlette.responses import HTMLResponse, Response

TEN_MEGABYTES = 10_000_000
HANGS_S = 3600.0

Members = dict[str, Any]
EXTRA: Members = {
    "__vendor.context": {"department": None, "flags": [True, 1.5, {"deep": []}]},
    "encounter_class": 7,
    "username": None,
    "fhirContext": [{"reference": "Encounter/unknown-to-you"}, {"identifier": {"value": "1"}, "role": "x"}],
    "state": "not-yours",
    "not-before-policy": 0,
}
CHANGES: Mapping[str, Callable[[Members], Members]] = {
    "extra-members": lambda answer: answer | EXTRA,
    "patient-number": lambda answer: answer | _patient(answer, int),
    "patient-array": lambda answer: answer | _patient(answer, lambda patient: [patient, "2"]),
    "patient-path": lambda answer: answer | _patient(answer, lambda patient: f"../Patient/{patient}"),
    "no-access-token": lambda answer: _without(answer, "access_token"),
    "no-id-token": lambda answer: _without(answer, "id_token"),
    "token-type-mac": lambda answer: answer | {"token_type": "mac"},
    "bad-expires": lambda answer: answer | {"expires_in": "soon"},
}


def changed(answer: Members, on: Collection[str]) -> Members:
    for name, change in CHANGES.items():
        if name in on:
            answer = change(answer)
    return answer


async def instead(on: Collection[str]) -> Response | None:
    """What comes in place of any answer; it may take an hour."""
    if "token-hangs" in on:
        await asyncio.sleep(HANGS_S)
    if "token-html" in on:
        return HTMLResponse("<html><body><h1>Welcome</h1></body></html>")
    if "token-500" in on:
        return Response("java.lang.NullPointerException", 500, media_type="text/plain")
    if "token-10mb" in on:
        return Response(b'{"filler": "' + b"x" * TEN_MEGABYTES + b'"}', media_type="application/json")
    return None


def _patient(answer: Members, change: Callable[[str], Any]) -> Members:
    return {"patient": change(answer["patient"])} if "patient" in answer else {}


def _without(answer: Members, name: str) -> Members:
    return {each: value for each, value in answer.items() if each != name}
