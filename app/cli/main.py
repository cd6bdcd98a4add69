"""`baton`: the commands, and how each of them ends: 0 done, 1 failed, 2 wrong usage, with one line that says why."""

import gc
import sys

import typer

from app.cli import (
    clients,
    deliveries,
    demo,
    ehrs,
    migrate,
    organizations,
    profiles,
    search_index,
    serve,
    simulate,
    staff,
    terminology,
    tokens,
)
from app.cli.failures import line_and_code
from app.version import VERSION

ABORTED = 130

app = typer.Typer(
    help="Baton: a referral for social care is handed over and never dropped.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
for group in (serve, migrate, demo, tokens):
    group.add_to(app)
for name, commands in (
    ("organization", organizations.commands),
    ("client", clients.commands),
    ("staff", staff.commands),
    ("ehr", ehrs.commands),
    ("deliveries", deliveries.commands),
    ("profiles", profiles.commands),
    ("terminology", terminology.commands),
    ("search-index", search_index.commands),
    ("simulate", simulate.commands),
):
    app.add_typer(commands, name=name)


@app.callback(invoke_without_command=False)
def baton(
    version: bool = typer.Option(False, "--version", is_eager=True, callback=lambda asked: _version(asked)),
) -> None:
    """Baton: a referral for social care is handed over and never dropped.

    Settings come from the environment; docs/operator.md lists them. Every command has --help with an example.
    """


def main() -> None:
    """Runs what was typed and ends the process."""
    code = run(sys.argv[1:])
    gc.freeze()  # else the interpreter looks through all that was imported once more: a sixth of a short command
    sys.exit(code)


def run(arguments: list[str]) -> int:
    """Runs one command; what goes wrong becomes one line on standard error."""
    try:
        ended = app(arguments, prog_name="baton", standalone_mode=False)
    except (KeyboardInterrupt, typer.Abort):
        return ABORTED
    except Exception as error:
        line, code = line_and_code(error, arguments)
        print("baton:", line, file=sys.stderr)
        return code
    return ended if isinstance(ended, int) else 0


def _version(asked: bool) -> None:
    if asked:
        print(VERSION)
        raise typer.Exit


if __name__ == "__main__":
    main()
