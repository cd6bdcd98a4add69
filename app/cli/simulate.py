"""`baton simulate`: another system beside the network, for trying things out."""

from pathlib import Path
from typing import Annotated, Literal

import typer

commands = typer.Typer(help="Other systems, simulated, for trying things out.", no_args_is_help=True)
DEFAULT_PORT = 8090


@commands.callback()
def simulate() -> None:
    """Other systems, simulated, for trying things out."""


@commands.command("ehr")
def ehr(
    port: Annotated[
        int, typer.Option(min=0, max=65535, metavar="P", help="Of its page, on this machine only.")
    ] = DEFAULT_PORT,
    shape: Annotated[Literal["pusher"], typer.Option(help="What it can do: post a transaction, then poll.")] = "pusher",
    base: Annotated[
        str, typer.Option(metavar="URL", help="FHIR base of its network; this installation's when absent.")
    ] = "",
    client_id: Annotated[
        str, typer.Option(metavar="C", help="As 'baton client add' printed it; without it nothing is sent.")
    ] = "",
    key_file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Its private key (PEM); made when it is not there.")
    ] = None,
    performer: Annotated[
        list[str] | None,
        typer.Option(metavar="Organization/<id>", help="Whom it asks for; CATEGORY=Organization/<id>; repeatable."),
    ] = None,
    interval: Annotated[
        float, typer.Option(min=0, metavar="SECONDS", help="Between two referrals; 0: only by its button.")
    ] = 120,
    name: Annotated[str, typer.Option(metavar="NAME", help="Of the clinic that refers.")] = "Simulated Clinic",
    naming: Annotated[str, typer.Option(metavar="URI", help="Begins the systems of its identifiers.")] = "",
    until_stdin_ends: Annotated[bool, typer.Option("--until-stdin-ends", hidden=True)] = False,
) -> None:
    """Run a simulated EHR with invented patients that sends referrals and shows what becomes of them.

    Without --client-id it makes its key and says how to register it.

    \b
    Example:
      baton simulate ehr --client-id 0198c0de-0000-7000-8000-000000000001 \\
        --performer Organization/0198c0de-0000-7000-8000-000000000002 --interval 30
    """
    from app.cli.simulated_ehr import Wish, run  # late: only this command needs a web server and a client

    run(
        Wish(
            port=port,
            shape=shape,
            base=base,
            client_id=client_id,
            key_file=key_file,
            performers=tuple(performer or ()),
            interval_s=interval,
            name=name,
            naming=naming,
            until_stdin_ends=until_stdin_ends,
        )
    )
