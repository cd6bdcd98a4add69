"""`baton organization`: members of the network."""

from typing import Annotated, Literal

import typer

from app.cli import arguments
from app.cli.printing import print_list
from app.cli.running import AsJson, on_network

commands = typer.Typer(help="Members of the network.", no_args_is_help=True)


@commands.command("add")
def add(
    name: Annotated[str, typer.Argument(metavar="NAME", help="As people know it.")],
    kind: Annotated[
        Literal["source", "target", "network"],
        typer.Option(help="source refers, target is referred to, network coordinates (one only)."),
    ] = "target",
    identifier: Annotated[
        list[str] | None, typer.Option(metavar="'SYSTEM|VALUE'", help="By which others name it; repeatable.")
    ] = None,
    email: Annotated[
        list[str] | None,
        typer.Option(metavar="ADDRESS", help="Where news goes: an info@ address, no account; repeatable."),
    ] = None,
    time_zone: Annotated[str, typer.Option(metavar="IANA", help="Its own; BATON_TIME_ZONE when absent.")] = "",
) -> None:
    """Admit a member; print Organization/<id>.

    \b
    Example:
      baton organization add "Corner Pantry" --email info@pantry.example --time-zone America/Chicago
    """
    from app.services.directory.admit import admit

    identifiers = [arguments.identifier(each) for each in identifier or ()]
    key = on_network(
        lambda network: admit(
            network, name=name, kind=kind, identifiers=identifiers, emails=email or (), time_zone=time_zone
        )
    )
    print(f"Organization/{key}")


@commands.command("list")
def show(as_json: AsJson = False) -> None:
    """List the members.

    \b
    Example:
      baton organization list --json
    """
    from app.services.directory.members import all_members

    lines = [
        {
            "organization": f"Organization/{member.id}",
            "kind": member.kind,
            "name": member.name,
            "time_zone": member.time_zone,
            "emails": list(member.emails),
        }
        for member in on_network(all_members)
    ]
    print_list(lines, as_json=as_json, empty="No members yet: baton organization add NAME --kind network")
