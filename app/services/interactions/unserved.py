"""A type that is asked for and not served: what the answer says, and which types are still to come."""

from collections.abc import Mapping
from types import MappingProxyType

from app.fhir.errors import NotFound, NotSupported, Refusal

# what a client may try at once, and where it finds the same meanwhile
TO_COME: Mapping[str, str] = MappingProxyType(
    {"Subscription": "subscriptions are not taken yet: poll with _lastUpdated=gt and the time of your last look"}
)


def unserved(type_name: str, interaction: str, at: str = "") -> Refusal:
    """404, or 422 for who would create what will be served one day."""
    if interaction == "create" and type_name in TO_COME:
        return NotSupported("type-to-come", TO_COME[type_name], at)
    return NotFound("type-not-served", "this resource type is not served; /fhir/metadata lists those that are", at)
