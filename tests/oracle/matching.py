"""Does a node answer one alternative of a search? One small function for each kind and modifier.

*Source*: R4 search.html#modifiers, #prefix, #escaping and the chapters of the kinds.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from tests.oracle.amounts import amounts, compares
from tests.oracle.definitions import Component, Parameter
from tests.oracle.extraction import Node, below
from tests.oracle.times import COMPARISONS, interval
from tests.oracle.values import (
    Link,
    Token,
    canonicals,
    displayed,
    folded,
    is_read,
    links,
    strings,
    times,
    tokens,
    typed,
)

PREFIXES = ("eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap")
_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}", re.ASCII)
_LOCAL = re.compile(r"([A-Z][A-Za-z]+)/([A-Za-z0-9\-.]{1,64})(?:/_history/[A-Za-z0-9\-.]{1,64})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Asked:
    """One alternative of a search's value: the parameter, its modifier or '', the text with its escapes, and the
    address of the server, whose own addresses are local."""

    parameter: Parameter | Component
    modifier: str
    text: str
    base: str


def matches(asked: Asked, node: Node) -> bool:
    """Whether this value answers. `:not` and `:missing` are about all values together: the oracle's affair."""
    kind = asked.parameter.kind
    if not is_read(kind, node):
        return False
    return _OF_MODIFIER.get((kind, asked.modifier), _OF_KIND[kind])(asked, node)


def alternatives(text: str) -> list[str]:
    """What stands between the commas that no backslash protects; other escapes are still there."""
    return list(_split(text, ","))


def _split(text: str, mark: str) -> Iterator[str]:
    part = ""
    for piece in re.findall(r"\\.|.", text, re.DOTALL):
        if piece == mark:
            yield part
        part = "" if piece == mark else part + piece
    yield part


def plain(text: str) -> str:
    return re.sub(r"\\([,|$\\])", r"\1", text)


def prefixed(text: str) -> tuple[str, str]:
    """(prefix, the rest)."""
    return (text[:2], text[2:]) if text[:2] in PREFIXES else ("eq", text)


# --- token


def _token(asked: Asked, node: Node) -> bool:
    text = asked.text.casefold() if node.type == "string" else asked.text
    return any(_is_token(text, token) for token in tokens(node))


def _is_token(text: str, token: Token) -> bool:
    system, bar, code = ("", "", text) if "|" not in _unescaped(text) else _halves(text)
    if bar and not code:
        return token.system == plain(system)
    if bar and (token.system or "") != plain(system):
        return False
    return token.code is not None and token.code == plain(code)


def _unescaped(text: str) -> str:
    return re.sub(r"\\.", "", text)


def _halves(text: str) -> tuple[str, str, str]:
    first, *rest = _split(text, "|")
    return first, "|", "|".join(rest)


def _token_text(asked: Asked, node: Node) -> bool:
    wanted = folded(plain(asked.text))
    return any(folded(text).startswith(wanted) for text in displayed(node))


def _of_type(asked: Asked, node: Node) -> bool:
    system, code, value = (plain(part) for part in _split(asked.text, "|"))
    return any(kind == Token(system, code) and of == value for kind, of in typed(node))


# --- string, uri


def _string(asked: Asked, node: Node) -> bool:
    wanted = folded(plain(asked.text))
    return any(folded(text).startswith(wanted) for text in strings(node))


def _contains(asked: Asked, node: Node) -> bool:
    wanted = folded(plain(asked.text))
    return any(wanted in folded(text) for text in strings(node))


def _exact(asked: Asked, node: Node) -> bool:
    return plain(asked.text) in strings(node)


def _uri(asked: Asked, node: Node) -> bool:
    return plain(asked.text) in canonicals(node)


# --- reference


def _reference(asked: Asked, node: Node) -> bool:
    return any(_is_link(asked, plain(asked.text), link, node) for link in links(node))


def _is_link(asked: Asked, text: str, link: Link, node: Node) -> bool:
    if node.type != "Reference":
        return text in (link.text, link.text.partition("|")[0])
    here = local(link.text, asked.base)
    if _ID.fullmatch(text):
        return here is not None and here[1] == text and asked.modifier in ("", here[0])
    wanted = local(text, asked.base)
    return here == wanted if wanted else bool(text) and text == link.text


def local(text: str, base: str) -> tuple[str, str] | None:
    """(type, id) of a reference to this server's own resource, relative or absolute, versioned or not."""
    found = _LOCAL.fullmatch(text.removeprefix(f"{base}/"))
    return (found[1], found[2]) if found else None


def _identifier(asked: Asked, node: Node) -> bool:
    return any(link.identifier is not None and _is_token(asked.text, link.identifier) for link in links(node))


# --- date, number, quantity


def _date(asked: Asked, node: Node) -> bool:
    prefix, text = prefixed(plain(asked.text))
    wanted = interval(text)
    return any(COMPARISONS[prefix](wanted, value) for value in times(node))


def _amount(asked: Asked, node: Node) -> bool:
    number, *unit = _split(asked.text, "|")
    prefix, text = prefixed(number)
    system, code = (plain(part) for part in (*unit, "", "")[:2])
    return any(
        compares(prefix, text, amount)
        and (not system or system == amount.system)
        and (not code or code == amount.code or (not system and code == amount.unit))
        for amount in amounts(node)
    )


# --- composite


def _composite(asked: Asked, node: Node) -> bool:
    """Each part holds for some value below the same element."""
    assert isinstance(asked.parameter, Parameter)
    parts = zip(asked.parameter.components, _split(asked.text, "$"), strict=True)
    return all(
        any(matches(Asked(part, "", text, asked.base), found) for found in below(part.expressions, node))
        for part, text in parts
    )


_OF_KIND: Mapping[str, Callable[[Asked, Node], bool]] = {
    "token": _token,
    "reference": _reference,
    "date": _date,
    "string": _string,
    "uri": _uri,
    "number": _amount,
    "quantity": _amount,
    "composite": _composite,
}
_OF_MODIFIER: Mapping[tuple[str, str], Callable[[Asked, Node], bool]] = {
    ("token", "text"): _token_text,
    ("token", "of-type"): _of_type,
    ("string", "exact"): _exact,
    ("string", "contains"): _contains,
    ("reference", "identifier"): _identifier,
}
