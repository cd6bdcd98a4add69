"""How a command reads what was typed: references, identifiers, files."""

from pathlib import Path
from uuid import UUID

import typer


def organization(typed: str) -> UUID:
    """The key of `Organization/<id>`, as `baton organization add` printed it."""
    kind, _, key = typed.partition("/")
    try:
        if kind == "Organization":
            return UUID(key)
    except ValueError:
        pass
    raise typer.BadParameter(
        "write Organization/<id>, as 'baton organization add' printed it", param_hint="--organization"
    )


def identifier(typed: str) -> tuple[str, str]:
    """(system, value) of 'SYSTEM|VALUE'."""
    system, bar, value = typed.partition("|")
    if not (system and bar and value):
        raise typer.BadParameter("write 'SYSTEM|VALUE', quoted because of the bar", param_hint="--identifier")
    return system, value


def file_bytes(path: Path, *, option: str, limit_bytes: int) -> bytes:
    """The content of a file that an option names; at most `limit_bytes` + 1 of it, so that a reader can refuse more."""
    try:
        with path.open("rb") as stream:
            return stream.read(limit_bytes + 1)
    except OSError:
        raise typer.BadParameter("the file cannot be read", param_hint=option) from None
