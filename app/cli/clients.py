"""`baton client`: systems that ask for tokens (SMART Backend Services)."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli import arguments
from app.cli.printing import print_list
from app.cli.running import AsJson, on_network

if TYPE_CHECKING:
    from app.services.network import Network
    from app.store.directory import ClientRow

commands = typer.Typer(help="Systems, such as EHRs, that sign in with a key.", no_args_is_help=True)
MAX_JWKS_BYTES = 256 * 1024


@commands.command("add")
def add(
    name: Annotated[str, typer.Argument(metavar="NAME", help="As the operator knows it.")],
    organization: Annotated[
        list[str], typer.Option(metavar="Organization/<id>", help="That it speaks for; repeatable.")
    ],
    scopes: Annotated[str, typer.Option(metavar="SCOPES", help='As in "system/Task.cruds system/Patient.crs".')],
    jwks_file: Annotated[Path | None, typer.Option(metavar="FILE", help="Its public keys, a JWKS.")] = None,
    jwks_url: Annotated[
        str | None, typer.Option(metavar="URL", help="Where its public keys are; not served yet.")
    ] = None,
    basic: Annotated[bool, typer.Option("--basic", help="A secret instead of keys; not served yet.")] = False,
    require_if_match: Annotated[
        bool, typer.Option("--require-if-match", help="Its updates must say which version they change.")
    ] = False,
    may_assign_ids: Annotated[bool, typer.Option("--may-assign-ids", help="It may choose ids.")] = False,
    may_introspect: Annotated[bool, typer.Option("--may-introspect", help="It may ask about tokens.")] = False,
    peer: Annotated[
        str, typer.Option(metavar="NAME", help="What it is forgiven: any (as the field sends), strict (nothing).")
    ] = "any",
) -> None:
    """Register a system; print its client_id alone on the last line.

    \b
    Example:
      baton client add "Clinic EHR" --organization Organization/0198c0de-0000-7000-8000-000000000001 \\
        --scopes "system/*.cruds" --jwks-file jwks.json
    """
    from app.services.identity.register_client import Registration, register_client

    if [jwks_file is not None, jwks_url is not None, basic].count(True) != 1:
        raise typer.BadParameter("give exactly one of them", param_hint="--jwks-file, --jwks-url, --basic")
    registration = Registration(
        name=name,
        organizations=tuple(arguments.organization(each) for each in organization),
        scopes=scopes,
        jwks=_keys(jwks_file),
        jwks_url=jwks_url,
        basic=basic,
        require_if_match=require_if_match,
        may_assign_ids=may_assign_ids,
        may_introspect=may_introspect,
        peer=peer,
    )
    print(on_network(lambda network: register_client(network, registration)))


@commands.command("list")
def show(as_json: AsJson = False) -> None:
    """List the registered systems.

    \b
    Example:
      baton client list --json
    """
    lines = [
        {
            "client_id": client.id,
            "name": client.name,
            "organizations": [f"Organization/{member}" for member in client.members],
            "scopes": client.scopes,
            "disabled": client.disabled_at is not None,
        }
        for client in on_network(_all)
    ]
    print_list(lines, as_json=as_json, empty="No systems yet: baton client add --help")


async def _all(network: "Network") -> "list[ClientRow]":
    from app.store import directory

    async with network.store.unit(()) as unit:
        return await directory.all_clients(unit)


def _keys(file: Path | None) -> bytes | None:
    return None if file is None else arguments.file_bytes(file, option="--jwks-file", limit_bytes=MAX_JWKS_BYTES)
