"""A narrative is harmless XHTML, or it is refused."""

from __future__ import annotations

import time

import pytest

from app.fhir.narrative import MAX_NARRATIVE_BYTES, narrative_flaw

XMLNS = 'xmlns="http://www.w3.org/1999/xhtml"'


def div(inner: str) -> str:
    return f"<div {XMLNS}>{inner}</div>"


@pytest.mark.parametrize(
    "inner",
    [
        "Plain text",
        "&amp; &#169; &copy; &nbsp;x",
        '<p class="a" style="color: red">x</p>',
        '<p style="background: white url(data:image/png;base64,iVBORw0KGgo=) repeat-x">x</p>',
        '<p style="background-image: url(tbl_bck1.png)">x</p>',
        '<table border="1"><thead><tr><th colspan="2">x</th></tr></thead><tbody><tr><td>y</td></tr></tbody></table>',
        '<a href="https://x.example/a?b=c">x</a><a name="here"></a><a href="#here">y</a>',
        '<a href="mailto:a@x.example">z</a>',
        '<img src="#picture" alt="a"/>',
        '<img src="data:image/png;base64,AAAA" alt="a"/>',
        "<!-- said aside --> x",
        "<ul><li>one</li></ul><br/><hr/>",
    ],
)
def test_formatted_text_is_accepted(inner: str) -> None:
    assert narrative_flaw(div(inner)) is None


@pytest.mark.parametrize(
    ("inner", "rule"),
    [
        ("<script>alert(1)</script>", "txt-1"),
        ("<SCRIPT>alert(1)</SCRIPT>", "txt-1"),
        ("<iframe src='https://evil.example'></iframe>x", "txt-1"),
        ("<object data='x'>x</object>", "txt-1"),
        ("<form action='/x'>x</form>", "txt-1"),
        ("<style>p {}</style>x", "txt-1"),
        ("<svg onload='x'>x</svg>", "txt-1"),
        ("<p onclick='x'>x</p>", "txt-1"),
        ("<a href='javascript:alert(1)'>x</a>", "txt-1"),
        ("<a href=' JaVaScRiPt:alert(1)'>x</a>", "txt-1"),
        ("<a href='java&#115;cript:alert(1)'>x</a>", "txt-1"),
        ("<a href='data:text/html,x'>x</a>", "txt-1"),
        ("<img src='data:image/svg+xml;base64,AAAA' alt=''/>", "txt-1"),
        ("<p style='background: url(https://evil.example)'>x</p>", "txt-1"),
        ("<p style='background: url(//evil.example/a.png)'>x</p>", "txt-1"),
        ("<p style='background: url(a.png); color: url(https://evil.example)'>x</p>", "txt-1"),
        ("<p style='background: url(data:text/html;base64,PHA+)'>x</p>", "txt-1"),
        ("<p style='width: expression(alert(1))'>x</p>", "txt-1"),
        ("<p style='width: e\\78pression(1)'>x</p>", "txt-1"),
        ("<?php x ?>x", "narrative-instruction"),
        ("&evil;", "narrative-entity"),
        ("<p>x", "narrative-form"),
        ("<b><i>x</b></i>", "narrative-form"),
        ("   ", "txt-2"),
        ("<p></p>&nbsp;", "txt-2"),
        ("<div>" * 80 + "x" + "</div>" * 80, "narrative-depth"),
    ],
)
def test_anything_active_or_broken_is_refused(inner: str, rule: str) -> None:
    flaw = narrative_flaw(div(inner))
    assert flaw is not None
    assert flaw[0] == rule


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("just text", "narrative-form"),
        ("<div>no namespace</div>", "narrative-form"),
        (f"<p {XMLNS}>x</p>", "narrative-form"),
        (f"<div {XMLNS}>a</div><div {XMLNS}>b</div>", "narrative-form"),
        (f'<!DOCTYPE div [<!ENTITY a "b">]><div {XMLNS}>&a;</div>', "narrative-doctype"),
        (f'<!DOCTYPE div SYSTEM "file:///etc/passwd"><div {XMLNS}>x</div>', "narrative-doctype"),
        (div("x" * MAX_NARRATIVE_BYTES), "narrative-length"),
    ],
)
def test_what_is_not_one_div_is_refused(text: str, rule: str) -> None:
    flaw = narrative_flaw(text)
    assert flaw is not None
    assert flaw[0] == rule


def test_entities_within_entities_cost_nothing() -> None:
    entities = "".join(f'<!ENTITY a{i} "{f"&a{i - 1};" * 10}">' for i in range(1, 12))
    start = time.process_time()
    flaw = narrative_flaw(f'<!DOCTYPE d [<!ENTITY a0 "x">{entities}]><div {XMLNS}>&a11;</div>')
    assert flaw is not None
    assert time.process_time() - start < 0.1
