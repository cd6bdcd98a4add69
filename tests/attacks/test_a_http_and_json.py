"""Section A: HTTP and JSON syntax. What is no request, no JSON or no resource is refused for what it is."""

import json
import zlib

import httpx
import psutil

from tests.api.answers import MARK
from tests.attacks.attack import Attack, Send, carry_out, gets, posts, sends, told_apart
from tests.attacks.raw import raw, stalls
from tests.attacks.scene import Scene

PERSON = f'"resourceType":"Patient","name":[{{"family":"{MARK}"}}]'
LONG_DECIMAL = "0.1000000000000000055511151231257827"
MIB = 1024 * 1024
LAUGHS = (
    '<!DOCTYPE lolz [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;">]>'
    '<Patient xmlns="http://hl7.org/fhir"><language value="&c;"/></Patient>'
)
XML = "application/fhir+xml"
DEEP = b'{"resourceType":"Patient","extension":' + b'{"a":' * 100_000 + b"1" + b"}" * 100_001


def person(more: str) -> Send:
    """A Patient with something wrong beside the name."""
    return posts(f"{{{PERSON},{more}}}".encode())


def measured(value: str) -> Send:
    """An Observation whose value is written in this form."""
    tree = {"resourceType": "Observation", "status": "final", "code": {"text": "x"}, "valueQuantity": {"value": 1}}
    return posts(json.dumps(tree).replace('{"value": 1}', f'{{"value":{value}}}').encode(), to="Observation")


async def reads_back(scene: Scene, made: httpx.Response) -> None:
    """The decimal stands there as it was sent."""
    sent = made.request.content.split(b'{"value":')[1].split(b"}")[0]
    read = await scene.town.ehr.get(f"Observation/{made.json()['id']}")
    assert b'"valueQuantity":{"value":%b}' % sent in read.content


async def inflated(scene: Scene) -> httpx.Response:
    """200 MB of spaces in 194 kB; whoever reads them needs the memory."""
    packer = zlib.compressobj(wbits=31)
    body = b"".join([*(packer.compress(b" " * MIB) for _ in range(200)), packer.flush()])
    before = psutil.Process().memory_info().rss
    answer = await posts(body, Content_Encoding="gzip")(scene)
    assert psutil.Process().memory_info().rss - before < 20 * MIB
    return answer


async def whole(scene: Scene, answer: httpx.Response) -> None:
    assert answer.headers["content-length"] == str(len(answer.content))
    assert "content-range" not in answer.headers


async def unsplit(scene: Scene, answer: httpx.Response) -> None:
    assert "x-injected" not in answer.headers


