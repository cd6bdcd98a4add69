"""Ways to break a sound request: its resource, the bytes of it, its headers, its query, its address, its method.

Values are CANARY wherever they can be: an answer that holds it has echoed. Names of elements and of parameters are not,
but for those that no name has: a refusal says where.
"""

from __future__ import annotations

import copy
import random
from collections.abc import Callable, Iterator
from typing import Any

from tests.fuzz.asked import Asked

CANARY = "Zyzzyva"
ODD: tuple[Any, ...] = (
    None, True, 0, -1, 1.5, 10**17, 10**30, "", " ", CANARY, "2024", "24:00", "9999-12-31T23:59:59-12:00", "urn:uuid:x",
    "#", f"#{CANARY}", f"Patient/{CANARY}", "Patient/1/_history/1", f"https://{CANARY}.example/fhir/Patient/1",
    f"Patient?identifier={CANARY}|x", "Patient?x=y", f"javascript:{CANARY}", "\u202e", "\u0000", "\ufffe", "\ud800",
    "e\u0301" * 20, CANARY * 700, f"'; DROP TABLE resource; -- {CANARY}", f"<script>{CANARY}</script>", [], {}, [[]],
    [{}], [None], {"": 1}, {"unheardOf": CANARY}, {"reference": CANARY}, {"extension": []}, {"coding": [{"code": CANARY}]},
    {"resourceType": "Patient"}, {"resourceType": CANARY}, {"start": "2025", "end": "2024"},
)  # fmt: skip
NAMES = (
    "id", "meta", "extension", "modifierExtension", "contained", "text", "_status", "status", "reference", "identifier",
    "resourceType", "constructor", "__proto__", "unheardOf", "fhir_comments", "entry", "parameter",
)  # fmt: skip
BYTES: tuple[Callable[[bytes], bytes], ...] = (
    lambda body: b"",
    lambda body: body[: len(body) // 2],
    lambda body: body + b"{}",
    lambda body: b"\xff\xfe" + body,
    lambda body: b"\xef\xbb\xbf" + body,
    lambda body: body.replace(b":", b":\xed\xa0\x80", 1),
    lambda body: body.replace(b"{", b'{"resourceType":"Zyzzyva",', 1),
    lambda body: body.replace(b"{", b'{"a":1e999,"b":NaN,', 1),
    lambda body: b"[" * 3000 + body,
    lambda body: b'{"a":' * 3000,
    lambda body: b'"Zyzzyva"',
    lambda body: b"null",
    lambda body: b'<!DOCTYPE a [<!ENTITY z "Zyzzyva">]><Patient xmlns="http://hl7.org/fhir">&z;</Patient>',
    lambda body: b'<Patient xmlns="http://hl7.org/fhir"><unheardOf value="Zyzzyva"/></Patient>',
    lambda body: b"<a>" * 3000,
)
HEADERS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Accept", (CANARY, "text/html", "application/fhir+xml;q=x", "application/fhir+json;fhirVersion=3.0", "*/*;q=0", "," * 99, "text/xml")),
    ("Content-Type", (CANARY, "text/plain", "application/fhir+xml", "application/fhir+json;charset=latin-1", "application/json-patch+json", "multipart/form-data;boundary=x", "image/png")),
    ("If-Match", (CANARY, "*", 'W/"0"', 'W/"99999999999999999999"', '"1"', 'W/"1", W/"2"', "")),
    ("If-None-Match", (CANARY, "*", 'W/"1"', "\"'\"")),
    ("If-Modified-Since", (CANARY, "Mon, 32 Jan 2024 00:00:00 GMT", "Mon, 01 Jan 2024 00:00:00 GMT")),
    ("If-None-Exist", (CANARY, f"identifier={CANARY}", "", "_id=", f"name={CANARY}", "identifier=a|b&identifier=c|d", "%zz")),
    ("Prefer", (CANARY, f"return={CANARY}", "return=minimal", "handling=strict", "return=OperationOutcome", "respond-async", ",;=")),
    ("Idempotency-Key", (CANARY, "", "x" * 300, "\u00e9", "a b")),
    ("Content-Encoding", ("gzip", CANARY)),
    ("X-HTTP-Method-Override", ("DELETE",)),
    ("X-Forwarded-Host", (f"{CANARY}.example",)),
    ("X-Provenance", (CANARY,)),
    ("Range", ("bytes=0-1",)),
    ("Expect", ("200-ok",)),
    ("Cookie", (f"session={CANARY}",)),
    ("Accept-Charset", (CANARY,)),
    (f"X-{CANARY}", (CANARY * 500,)),
)  # fmt: skip
QUERY_NAMES = (
    "_id", "_lastUpdated", "_count", "_sort", "_total", "_include", "_revinclude", "_summary", "_elements", "_format",
    "_pretty", "_page", "_since", "_at", "_type", "_profile", "_tag", "_source", "_has:Task:focus:status", "_filter",
    "_text", "_content", "_query", "_list", "identifier", "status", "patient", "subject", "code", "date", "name", "unheardOf", f"<{CANARY}>",
    f"<{CANARY}>:exact", "_has:::", "_has:Task:focus", "a.b.c.d", "patient:Patient.name", "$where", "mode", "profile",
)  # fmt: skip
SUFFIXES = (
    "",
    "",
    "",
    ":missing",
    ":not",
    ":exact",
    ":contains",
    ":x",
    ":text",
    ":of-type",
    ":in",
    ".name",
    ":Patient",
)
VALUES = (
    "", "|", "||", ",", ",,", "\\", "\\,", "$", "a|b|c", "gt", "ge2024-02-30", "sa2024", "lt99999", "'", "%", "\U0001f600", "0" * 70,
    "a/b", "Task/1", "\u00e9", "*", CANARY, f"{CANARY}|{CANARY}", "-1", "501", "0", "1e9", "true", "accurate", "json", "xml", "text/plain",
    "-_id,status", "a,b," * 60, "Task:owner", "Task:owner:Patient", "*:*", "5.4|http://unitsofmeasure.org|mg", "1e400|x|y", "x" * 3000,
    f"' OR 1=1 -- {CANARY}", "http://example.org/a?b=c&d", "2024-01-01T00:00:00+14:00", "\u0000", "\ud7ff",
)  # fmt: skip
SEGMENTS = (
    CANARY, "x" * 65, "..", ".", "%2e%2e", "%00", "%2f", "$nothing", f"${CANARY}", "_history", "_search", "_history/0", "_history/x",
    f"_history/{CANARY}", "patient", "Patient", "Basic", "Subscription", "*", "\u00e9", "a b", "'", ";x=1", "metadata", "",
)  # fmt: skip
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND")


def broken(asked: Asked, chance: random.Random) -> Asked:
    """The same request with one to three things wrong; some of them turn out to be right."""
    asked = copy.deepcopy(asked)
    asked.sound = False
    ways = [_query, _header, _header, _address, _method]
    if asked.tree is not None:
        ways += [_tree] * 6 + [_bytes]
    for way in chance.sample(ways, chance.choice((1, 1, 1, 2, 3))):
        way(asked, chance)
    return asked


def _places(tree: Any) -> Iterator[tuple[Any, Any]]:
    """(container, key) of everything in a tree."""
    for key in list(tree) if isinstance(tree, dict) else range(len(tree)):
        yield tree, key
        if isinstance(tree[key], dict | list):
            yield from _places(tree[key])


def _tree(asked: Asked, chance: random.Random) -> None:
    """Something is taken away, replaced, added or doubled."""
    places = [*_places(asked.tree)] if isinstance(asked.tree, dict | list) else []
    if not places:
        return
    container, key = chance.choice(places)
    act = chance.randrange(4)
    if act == 0:
        container.pop(key)
    elif act == 1 or not isinstance(container, dict):
        container[key] = copy.deepcopy(chance.choice(ODD))
    elif act == 2:
        container[chance.choice(NAMES)] = copy.deepcopy(chance.choice(ODD))
    else:
        container[key] = [copy.deepcopy(container[key])] * 2


def _bytes(asked: Asked, chance: random.Random) -> None:
    asked.damage = chance.choice(BYTES)


def _header(asked: Asked, chance: random.Random) -> None:
    name, values = chance.choice(HEADERS)
    asked.headers[name] = chance.choice(values)


def _query(asked: Asked, chance: random.Random) -> None:
    if chance.random() < 0.1:
        asked.raw_query = chance.choice(
            ("%", "%zz=1", "a=%ff", "&&&", "=", f"<{CANARY}>", "a=1&" * 70, "_id=%00", "a\u00e9=1")
        )
    for _ in range(chance.randint(1, 3)):
        asked.query.append((chance.choice(QUERY_NAMES) + chance.choice(SUFFIXES), chance.choice(VALUES)))


def _address(asked: Asked, chance: random.Random) -> None:
    segments = asked.path.split("/")
    place = chance.randrange(len(segments) + 1)
    if place < len(segments) and chance.random() < 0.7:
        segments[place] = chance.choice(SEGMENTS)
    else:
        segments.insert(place, chance.choice(SEGMENTS))
    asked.path = "/".join(segments)


def _method(asked: Asked, chance: random.Random) -> None:
    asked.method = chance.choice(METHODS)
