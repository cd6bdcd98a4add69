"""`baton profiles`: what resources are judged by; official packages installed; files judged, for anybody's CI."""

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli import arguments
from app.cli.printing import print_list
from app.cli.progress import bar
from app.cli.running import AsJson, on_network
from app.log import configure

if TYPE_CHECKING:
    from app.fhir.profiles.guides import Conformance
    from app.services.network import Network
    from app.services.profiles.files import Judged
    from app.services.profiles.install import Installed

commands = typer.Typer(help="Profiles: what resources are judged by.", no_args_is_help=True)
MAX_PACKAGE_BYTES = 512 * 1024 * 1024
NONE: tuple[str, ...] = ()
NO_FILES: tuple[Path, ...] = ()
ERRORS = 1


@commands.callback()
def profiles() -> None:
    """Profiles: what resources are judged by."""


@commands.command("list")
def list_them(as_json: AsJson = False) -> None:
    """Every profile and extension that this network judges by, shipped or installed.

    \b
    Example:
      baton profiles list
    """
    from app.services.profiles.listing import listing

    async def listed(network: "Network") -> list[dict[str, str]]:
        return [asdict(row) for row in listing(network.conformance)]

    print_list(on_network(listed), as_json=as_json, empty="None.")


@commands.command("install")
def install(
    file: Annotated[Path, typer.Argument(metavar="FILE.tgz", help="An official FHIR package for R4.")],
    require: Annotated[
        list[str] | None,
        typer.Option(metavar="PROFILE", help="All resources of its type must fit this one; repeatable."),
    ] = None,
) -> None:
    """Install a package of profiles and value sets. They are enforced from the next start of the server on: on
    resources that declare them, or, with --require, on every resource of the type.

    What was stored before is left as it is, and a referral under way goes on.

    \b
    Example:
      baton profiles install county.example.referrals.tgz --require county-servicerequest
    """
    from app.services.profiles.install import install as carry_out
    from app.services.profiles.packages import opened

    package = opened(arguments.file_bytes(file, option="FILE.tgz", limit_bytes=MAX_PACKAGE_BYTES))
    with bar("definitions") as shown:
        outcome = on_network(lambda network: carry_out(network, package, require or NONE, shown.advance))
    tell(outcome)


def tell(outcome: "Installed") -> None:
    """What came of it, and what a person should know."""
    for line in outcome.told:
        print(f"Not checked: {line}", file=sys.stderr)
    named = ", ".join(outcome.profiles) or "no profile"
    print(f"{outcome.package}: {named}; {outcome.value_sets} value sets, {outcome.code_systems} code systems")
    print("Restart the server: then it judges by them.", file=sys.stderr)


@commands.command("validate")
def validate(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="JSON or XML; folders too.")],
    profile: Annotated[
        list[str] | None,
        typer.Option(metavar="URL", help="Judge by this one, too; repeatable."),
    ] = None,
    package: Annotated[
        list[Path] | None,
        typer.Option("--with", metavar="FILE.tgz", help="Judge by the profiles of this package, too; repeatable."),
    ] = None,
    installed: Annotated[bool, typer.Option("--installed", help="And by what is installed in the database.")] = False,
    errors_only: Annotated[bool, typer.Option("--errors-only", help="No warnings.")] = False,
    as_json: AsJson = False,
) -> None:
    """Judge files by R4 and by the profiles that they declare or must fit; exit code 1 when there is an error.

    Needs no database, unless --installed asks for what is in it: it can run in anybody's CI.

    \b
    Example:
      baton profiles validate referral.json examples/
    """
    from app.services.profiles.files import found, judge_files

    configure("warning")
    conformance = _conformance(package or NO_FILES, installed)
    paths = list(found(files))
    missing = [path for path in paths if not path.is_file()]
    if missing or not paths:
        raise typer.BadParameter("there is no such file, or no JSON or XML in the folder", param_hint="FILE")
    with bar("files") as shown:
        judged = []
        for each in judge_files(conformance, paths, profile or NONE):
            judged.append(each)
            shown.advance(len(judged), len(paths))
    (_print_json if as_json else _print)(judged, errors_only=errors_only)
    if any(each.count("error") for each in judged):
        raise typer.Exit(ERRORS)


def _conformance(packages: Sequence[Path], installed: bool) -> "Conformance":
    from app.fhir.profiles.guides import conformance
    from app.services.profiles.packages import beside

    async def of_network(network: "Network") -> "Conformance":
        return network.conformance

    base = on_network(of_network) if installed else conformance()
    bodies = [arguments.file_bytes(path, option="--with", limit_bytes=MAX_PACKAGE_BYTES) for path in packages]
    return beside(base, bodies) if bodies else base


def _print(judged: "Sequence[Judged]", *, errors_only: bool) -> None:
    for each in judged:
        errors, warnings = each.count("error"), each.count("warning")
        print(f"{each.path}: {_number(errors, 'error')}, {_number(warnings, 'warning')}")
        for issue in each.issues:
            if issue.severity == "error" or not errors_only:
                print(f"  {issue.severity:<8} {issue.at or '-'}  [{issue.rule}]  {issue.message}")
    wrong = sum(1 for each in judged if each.count("error"))
    print(f"{_number(len(judged), 'file')}, {wrong} with errors")


def _print_json(judged: "Sequence[Judged]", *, errors_only: bool) -> None:
    lines = [
        {
            "file": str(each.path),
            "errors": each.count("error"),
            "warnings": each.count("warning"),
            "issues": [asdict(issue) for issue in each.issues if issue.severity == "error" or not errors_only],
        }
        for each in judged
    ]
    print(json.dumps(lines, indent=1, ensure_ascii=False))


def _number(count: int, noun: str) -> str:
    return f"{count} {noun}" + ("" if count == 1 else "s")
