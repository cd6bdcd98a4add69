"""JSON in and out: nothing is lost, nothing ambiguous gets in, nothing that came in is repeated in a refusal."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.fhir.errors import Refusal
from app.fhir.json import (
    MAX_CONTAINERS,
    MAX_DEPTH,
    MAX_ITEMS,
    MAX_KEYS,
    MAX_NUMBER_LENGTH,
    Number,
    dump,
    number,
    parse,
    reread,
)
from tests.fhir import reference

CANARY = "Zyxwvut"

_texts = st.text(
    st.characters(exclude_categories=("Cs", "Cc", "Cn"), include_characters="\t\n\r"), max_size=20
)  # "Cn" holds the noncharacters
_numbers = st.integers(-(10**30), 10**30).map(str) | st.decimals(allow_nan=False, allow_infinity=False, places=3).map(
    str
)
_trees = st.recursive(
    st.none() | st.booleans() | _texts | st.integers(-(10**17), 10**17),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_texts, inner, max_size=4),
    max_leaves=25,
)


@given(st.dictionaries(_texts, _trees, max_size=5))
def test_what_went_in_comes_out(tree: dict[str, Any]) -> None:
    body = json.dumps(tree).encode()
    assert parse(body) == tree
    assert orjson.loads(dump(parse(body))) == tree
    assert list(parse(dump(parse(body)))) == list(tree)


@given(_numbers)
def test_every_number_keeps_the_form_it_was_written_in(literal: str) -> None:
    body = b'{"value":%b}' % literal.encode()
    assert dump(parse(body)) == body


@pytest.mark.parametrize(
    "literal", ["1.10", "1e2", "-0", "-0.0", "1E+5", "0.1000000000000000055511151231257827", "123456789012345678901"]
)
def test_numbers_that_python_would_rewrite_stay(literal: str) -> None:
    body = b'{"value":%b}' % literal.encode()
    assert parse(body)["value"] == Number(literal)
    assert dump(parse(body)) == body


def test_numbers_that_an_int_can_hold_are_ints() -> None:
    assert parse(b'{"a":0,"b":-17,"c":999999999999999999}') == {"a": 0, "b": -17, "c": 999999999999999999}


def test_every_example_comes_out_as_it_went_in() -> None:
    for name, body in reference.examples().items():
        again = json.loads(dump(parse(body)), parse_float=Decimal, object_pairs_hook=list)
        assert again == json.loads(body, parse_float=Decimal, object_pairs_hook=list), name


def test_what_was_written_is_read_again_without_limits() -> None:
    body = b'{"a":[%b],"b":1.10,"c":-0}' % b",".join([b"1"] * (MAX_ITEMS + 1))
    assert dump(reread(body)) == body


def test_pretty_is_the_same_tree_on_several_lines() -> None:
    tree = parse(b'{"a":{"b":[1.10]}}')
    assert dump(tree, pretty=True) == b'{\n  "a": {\n    "b": [\n      1.10\n    ]\n  }\n}'


@pytest.mark.parametrize("text", ["0", "-17", "1.10", "1e2", "-0", "123456789012345678901"])
def test_a_number_by_itself_is_what_it_is_in_an_object(text: str) -> None:
    assert number(text) == parse(b'{"a":%b}' % text.encode())["a"]


@pytest.mark.parametrize(
    "text", ["", "+1", "01", ".5", "1.", "NaN", " 1", "1\n", "１", "0x1", "1" * (MAX_NUMBER_LENGTH + 1)]
)
def test_what_json_does_not_write_is_no_number(text: str) -> None:
    assert number(text) is None


def _nested(depth: int) -> bytes:
    return b'{"a":' * depth + b"1" + b"}" * depth


REFUSED = [
    ("A01 empty", b"", "structure", "json-empty"),
    ("only spaces", b" \n ", "structure", "json-syntax"),
    ("A02 truncated", b'{"resourceType":"Task"', "structure", "json-syntax"),
    ("A03 trailing garbage", b'{"resourceType":"Task"} x', "structure", "json-trailing"),
    ("two resources", b"{}{}", "structure", "json-trailing"),
    ("A05 duplicate key", b'{"resourceType":"Task","a":1,"a":2}', "structure", "json-duplicate-key"),
    ("duplicate by escape", b'{"a":1,"\\u0061":2}', "structure", "json-duplicate-key"),
    ("A14 100,000 objects", _nested(100_000), "structure", "json-depth"),
    ("100,000 arrays", b'{"a":' + b"[" * 100_000, "structure", "json-depth"),
    ("one level too deep", _nested(MAX_DEPTH + 1), "structure", "json-depth"),
    ("NaN", b'{"a":NaN}', "value", "json-constant"),
    ("Infinity", b'{"a":[-Infinity]}', "value", "json-constant"),
    ("A24 UTF-16", '{"a":1}'.encode("utf-16"), "structure", "json-encoding"),
    ("UTF-16 without mark", '{"a":1}'.encode("utf-16-be"), "structure", "json-encoding"),
    ("UTF-32", '{"a":1}'.encode("utf-32-le"), "structure", "json-encoding"),
    ("byte order mark", b"\xef\xbb\xbf{}", "structure", "json-encoding"),
    ("Latin-1", '{"a":"é"}'.encode("latin-1"), "structure", "json-encoding"),
    ("surrogate in UTF-8", b'{"a":"\xed\xa0\x80"}', "structure", "json-encoding"),
    ("A27 lone surrogate", b'{"a":"\\ud800"}', "value", "character"),
    ("A28 NUL", b'{"a":"\\u0000"}', "value", "character"),
    ("escaped backspace", b'{"a":"\\b"}', "value", "character"),
    ("raw control character", b'{"a":"\x01"}', "structure", "json-syntax"),
    ("noncharacter", '{"a":"\ufdd0"}'.encode(), "value", "character"),
    ("noncharacter of plane 16", '{"a":"\U0010ffff"}'.encode(), "value", "character"),
    ("NUL in a name", b'{"\\u0000":1}', "value", "character"),
    ("too many keys", b"{%b}" % b",".join(b'"k%d":1' % i for i in range(MAX_KEYS + 1)), "structure", "json-keys"),
    ("B70 too many items", b'{"a":[%b]}' % b",".join([b"1"] * (MAX_ITEMS + 1)), "too-costly", "json-items"),
    ("too many objects", b'{"a":[%b]}' % b",".join([b"{}"] * (MAX_CONTAINERS + 1)), "too-costly", "json-size"),
    ("endless number", b'{"a":%b}' % (b"1" * (MAX_NUMBER_LENGTH + 1)), "value", "number-length"),
    ("an array", b"[]", "structure", "json-object"),
    ("a string", b'"Task"', "structure", "json-object"),
    ("a comment", b'{"a":1 /* */}', "structure", "json-syntax"),
    ("a trailing comma", b'{"a":1,}', "structure", "json-syntax"),
    ("single quotes", b"{'a':1}", "structure", "json-syntax"),
    ("a leading zero", b'{"a":01}', "structure", "json-syntax"),
]


@pytest.mark.parametrize(("body", "code", "rule"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED])
def test_what_is_not_strict_json_is_refused(body: bytes, code: str, rule: str) -> None:
    with pytest.raises(Refusal) as refusal:
        parse(body)
    assert (refusal.value.issues[0].code, refusal.value.issues[0].rule) == (code, rule)


def test_the_limits_themselves_are_accepted() -> None:
    parse(_nested(MAX_DEPTH))
    parse(b'{"a":[%b]}' % b",".join([b"1"] * MAX_ITEMS))
    parse(b"{%b}" % b",".join(b'"k%d":1' % i for i in range(MAX_KEYS)))
    parse(b'{"a":%b}' % (b"1" * MAX_NUMBER_LENGTH))
    parse('{"a":"\\ud83d\\ude00 tab\\t line\\n é"}'.encode())


@pytest.mark.parametrize(
    ("body", "at"),
    [
        (b'{"resourceType":"Task","input":[{"a":1},{"b":{"c":1,"c":2}}]}', "Task.input[1].b"),
        (b'{"resourceType":"Task","input":[{"value":NaN}]}', "Task.input[0].value"),
        (b'{"resourceType":"Task","note":[{"text":"\\u0007"}]}', "Task.note[0].text"),
        (b'{"resourceType":"Task","n":%b}' % (b"1" * 99), "Task.n"),
        (b'{"resourceType":"Nobody","n":"\\u0007"}', "n"),
        (b'{"resourceType":"Task","__proto__":"\\u0007"}', "Task.?"),
    ],
)
def test_a_refusal_says_where(body: bytes, at: str) -> None:
    with pytest.raises(Refusal) as refusal:
        parse(body)
    assert refusal.value.issues[0].at == at


@given(st.binary(max_size=60) | st.text(alphabet='{}[]":,\\\\u0d8 01eE.-truefalsn', max_size=60).map(str.encode))
def test_any_bytes_at_all_are_an_object_or_refused(body: bytes) -> None:
    try:
        tree = parse(body)
    except Refusal:
        return
    assert parse(dump(tree)) == tree


def test_a_refusal_never_repeats_what_was_sent() -> None:
    bodies = [
        f'{{"resourceType":"{CANARY}","a":"{CANARY}\\u0000"}}',
        f'{{"<{CANARY}>":1,"<{CANARY}>":2}}',
        f'{{"a":"{CANARY}" {CANARY}',
        f'{{"a":{CANARY}}}',
        f'{{"a":"\\ud800{CANARY}"}}',
    ]
    for body in bodies:
        with pytest.raises(Refusal) as refusal:
            parse(body.encode())
        assert CANARY not in repr(refusal.value.issues)


def test_what_is_no_json_value_is_not_written() -> None:
    with pytest.raises(TypeError):
        dump({"a": Decimal("1")})
