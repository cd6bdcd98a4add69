"""What is answered without being stored: (type, interaction) -> who answers it in place of the ordinary handler."""

from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType

from app.services.caller import Caller
from app.services.interactions import audit_events, definitions
from app.services.network import Network
from app.services.requests import FhirRequest, FhirResponse

Handler = Callable[[Network, Caller, FhirRequest], Awaitable[FhirResponse]]
COMPUTED: Mapping[tuple[str, str], Handler] = MappingProxyType(
    {
        ("AuditEvent", "read"): audit_events.read,
        ("AuditEvent", "search-type"): audit_events.search,
        ("ValueSet", "read"): definitions.read,
        ("ValueSet", "search-type"): definitions.search,
        ("CodeSystem", "read"): definitions.read,
        ("CodeSystem", "search-type"): definitions.search,
    }
)
COMPUTED_TYPES = frozenset(type_name for type_name, _ in COMPUTED)
