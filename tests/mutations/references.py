"""References that lead where they may not: what to put at a place, and what to contain beside it."""

from __future__ import annotations

from collections.abc import Iterator

from tests.mutations.definitions import R4_URL, Tree, structure
from tests.mutations.elements import Element, in_r4
from tests.mutations.samples import CONTAINED, FITTING, contained

# (variant, the reference, the resource to contain)
Led = tuple[str, Tree, Tree | None]


def strangers(element: Element) -> Iterator[Led]:
    """To a type that the profile has not: one that R4 allows there, and one that it does not. A literal reference tells
    its type by its address; what is contained can be looked at."""
    allowed = types_of(_targets(element))
    original = in_r4(element.base_path)
    r4_types = types_of(_targets(original)) if original is not None else frozenset(("Resource",))
    if not allowed or "Resource" in allowed:
        return
    in_between = [each for each in CONTAINED if each not in allowed and (each in r4_types or "Resource" in r4_types)]
    outside = [each for each in CONTAINED if each not in allowed and each not in in_between]
    for type_name in in_between[:1]:
        yield "contained", {"reference": "#target"}, contained(type_name)
        yield "literal", {"reference": f"{type_name}/example"}, None
        yield "told", {"type": type_name, "identifier": {"system": "http://example.org/numbers", "value": "7"}}, None
    for type_name in outside[:1]:
        yield "outside-r4", {"reference": "#target"}, contained(type_name)


def unfit(element: Element) -> Iterator[Led]:
    """To a resource of a right type that is not what the target profile wants."""
    targets = _targets(element)
    plain = {url.removeprefix(R4_URL) for url in targets if url.startswith(R4_URL)}
    for url in targets:
        for type_name in types_of((url,)):
            if type_name in CONTAINED.keys() - FITTING and type_name not in plain and "Resource" not in plain:
                yield "unfit", {"reference": "#target"}, contained(type_name)
                return


def types_of(urls: tuple[str, ...]) -> frozenset[str]:
    """The types that profiles are about."""
    found = (structure(url) for url in urls)
    return frozenset(definition["type"] for definition in found if definition is not None)


def _targets(element: Element) -> tuple[str, ...]:
    return tuple(url for kind in element.kinds if kind.code == "Reference" for url in kind.targets)
