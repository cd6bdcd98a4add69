"""Facts as JSON lines on standard error: words, ids and numbers, never a person's data.

`configure()` is called once by a command before it starts anything; everybody else writes `log.info("task_refused",
task=task_id, rule="task-transition")`. Only the fields of FIELDS get through (LOG-01): a field that is not listed is
dropped and counted. Exceptions become their class and the lines of code they passed, never their message. Messages of
libraries keep their constant template and lose their arguments; uvicorn's access log is silenced, since it would write
query strings: the FHIR face writes one `request` line with the route's template instead (LOG-02).
"""

import json
import logging
import sys
import traceback
from collections.abc import Callable, MutableMapping
from pathlib import Path
from types import TracebackType
from typing import Any, Final, TextIO
from uuid import UUID

import orjson
import structlog
from structlog.typing import EventDict, FilteringBoundLogger

FIELDS: Final = frozenset(
    {
        # where and when
        "at", "event", "level", "logger", "request_id", "pid", "port", "signal",
        # a request: the route's template, never the path
        "method", "route", "status", "duration_ms",
        # what it was about: ids that we gave, FHIR type names, rule words
        "account", "attempt", "client", "code", "connection", "count", "delivery", "handler", "interaction", "kind",
        "member", "referral", "resource", "rule", "task", "total", "type", "version", "wait_s",
        # what went wrong: an exception's class and places in the code
        "dropped", "error", "trace",
    }
)  # fmt: skip
MAX_TEXT = 200
MAX_FRAMES = 12
# These write constant templates with arguments apart; asyncio and others put values into the template itself.
TEMPLATES_KEPT = ("alembic", "uvicorn")

log: Final[FilteringBoundLogger] = structlog.get_logger()


def configure(level: str = "info", stream: TextIO | None = None) -> None:
    """Sends our lines and those of every library to `stream` (standard error) as allow-listed JSON."""
    number = logging.getLevelNamesMapping()[level.upper()]
    out = stream or sys.stderr
    structlog.configure(
        processors=[structlog.contextvars.merge_contextvars, structlog.processors.add_log_level, *_last_steps()],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.WriteLoggerFactory(out),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(out)
    handler.setFormatter(_LibraryLine())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(max(number, logging.INFO))
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        library = logging.getLogger(name)
        library.handlers.clear()
        library.propagate = name != "uvicorn.access"
    # Each outgoing request's URL would be an INFO line of httpx.
    for name in ("httpx", "httpcore", "sqlalchemy.engine"):
        logging.getLogger(name).setLevel(logging.WARNING)


def bind_request(request_id: str) -> None:
    """From here on every line of this request (this asyncio task) carries its id."""
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request_id=request_id)


def _last_steps() -> list[Callable[[Any, str, EventDict], Any]]:
    stamp = structlog.processors.TimeStamper(fmt="iso", utc=True, key="at")
    return [stamp, _without_messages, _allow_listed, _as_json_line]


def _without_messages(_: Any, __: str, event: EventDict) -> EventDict:
    """An exception's class and its path through the code; its message may quote what a person wrote."""
    info = event.pop("exc_info", None)
    error = sys.exc_info()[1] if info is True else info[1] if isinstance(info, tuple) else info
    if isinstance(error, BaseException):
        event["error"] = type(error).__name__
        event["trace"] = _path_through_code(error.__traceback__)
    return event


def _path_through_code(trace: TracebackType | None) -> str:
    frames = traceback.extract_tb(trace)[-MAX_FRAMES:]
    return " > ".join(f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames)


def _allow_listed(_: Any, __: str, event: EventDict) -> EventDict:
    kept = {name: _plain(name, value) for name, value in event.items() if name in FIELDS}
    dropped = len(event) - len(kept)
    return kept | ({"dropped": dropped} if dropped else {})


# tuples: a union written in place would be made anew for each field of each line
_NUMBERS: Final = (bool, int, float)
_TEXTS: Final = (str, UUID)


def _plain(name: str, value: object) -> object:
    """Numbers and short texts; of anything else only its class, since its text may hold data."""
    if value is None or isinstance(value, _NUMBERS):
        return value
    if isinstance(value, _TEXTS):
        return str(value) if name == "trace" else str(value)[:MAX_TEXT]
    return type(value).__name__


def _as_json_line(_: Any, __: str, event: MutableMapping[str, Any]) -> str:
    """ASCII only, so that no line break, escape sequence or direction mark of any script gets out (LOG-03)."""
    line = orjson.dumps(event).decode()
    if line.isascii() and "\x7f" not in line:
        return line
    return json.dumps(event, ensure_ascii=True, separators=(",", ":")).replace("\x7f", "\\u007f")


class _LibraryLine(logging.Formatter):
    """A record of the standard logging as one of our lines."""

    def format(self, record: logging.LogRecord) -> str:
        known = record.name.split(".")[0] in TEMPLATES_KEPT and isinstance(record.msg, str)
        event: Any = {
            "event": record.msg.strip() if known else "library_message",
            "logger": record.name,
            "level": record.levelname.lower(),
            "exc_info": record.exc_info,
        } | structlog.contextvars.get_contextvars()
        for step in _last_steps():
            event = step(None, record.levelname, event)
        return str(event)