ATTACKS = (
    Attack("A01", "empty", posts(b""), 400, "structure"),
    Attack("A02", "truncated", posts(f"{{{PERSON}".encode()), 400, "structure"),
    Attack("A03", "letters behind", posts(f"{{{PERSON}}}x".encode()), 400, "structure"),
    Attack("A03", "an object behind", posts(f"{{{PERSON}}}{{}}".encode()), 400, "structure"),
    Attack(
        "A05",
        "two statuses",
        posts(b'{"resourceType":"Task","status":"requested","status":"completed"}', to="Task"),
        400,
        "structure",
    ),
    Attack("A05", "far below", person('"contact":[{"gender":"male","gender":"female"}]'), 400, "structure"),
    Attack("A10", "one too much", person('"multipleBirthInteger":2147483648'), 400, "value"),
    Attack("A10", "thirty digits", person(f'"multipleBirthInteger":{"9" * 30}'), 400, "value"),
    Attack("A11", "a zero at the end", measured("1.10"), 201, after=reads_back),
    Attack("A12", "34 digits", measured(LONG_DECIMAL), 201, after=reads_back),
    Attack("A14", "100,000 objects", posts(DEEP), 400, "structure"),
    Attack("A14", "100,000 arrays", person('"extension":' + "[" * 100_000), 400, "structure"),
    Attack("A22", "200 MB in 194 kB", inflated, 415, "not-supported"),
    *(
        Attack("A23", kind or "none", posts(f"{{{PERSON}}}".encode(), Content_Type=kind), 415, "not-supported")
        for kind in ("text/plain", "multipart/form-data; boundary=x", "application/x-www-form-urlencoded", "")
    ),
    Attack("A23", "JSON as XML", posts(f"{{{PERSON}}}".encode(), Content_Type="application/xml"), 400, "structure"),
    Attack("A24", "UTF-16", posts(f"{{{PERSON}}}".encode("utf-16")), 400, "structure"),
    Attack("A24", "UTF-16 without a mark", posts(f"{{{PERSON}}}".encode("utf-16-le")), 400, "structure"),
    Attack(
        "A24",
        "said to be UTF-16",
        posts(f"{{{PERSON}}}".encode("utf-16"), Content_Type="application/fhir+json; charset=utf-16"),
        415,
        "not-supported",
    ),
    Attack("A27", "half a pair", person(r'"language":"\ud800"'), 400, "value"),
    Attack("A28", "NUL", person(r'"language":"a\u0000"'), 400, "value"),
    Attack("A31", "null", person('"photo":null'), 400, "structure"),
    Attack("A31", "null for a name", posts(b'{"resourceType":"Patient","name":null}'), 400, "structure"),
    Attack("A31", "{}", person('"maritalStatus":{}'), 400, "structure"),
    Attack("A31", "[]", person('"contact":[]'), 400, "structure"),
    Attack("A33", "unknown element", person(f'"gendr":"{MARK}"'), 400, "structure"),
    Attack("A33", "__proto__", person('"__proto__":{"polluted":true}'), 400, "structure"),
    Attack("A33", "constructor", person('"constructor":{"prototype":{"polluted":true}}'), 400, "structure"),
    Attack("A34", "an array beside one value", person('"birthDate":"1970","_birthDate":[{"id":"a"}]'), 400, "structure"),
    Attack(
        "A34",
        "another length",
        posts(b'{"resourceType":"Patient","name":[{"given":["a"],"_given":[{"id":"1"},{"id":"2"}]}]}'),
        400,
        "structure",
    ),
    Attack("A37", "as XML", posts(LAUGHS.encode(), Content_Type=XML), 400, "structure"),
    Attack("A37", "as JSON", posts(LAUGHS.encode()), 400, "structure"),
    *(
        Attack("A38", f"{method} {address}", sends(method, address), 405, "not-supported")
        for method in ("TRACE", "PROPFIND")
        for address in ("Patient/{mine}", "Patient", "metadata", "")
    ),
    *(Attack("A38", f"FOO {address}", raw("FOO", address), 501, "not-supported") for address in ("/fhir/Patient", "/")),
    Attack("A38", "CONNECT", raw("CONNECT", "/fhir/Patient"), 405, "not-supported"),
    *(
        Attack("A42", path, raw("GET", f"/fhir/{path}"), 404, "not-found")
        for path in (
            "..%2f..%2fetc/passwd", "%00", "Patient/%00", "%2e%2e", "../../etc/passwd", "Patient/%2e%2e", "Patient/%2e",
            "..%252f..%252fetc/passwd", "%2500", "%252e%252e", "Patient/%252e%252e", "%25%32%65", "Patient/..%5c..%5cx",
            "Patient/%2fetc", "Patient/a%3fname=b", "Patient/a%23b", "Patient/%7f", "Patient/%c3%a9", "Patient/%c0%ae%c0%ae",
            "Patient/%", "Patient/%zz", "Patient/a%2", "Patient/a%250d%250ax", "%2e%2e/fhir/Patient", "Patient/x/%2e%2e/y",
        )
    ),
    Attack("A43", "in an id", raw("GET", "/fhir/Patient/a%0d%0aX-Injected:1"), 404, "not-found", unsplit),
    Attack("A43", "in a parameter", gets("Patient?name=a%0d%0aX-Injected:1"), 400, "value", unsplit),
    Attack("A43", "in a parameter's name", gets("Patient?a%0d%0aX-Injected:1=b"), 400, "value", unsplit),
    Attack("A43", "in a format", gets("Patient?_format=json%0d%0aX-Injected:1"), 400, "value", unsplit),
    Attack(
        "A43",
        "in a Binary's type",
        posts({"resourceType": "Binary", "contentType": "text/plain\r\nX-Injected: 1", "data": "YQ=="}, to="Binary"),
        400,
        "value",
        unsplit,
    ),
    *(
        Attack("A44", address, gets(address, Range="bytes=" + "0-1," * 500 + "0-1"), 200, after=whole)
        for address in ("metadata", "Patient/{mine}", "Patient", "../static/baton.css")
    ),
)  # fmt: skip


@told_apart(ATTACKS)
async def test_it_is_refused_for_what_it_is(scene: Scene, attack: Attack) -> None:
    await carry_out(scene, attack)


async def test_a_stalling_body_ends_with_408(patient_scene: Scene) -> None:
    """A19: more bytes are announced than come; the default is 30 s, here half a second."""
    await carry_out(patient_scene, Attack("A19", "a byte, and silence", stalls(), 408, "timeout"))
