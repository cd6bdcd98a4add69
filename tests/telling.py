"""What a test tells at the end of the run, whether it passed or not: `record_property("told", "...")`."""

import pytest


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reports = [each for word in ("passed", "failed") for each in terminalreporter.stats.get(word, [])]
    for report in reports:
        for name, text in report.user_properties:
            if name == "told":
                terminalreporter.section(f"told by {report.nodeid.rsplit('::', 1)[-1]}")
                terminalreporter.write_line(str(text))
