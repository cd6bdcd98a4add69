"""Why a command ended, in one line, and its exit code. The line never repeats what was typed: it may be a secret."""

from collections.abc import Sequence

import typer

from app.fhir.errors import Invalid, Refusal, Required
from app.log import log
from app.settings import SettingsError

FAILED, WRONG_USAGE = 1, 2


class Failed(Exception):
    """A command could not do its work; its text says why."""


def line_and_code(error: Exception, arguments: Sequence[str]) -> tuple[str, int]:
    """What to print after `baton:`, and 1 or 2."""
    if isinstance(error, typer.TyperException):
        return _typed_wrongly(error, arguments), error.exit_code
    if isinstance(error, SettingsError):
        return _one_line(str(error)), WRONG_USAGE
    if isinstance(error, Refusal):
        line = " ".join(issue.message for issue in error.issues)
        return _one_line(line), WRONG_USAGE if isinstance(error, Invalid | Required) else FAILED
    return _failed(error), FAILED


def _typed_wrongly(error: typer.TyperException, arguments: Sequence[str]) -> str:
    """The library's words without the value that it quotes."""
    words = error.format_message()
    values = {part for argument in arguments for part in (argument, argument.partition("=")[2]) if part}
    for value in sorted((value for value in values if not value.startswith("-")), key=len, reverse=True):
        for quoted in (f"({value})", repr(value), f": {value}"):
            words = words.replace(quoted, quoted.replace(value, "...") if quoted[0] == "(" else "what was given")
    words = words.replace("such command what was given", "such command")
    return f"{_one_line(words)} (--help shows how)"


def _failed(error: Exception) -> str:
    kind = type(error)
    ours = kind.__module__.startswith("app.") or kind is LookupError
    if ours and str(error):
        return _one_line(str(error))
    log.debug("command_failed", exc_info=error)
    if isinstance(error, OSError) or kind.__module__.startswith("asyncpg"):
        return f"the database or a file could not be used ({kind.__name__}); BATON_LOG_LEVEL=debug shows where"
    return f"something unforeseen happened ({kind.__name__}); BATON_LOG_LEVEL=debug shows where"


def _one_line(text: str) -> str:
    return " ".join(text.split())
