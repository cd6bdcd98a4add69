"""One file an operation; this is the list of them, for dispatch and for the CapabilityStatement."""

from app.services.operations import everything, expand, lookup, meta, validate, validate_code
from app.services.operations.operation import Level, Operation

__all__ = ["OPERATIONS", "Level", "Operation", "operation"]

OPERATIONS: tuple[Operation, ...] = (
    everything.OPERATION,
    meta.OPERATION,
    validate.OPERATION,
    expand.OPERATION,
    validate_code.OPERATION,
    lookup.OPERATION,
)


def operation(name: str, level: Level, type_name: str = "") -> Operation | None:
    """The operation of this name (without `$`) that is offered there, or None."""
    return next((each for each in OPERATIONS if each.name == name and each.offered(level, type_name)), None)
