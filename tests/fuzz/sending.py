"""Sends a request of the fuzzer as it is, and looks at what comes back."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlencode

import httpx

from app.fhir import xml
from app.fhir.json import parse
from tests.api.answers import ISSUE_CODES
from tests.fuzz.asked import FHIR_JSON, Asked
from tests.fuzz.breaking import CANARY

FHIR_XML = "application/fhir+xml"
# a stack, a statement, a place on this machine, a name of ours that no client knows
INNARDS = re.compile(
    r"Traceback|File (?:\\?\"|&quot;)|line \d+, in|asyncpg|sqlalchemy|postgres|httptools|starlette|site-packages|\bapp\.(fhir|store|services)"
    r"|SELECT |INSERT |UPDATE |DELETE FROM|relation (?:\\?\"|&quot;)|/usr/|/var/|/home/|/root/|\.py\b|Error\(",
    re.ASCII,
)
BODILESS = (204, 304)


async def send(http: httpx.AsyncClient, asked: Asked, chance: random.Random) -> httpx.Response:
    """In JSON or in XML, and asking for either."""
    headers = {"Accept": chance.choice((FHIR_JSON, FHIR_JSON, FHIR_XML)), **asked.headers}
    body = asked.body
    if asked.tree is not None:
        written, kind = _written(asked, chance)
        body, headers = written, {"Content-Type": kind, **headers}
    if asked.damage is not None:
        body = asked.damage(body)
    query = asked.raw_query if asked.raw_query is not None else urlencode(asked.query, errors="replace")
    target = quote(f"/fhir/{asked.path}".rstrip("/") or "/fhir", safe="/%$*;='.!:@") + (
        f"?{quote(query, safe=SAFE)}" if query else ""
    )
    request = http.build_request(
        asked.method,
        "/fhir",
        content=body,
        headers=[(name.encode(), value.encode("latin-1", "replace")) for name, value in headers.items()],
        extensions={"target": target.encode("ascii")},
    )
    return await http.send(request)


SAFE = "/%$*;='.!:@&=?+,|-_~"


def _written(asked: Asked, chance: random.Random) -> tuple[bytes, str]:
    text = json.dumps(asked.tree).encode()
    if asked.headers.get("Content-Type") or not isinstance(asked.tree, dict) or chance.random() < 0.7:
        return text, asked.headers.get("Content-Type", FHIR_JSON)
    try:
        return xml.dump(parse(text)), FHIR_XML
    except Exception:  # what is broken may be beyond XML
        return text, FHIR_JSON


def faults(answer: httpx.Response) -> list[str]:
    """What must not be in an answer, whatever was asked."""
    status, text = answer.status_code, answer.text
    found = [f"status {status}"] if status >= 500 and status not in (501, 505) else []
    if not answer.headers.get("x-request-id"):
        found.append("no number of the request")
    if CANARY.lower() in str(answer.headers).lower():
        found.append("a header echoes")
    if answer.request.method == "HEAD" or status in BODILESS:
        return found + (["a body where none belongs"] if answer.content else [])
    outcomes = [text] if status >= 400 else list(_outcomes(answer))
    for outcome in outcomes:
        found += ["an outcome echoes"] * (CANARY.lower() in outcome.lower())
        found += [f"innards: {match[0]}" for match in [INNARDS.search(outcome)] if match]
    return found + (_form(answer) if status >= 400 else [])


def _form(answer: httpx.Response) -> list[str]:
    """A refusal is an OperationOutcome of R4's codes, in JSON or in XML."""
    try:
        tree: Any = tree_of(answer)
    except Exception:
        return ["a refusal that is no resource"]
    if tree.get("resourceType") != "OperationOutcome":
        return ["a refusal that is no OperationOutcome"]
    wrong = [
        each for each in tree["issue"] if each["code"] not in ISSUE_CODES | {"exception"} or not each.get("details")
    ]
    return ["an issue without R4's code or our word"] * bool(wrong)


def tree_of(answer: httpx.Response) -> Any:
    """The resource, whichever format it came in; {} for the bytes of a Binary."""
    if "xml" in answer.headers["content-type"]:
        return json.loads(json.dumps(xml.parse(answer.content), default=str))
    return answer.json() if "json" in answer.headers["content-type"] else {}


def _outcomes(answer: httpx.Response) -> Iterator[str]:
    """Every OperationOutcome in an answer that is none itself: of an entry of a Bundle, of a search."""
    if "OperationOutcome" in answer.text:
        for each in _within(tree_of(answer)):
            yield json.dumps(each)


def _within(tree: Any) -> Iterator[Any]:
    if isinstance(tree, dict):
        if tree.get("resourceType") == "OperationOutcome":
            yield tree
        tree = list(tree.values())
    if isinstance(tree, list):
        for each in tree:
            yield from _within(each)
