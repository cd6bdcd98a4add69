"""`baton terminology`: value sets and code systems beyond those that are shipped."""

from pathlib import Path
from typing import Annotated

import typer

from app.cli import arguments
from app.cli.printing import print_list
from app.cli.profiles import MAX_PACKAGE_BYTES, tell
from app.cli.progress import bar
from app.cli.running import AsJson, on_network

commands = typer.Typer(help="Value sets and code systems.", no_args_is_help=True)


@commands.callback()
def terminology() -> None:
    """Value sets and code systems."""


@commands.command("import")
def import_them(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A FHIR package (.tgz), or JSON: ValueSet, CodeSystem.")],
) -> None:
    """Import the value sets and code systems of a package, such as VSAC's (us.nlm.vsac), or of one file: a ValueSet, a
    CodeSystem, or a Bundle of them. They are enforced, where a profile is bound to them, from the next start on.

    \b
    Example:
      baton terminology import us.nlm.vsac-0.24.0.tgz
    """
    from app.services.profiles.install import install
    from app.services.profiles.packages import terms_in

    package = terms_in(arguments.file_bytes(file, option="FILE", limit_bytes=MAX_PACKAGE_BYTES))
    with bar("definitions") as shown:
        tell(on_network(lambda network: install(network, package, (), shown.advance)))


@commands.command("list")
def list_them(as_json: AsJson = False) -> None:
    """The packages that were imported or installed.

    \b
    Example:
      baton terminology list
    """
    from app.services.profiles.listing import packages

    rows = on_network(packages)
    print_list(rows, as_json=as_json, empty="Nothing beyond what is shipped.")
