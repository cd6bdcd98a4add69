"""What every command has in common: help with an example, and one line when it was typed wrongly."""

import shlex
from collections.abc import Iterator

import pytest
import typer.main

from app.cli.main import app, run
from app.version import VERSION
from tests.cli.operator import Terminal


def commands(group: object, *words: str) -> Iterator[tuple[str, ...]]:
    below = getattr(group, "commands", None)
    if below is None:
        yield words
        return
    for name, command in below.items():
        yield from commands(command, *words, name)


COMMANDS = sorted(commands(typer.main.get_command(app)))


def test_the_commands_are_those_of_this_release() -> None:
    assert [" ".join(words) for words in COMMANDS] == [
        "client add",
        "client list",
        "deliveries list",
        "deliveries retry",
        "deliveries skip",
        "demo",
        "ehr add",
        "ehr list",
        "migrate",
        "organization add",
        "organization list",
        "profiles install",
        "profiles list",
        "profiles validate",
        "search-index rebuild",
        "search-index status",
        "serve",
        "simulate ehr",
        "staff add",
        "terminology import",
        "terminology list",
        "token",
        "worker",
    ]


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_help_shows_an_example_that_can_be_copied(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*words, "--help"]) == 0
    _, found, example = capsys.readouterr().out.partition("Example:\n")
    assert found
    typed = shlex.split(example.partition("\n\n")[0])
    assert "baton" in typed or "$(baton" in example
    assert " ".join(words) in " ".join(typed)


@pytest.mark.parametrize("words", [words for words in COMMANDS if words[-1] == "list"], ids=" ".join)
def test_what_lists_can_print_json(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    run([*words, "--help"])
    assert "--json" in capsys.readouterr().out


@pytest.mark.parametrize(
    "words",
    [
        ("nothing-of-ours",),
        ("organization", "add"),
        ("organization", "add", "s3cret-name", "s3cret-too-many"),
        ("organization", "add", "s3cret-name", "--kind", "s3cret-kind"),
        ("organization", "add", "s3cret-name", "--identifier", "s3cret-identifier"),
        ("organization", "list", "--s3cret"),
        (
            "client",
            "add",
            "s3cret-name",
            "--organization",
            "s3cret-place",
            "--scopes",
            "s",
            "--jwks-file",
            "s3cret-file",
        ),
        ("staff", "add", "a@b.example", "--organization", "Patient/s3cret", "--role", "intake"),
        ("deliveries", "retry", "s3cret"),
        ("serve", "--workers", "0"),
        ("simulate", "ehr", "--shape", "s3cret-shape"),
        ("simulate", "ehr", "--performer", "s3cret-performer"),
        ("simulate", "ehr", "--port", "0", "--switch", "s3cret-switch"),
        ("simulate", "ehr", "--port", "0", "--smart-client-id", "s3cret-app"),
        (
            "simulate",
            "ehr",
            "--port",
            "0",
            "--smart-client-id",
            "a",
            "--smart-redirect-uri",
            "b",
            "--smart-jwks-file",
            "s3cret-file",
        ),
    ],
    ids=lambda words: " ".join(words[:3]),
)
def test_wrong_usage_is_one_line_that_repeats_no_value(
    words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(list(words)) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("baton: ")
    assert said.err.count("\n") == 1
    assert "s3cret-" not in said.err


def test_a_process_ends_with_the_same_code_and_line(terminal: Terminal) -> None:
    assert "Missing" in terminal.baton("organization", "add", by_itself=True).refused(2)
    assert terminal.done("--version") == VERSION


def test_a_setting_that_does_not_exist_is_wrong_usage(terminal: Terminal) -> None:
    assert "BATON_COLOUR" in terminal.baton("organization", "list", BATON_COLOUR="blue").refused(2)


def test_a_database_that_does_not_answer_is_a_failure_in_one_line(terminal: Terminal) -> None:
    address = "postgresql://somebody:s3cret@127.0.0.1:1/nothing"
    assert "s3cret" not in terminal.baton("organization", "list", DATABASE_URL=address).refused(1)
