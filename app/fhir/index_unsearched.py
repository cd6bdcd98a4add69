"""References that no search parameter reads, of the types that a referral consists of.

What a referral names must stay, and R4 has no parameter for why a request was made (`reasonReference`), what a Task
was given (`input`) or what an extension says. Their rows stand beside those of the parameters, under a code of their
own that no search can ask for.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.fhir.index_rows import IndexValues, ReferenceValue
from app.fhir.references import each_reference, target_of

UNSEARCHED = "unsearched"
OF_TYPES = ("ServiceRequest", "Task")


def add_unsearched(type_name: str, tree: Mapping[str, Any], found: IndexValues, base: str) -> IndexValues:
    """The values of a resource's parameters, and every other reference of it, once each."""
    if type_name in OF_TYPES:
        known = {link.text for link in found.references}
        others = dict.fromkeys(each.text for each in each_reference(type_name, tree) if each.text not in known)
        found.references += [ReferenceValue(UNSEARCHED, text, *target_of(text, base), None, None) for text in others]
    return found
