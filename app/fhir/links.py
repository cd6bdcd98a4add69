"""Links between the entries of a transaction, and how they become real once the entries have ids.

*Source*: R4 http.html#trules: references, elements of type uri, url, oid and uuid, and the links of a narrative; never
a canonical. A reference to a version stays one, of the version that the transaction makes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache, partial
from typing import Any, TypeVar

from app.fhir.tables import r4

HISTORY = "/_history/"
# until it is known which
NEW_VERSION = "of-this-transaction"
_LINKING = frozenset(("uri", "url", "oid", "uuid"))
_OTHER_TEXTS = frozenset(("canonical", "code", "id", "markdown", "string"))
# a few types have other texts by these names; nothing of theirs is what an entry is called
_ALWAYS = frozenset(("reference", "source", "system", "uri", "url"))
_HREF = re.compile(r"""\b((?:href|src)\s*=\s*)("[^"]*"|'[^']*')""", re.IGNORECASE)
Tree = TypeVar("Tree", dict[str, Any], list[Any])


@cache
def names() -> frozenset[str]:
    """The JSON names of the elements that may link to an entry."""
    kinds: dict[str, set[str]] = {}
    for path in r4().types:
        for element in r4().children(path):
            for name, kind in element.json_names().items():
                kinds.setdefault(name, set()).add(kind.code)
    return _ALWAYS | {name for name, found in kinds.items() if found & _LINKING and not found & _OTHER_TEXTS}


def rewrite(tree: Tree, mapping: Mapping[str, str]) -> Tree:
    """The same tree, changed in place: each link that equals a key of `mapping` becomes its value; nothing else
    moves."""
    stack: list[Any] = [tree]
    while stack:
        node = stack.pop()
        if type(node) is dict:
            for name, value in node.items():
                if type(value) is dict:
                    stack.append(value)
                elif type(value) is str or type(value) is list:
                    node[name] = turned(name, value, mapping)
        elif type(node) is list:
            stack.extend(item for item in node if type(item) is dict or type(item) is list)
    return tree


def turned(name: str, value: Any, mapping: Mapping[str, str]) -> Any:
    """The value of a member of this name, changed in place unless it is a text."""
    if type(value) is list:
        if name in names():
            value[:] = [mapping.get(item, item) if type(item) is str else item for item in value]
        return rewrite(value, mapping)
    if type(value) is not str:
        return rewrite(value, mapping) if type(value) is dict else value
    if name == "div":
        return _HREF.sub(partial(_href, mapping=mapping), value)
    if name == "reference":
        head, mark, _ = value.partition(HISTORY)
        if mark and not head.endswith(mapping.get(head, head)):  # else it names a version that may be there
            return f"{mapping[head]}{HISTORY}{NEW_VERSION}"
        return mapping.get(value, value)
    return mapping.get(value, value) if name in names() else value


def _href(found: re.Match[str], mapping: Mapping[str, str]) -> str:
    quote, text = found[2][0], found[2][1:-1]
    return f"{found[1]}{quote}{mapping.get(text, text)}{quote}"
