"""A good resource, from which bad ones are made."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cache

from tests.mutations.definitions import Tree, examples_of_the_guide
from tests.mutations.sites import Pointer
from tests.mutations.words import GUIDE, merged


@dataclass(frozen=True, slots=True)
class Base:
    """An example of the guide (`source`) with a merge patch; without one, the patch is the whole resource. `pointer`:
    where in it the profile holds, for an extension."""

    profile: str
    name: str
    source: str = ""
    patch: Tree = field(default_factory=dict)
    pointer: Pointer = ()

    @property
    def id(self) -> str:
        return f"{self.profile}/{self.name}"

    @property
    def tree(self) -> Tree:
        start = examples()[self.source] if self.source else {"meta": {"profile": [f"{GUIDE}{self.profile}"]}}
        tree: Tree = merged(start, self.patch)
        return tree


@cache
def examples() -> dict[str, Tree]:
    """The guide's, by id."""
    trees = [json.loads(body) for _, body in examples_of_the_guide()]
    return {tree["id"]: tree for tree in trees}
