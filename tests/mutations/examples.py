"""The examples of the guide and of US Core, as cases: good as they are.

Those of older versions of US Core are not held to its profiles, which are of another version here.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache

from app.fhir.registry import Registry
from tests.mutations.definitions import examples_of, examples_of_the_guide
from tests.mutations.generate import Case

VERSIONS = ("7.0.0", "6.1.0", "3.1.1")
JUDGED_BY_PROFILES = "7.0.0"


@cache
def of_the_guide() -> tuple[Case, ...]:
    return tuple(Case(f"example/{name}", "", body) for name, body in examples_of_the_guide())


@cache
def of_us_core() -> tuple[Case, ...]:
    """Of the types that are served."""
    return tuple(case for version in VERSIONS for case in _of(version))


def _of(version: str) -> Iterator[Case]:
    served = set(Registry.load().types)
    for name, body in examples_of(f"hl7.fhir.us.core#{version}"):
        tree = json.loads(body)
        if tree["resourceType"] not in served:
            continue
        if version != JUDGED_BY_PROFILES:
            tree.get("meta", {}).pop("profile", None)
            if not tree.get("meta", True):
                del tree["meta"]
            body = json.dumps(tree, ensure_ascii=False, separators=(",", ":")).encode()
        yield Case(f"us-core-{version}/{name.removesuffix('.json')}", "", body)
