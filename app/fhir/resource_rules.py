"""Rules that look further than one element: references by their type, contained resources, where an extension stands.

*Source*: R4 references.html, extensibility.html, domainresource.html (dom-2 to dom-5), invariant ref-1; security sheet
B50, B52, B53.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from app.fhir.errors import Value
from app.fhir.primitives import MAX_STRING, Flaw
from app.fhir.problems import Finder, Pointer, Problems, report
from app.fhir.references import Conditional, Local, Remote, parse_reference
from app.fhir.tables import r4

_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}", re.ASCII)
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:", re.ASCII)
_RELATIVE = Flaw("value", "extension-url", "The url of an extension is absolute, but for a part of an extension.")
_TYPE_DIFFERS = Flaw("value", "reference-type", "Reference.type must agree with the type in the reference.")
_DANGLING = Flaw("invariant", "ref-1", "A reference to #id needs a contained resource with that id.")
_NESTED = Flaw("invariant", "dom-2", "A contained resource may not contain resources.")
_UNUSED = Flaw(
    "invariant", "dom-3", "A contained resource must have an id that is referred to, or refer to its container."
)
_VERSIONED = Flaw("invariant", "dom-4", "A contained resource has no meta.versionId and no meta.lastUpdated.")
_LABELLED = Flaw("invariant", "dom-5", "A contained resource has no meta.security.")
_TWICE = Flaw("invariant", "contained-id", "Contained resources need different ids.")


def reference_flaws(tree: dict[str, Any], targets: frozenset[str], found: Problems) -> None:
    """The form of a reference, and its type when the text or `type` tells it."""
    text = tree.get("reference")
    named = _named(tree)
    kind = None
    if type(text) is str and text:
        if text.startswith("#"):
            return report(found, _DANGLING, "reference", Pointer(text, targets, named))
        try:
            target = parse_reference(text, "")
        except Value as refusal:
            issue = refusal.issues[0]
            return report(found, Flaw(issue.code, issue.rule, issue.message), "reference")
        kind = target.type if isinstance(target, (Local, Remote, Conditional)) else None
    if named:
        if kind is not None and named != kind:
            report(found, _TYPE_DIFFERS, "type")
        if kind is None and targets and named not in targets:
            report(found, _wrong_type(targets), "type")
    if kind is not None and targets and kind not in targets:
        report(found, _wrong_type(targets), "reference")


def _named(tree: dict[str, Any]) -> str:
    """The type of R4 in `type`; "" where there is none, or another name: R4 binds it extensibly."""
    named = tree.get("type")
    return named if type(named) is str and named in r4().resource_types else ""


def is_plain(tree: Any, targets: frozenset[str]) -> bool:
    """At a glance: Type/id of a type that may stand here, and perhaps words, as most references are."""
    if type(tree) is not dict or len(tree) > 2 or (len(tree) == 2 and "display" not in tree):
        return False
    text, words = tree.get("reference"), tree.get("display", "-")
    if type(text) is not str or type(words) is not str or not 0 < len(words) <= MAX_STRING:
        return False
    kind, _, fhir_id = text.partition("/")
    return kind in (targets or r4().resource_types) and _ID.fullmatch(fhir_id) is not None


def extension_with_address(finder: Finder) -> Finder:
    """Of an extension that is no part of another one: a part's address may be relative to the whole."""

    def find(tree: Any, found: Problems) -> None:
        finder(tree, found)
        url = tree.get("url") if type(tree) is dict else None
        if type(url) is str and url and not _SCHEME.match(url):
            report(found, _RELATIVE, "url")

    return find


def check_pointers(tree: dict[str, Any], found: Problems, start: int) -> None:
    """Settles the `#id` references that the checkers noted: those that lead to a contained resource of a right type,
    and name no other, are no problem."""
    contained = {item["id"]: item.get("resourceType") for item in _contained(tree) if type(item.get("id")) is str}
    waiting = found[start:]
    del found[start:]
    for problem in waiting:
        if problem.pointer is None:
            found.append(problem)
            continue
        name = problem.pointer.text[1:]
        kind = contained.get(name) if name else tree.get("resourceType")
        if type(kind) is not str:
            report(found, problem.flaw, problem.at)
        elif problem.pointer.targets and kind not in problem.pointer.targets:
            report(found, _wrong_type(problem.pointer.targets), problem.at)
        elif problem.pointer.named not in ("", kind):
            report(found, _TYPE_DIFFERS, f"{problem.at.removesuffix('reference')}type")


def check_contained(tree: dict[str, Any], found: Problems) -> None:
    """dom-2 to dom-5, and that no two contained resources share an id."""
    seen: set[str] = set()
    texts = set(_strings(tree)) if type(tree["contained"]) is list else set()
    for i, item in enumerate(_contained(tree)):
        at = f"contained[{i}]"
        meta = item["meta"] if type(item.get("meta")) is dict else {}
        if "contained" in item:
            report(found, _NESTED, f"{at}.contained")
        if "versionId" in meta or "lastUpdated" in meta:
            report(found, _VERSIONED, f"{at}.meta")
        if "security" in meta:
            report(found, _LABELLED, f"{at}.meta.security")
        id_ = item.get("id")
        if (type(id_) is not str or f"#{id_}" not in texts) and "#" not in _strings(item):
            report(found, _UNUSED, at)
        if type(id_) is str and id_ in seen:
            report(found, _TWICE, f"{at}.id")
        elif type(id_) is str:
            seen.add(id_)


def _wrong_type(targets: frozenset[str]) -> Flaw:
    return Flaw("value", "reference-target", f"This may refer to {', '.join(sorted(targets))} only.")


def _contained(tree: dict[str, Any]) -> list[dict[str, Any]]:
    items = tree.get("contained")
    return [item for item in items if type(item) is dict] if type(items) is list else []


def _strings(node: Any) -> Iterator[str]:
    """Every string below a node; a contained resource may be referred to by reference, canonical or uri."""
    if type(node) is str:
        yield node
    elif type(node) is list:
        for item in node:
            yield from _strings(item)
    elif type(node) is dict:
        for item in node.values():
            yield from _strings(item)
