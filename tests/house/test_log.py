"""Logs: JSON lines of words and ids; no person's data gets through, whoever writes the line."""

import io
import json
import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import structlog

from app.log import bind_request, configure, log

CANARY = "Maria Canary 1950-02-03"


@pytest.fixture
def lines() -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """Logs to memory; afterwards the standard logging is as it was."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    stream = io.StringIO()
    configure("info", stream)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


def test_a_line_is_words_ids_and_the_request_it_belongs_to(lines: Callable[[], list[dict[str, Any]]]) -> None:
    bind_request("req-1")
    log.info("task_refused", task="Task/1", rule="task-transition")
    (line,) = lines()
    assert line.pop("at").endswith("Z")
    assert line == {"event": "task_refused", "level": "info", "request_id": "req-1",
                    "task": "Task/1", "rule": "task-transition"}  # fmt: skip


def test_a_field_that_is_not_listed_is_dropped_and_counted(lines: Callable[[], list[dict[str, Any]]]) -> None:
    log.info("patient_seen", patient_name=CANARY)
    (line,) = lines()
    assert line["dropped"] == 1
    assert CANARY not in json.dumps(line)


def test_an_object_in_a_listed_field_becomes_its_class(lines: Callable[[], list[dict[str, Any]]]) -> None:
    log.info("patient_seen", resource={"name": CANARY})
    assert lines()[0]["resource"] == "dict"


def test_an_exception_leaves_its_class_and_place_and_not_its_message(lines: Callable[[], list[dict[str, Any]]]) -> None:
    try:
        raise ValueError(CANARY)
    except ValueError:
        log.exception("request_failed")
        logging.getLogger("some.library").exception("failed for %s", CANARY)
    ours, theirs = lines()
    assert ours["error"] == theirs["error"] == "ValueError"
    assert "test_log.py:" in ours["trace"]
    assert CANARY not in json.dumps([ours, theirs])


def test_line_breaks_escapes_and_direction_marks_stay_inside_one_ascii_line(
    lines: Callable[[], list[dict[str, Any]]],
) -> None:
    stream = io.StringIO()
    configure("info", stream)
    log.info("task_refused", rule='a\r\n{"event":"forged"}\x1b[31m\x7f\u202e')
    text = stream.getvalue()
    assert text.count("\n") == 1
    assert text.rstrip("\n").isascii()
    assert text.rstrip("\n").isprintable()


def test_a_librarys_message_keeps_its_template_and_loses_its_values(
    lines: Callable[[], list[dict[str, Any]]],
) -> None:
    logging.getLogger("uvicorn.error").info("Uvicorn running on %s", f"http://x?name={CANARY}")
    logging.getLogger("asyncio").error(f"Task failed with {CANARY}")
    assert [line["event"] for line in lines()] == ["Uvicorn running on %s", "library_message"]
    assert CANARY not in json.dumps(lines())


def test_the_web_servers_access_log_with_its_query_strings_is_silent(
    lines: Callable[[], list[dict[str, Any]]],
) -> None:
    logging.getLogger("uvicorn.access").info('%s - "%s"', "1.2.3.4", f"GET /fhir/Patient?name={CANARY}")
    logging.getLogger("httpx").info("HTTP Request: GET %s", f"http://x?name={CANARY}")
    assert lines() == []


def test_the_level_holds_for_our_own_lines(lines: Callable[[], list[dict[str, Any]]]) -> None:
    stream = io.StringIO()
    configure("warning", stream)
    log.info("task_seen", task="Task/1")
    log.warning("task_refused", task="Task/1")
    assert [json.loads(line)["event"] for line in stream.getvalue().splitlines()] == ["task_refused"]
