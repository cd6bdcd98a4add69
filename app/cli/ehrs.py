"""`baton ehr`: EHRs that we know by their FHIR base."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from app.cli import arguments
from app.cli.running import on_network

commands = typer.Typer(help="EHRs that we know by their FHIR base.", no_args_is_help=True)


@commands.callback()
def ehr() -> None:
    """EHRs that we know by their FHIR base."""


@commands.command("add")
def add(
    name: Annotated[str, typer.Argument(metavar="NAME", help="As the operator knows it.")],
    fhir_base: Annotated[
        str, typer.Option(metavar="URL", help="https://...; what its absolute references begin with.")
    ],
    organization: Annotated[str, typer.Option(metavar="Organization/<id>", help="Whose EHR it is.")],
    client_id: Annotated[str | None, typer.Option(metavar="C", help="Ours at the EHR; with --key-file.")] = None,
    key_file: Annotated[Path | None, typer.Option(metavar="FILE", help="The private key that goes with it.")] = None,
    poll: Annotated[int | None, typer.Option(metavar="MINUTES", help="How often it is to be read, in minutes.")] = None,
    vendor: Annotated[str | None, typer.Option(metavar="WORD", help="A word such as epic.")] = None,
) -> None:
    """Register an EHR; print its FHIR base as references to it are compared.

    \b
    Example:
      baton ehr add "Clinic EHR" --fhir-base https://ehr.clinic.example/fhir/r4 \\
        --organization Organization/0198c0de-0000-7000-8000-000000000001
    """
    from app.services.directory.register_ehr import Ehr, register_ehr

    wanted = Ehr(name, fhir_base, arguments.organization(organization), client_id, key_file, poll, vendor)
    print(on_network(lambda network: register_ehr(network, wanted)).fhir_base)
    if client_id or poll:
        print("Kept for later: this release does not read from EHRs by itself; they post.", file=sys.stderr)
