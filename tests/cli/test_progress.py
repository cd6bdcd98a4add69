"""A bar for long work: where a person looks on, and not before it has lasted a while."""

import io
import sys

import pytest

from app.cli import progress


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


def shown(monkeypatch: pytest.MonkeyPatch, screen: io.StringIO, appears_after_s: float) -> str:
    """What stands there while work of which a third is done goes on."""
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setattr(progress, "APPEARS_AFTER_S", appears_after_s)
    monkeypatch.setenv("TERM", "xterm")
    with progress.bar("definitions") as bar:
        bar.advance(1, 3)
    return screen.getvalue()


def test_who_waits_long_sees_how_far_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    said = shown(monkeypatch, Screen(), 0)
    assert "definitions" in said
    assert "1/3" in said


def test_short_work_shows_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    assert shown(monkeypatch, Screen(), 60) == ""


def test_a_log_gets_no_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    assert shown(monkeypatch, io.StringIO(), 0) == ""
