"""What this machine lacks for some tests, and how to get it: nothing is skipped without being named.

A test says `@pytest.mark.needs("chromium")`. Where the part is missing it is skipped, and the end of the run lists it
with the remedy. With CI=true a skip fails the run, but for parts that no package manager brings.
"""

import os
import shutil
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SHARED = Path(os.environ.get("BATON_TESTS_SHARED", ROOT.parent / "shared"))
NODE_CLIENTS = ROOT / "tests" / "clients" / "node"
SYSTEM_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@dataclass(frozen=True, slots=True)
class Part:
    """`find` gives the part's place, or None. A part that is `installable` has no excuse in CI."""

    find: Callable[[], str | None]
    remedy: str
    installable: bool = True


def chromium() -> str | None:
    """The system's Chromium, else the newest that Playwright installed for this user."""
    system = next(filter(None, map(shutil.which, SYSTEM_BROWSERS)), None)
    own = sorted((Path.home() / ".cache" / "ms-playwright").glob("chromium-*/chrome-linux*/chrome"))
    return system or (str(own[-1]) if own else None)


def node_clients() -> str | None:
    """Where npm has put what is locked there; newer than the lock, or it is something else."""
    lock, installed = NODE_CLIENTS / "package-lock.json", NODE_CLIENTS / "node_modules" / ".package-lock.json"
    fresh = installed.exists() and installed.stat().st_mtime >= lock.stat().st_mtime
    return str(installed.parent) if fresh and shutil.which("node") else None


PARTS = {
    "chromium": Part(chromium, "apt-get install chromium, or .venv/bin/playwright install chromium"),
    "node-clients": Part(node_clients, "apt-get install nodejs npm, then make clients"),
    "root": Part(lambda: "root" if os.geteuid() == 0 else None, "run the tests as root", installable=False),
    "shared": Part(
        lambda: str(SHARED) if (SHARED / "fhir").exists() else None,
        f"put the folder of shared material at {SHARED}",
        installable=False,
    ),
}


EXCUSED = tuple(f"needs {name}:" for name, part in PARTS.items() if not part.installable)


def pytest_runtest_setup(item: pytest.Item) -> None:
    for marker in item.iter_markers("needs"):
        for name in marker.args:
            if PARTS[name].find() is None:
                pytest.skip(f"needs {name}: {PARTS[name].remedy}")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reasons = Counter(_reason(report) for report in terminalreporter.stats.get("skipped", []))
    if reasons:
        terminalreporter.section("not run on this machine")
    for reason, count in sorted(reasons.items()):
        terminalreporter.write_line(f"{count} test{'s' if count > 1 else ''}: {reason}")


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None and os.environ.get("CI") == "true":
        reasons = [_reason(report) for report in reporter.stats.get("skipped", [])]
        if not all(reason.startswith(EXCUSED) for reason in reasons):
            session.exitstatus = pytest.ExitCode.TESTS_FAILED


def _reason(report: pytest.TestReport | pytest.CollectReport) -> str:
    text = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    return text.removeprefix("Skipped: ")


if __name__ == "__main__":
    place = PARTS[sys.argv[1]].find()
    print(place or PARTS[sys.argv[1]].remedy)
    sys.exit(place is None)
