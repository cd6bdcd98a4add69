"""`baton ehr`: EHRs that we know by their FHIR base, and whose clinicians may launch Baton."""

import sys
from collections.abc import Awaitable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli import arguments
from app.cli.printing import print_list
from app.cli.running import AsJson, on_network

if TYPE_CHECKING:
    from app.services.network import Network
    from app.store.connections import ConnectionRow

commands = typer.Typer(help="EHRs: their references, and the launches of their clinicians.", no_args_is_help=True)
# a tuple, so that no list is shared between calls
NONE: tuple[str, ...] = ()


@commands.command("add")
def add(
    name: Annotated[str, typer.Argument(metavar="NAME", help="As the operator knows it.")],
    fhir_base: Annotated[
        str, typer.Option(metavar="URL", help="https://...; what its absolute references begin with, and its iss.")
    ],
    organization: Annotated[str, typer.Option(metavar="Organization/<id>", help="Whose EHR it is.")],
    client_id: Annotated[
        str | None, typer.Option(metavar="C", help="Ours at the EHR: its clinicians may launch Baton.")
    ] = None,
    key_file: Annotated[Path | None, typer.Option(metavar="FILE", help="We sign in there with this key (PEM).")] = None,
    secret_file: Annotated[Path | None, typer.Option(metavar="FILE", help="We sign in there with this secret.")] = None,
    endpoint_host: Annotated[
        list[str] | None,
        typer.Option(metavar="HOST", help="Where else its sign-in is; repeatable. No other host is called."),
    ] = None,
    private_range: Annotated[
        list[str] | None, typer.Option(metavar="CIDR", help="It lies here, behind a VPN; repeatable.")
    ] = None,
    ca_file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Who signs its certificate, when no public authority does.")
    ] = None,
    poll: Annotated[
        int | None, typer.Option(metavar="MINUTES", help="How often it is to be read; noted, not done yet.")
    ] = None,
    vendor: Annotated[str | None, typer.Option(metavar="WORD", help="A word such as epic.")] = None,
) -> None:
    """Register an EHR; print its FHIR base as references to it are compared, then, with a client id, our redirect URI.

    \b
    Example:
      baton ehr add "Clinic EHR" --fhir-base https://ehr.clinic.example/fhir/r4 \\
        --organization Organization/0198c0de-0000-7000-8000-000000000001 \\
        --client-id baton --key-file baton.pem --endpoint-host login.clinic.example
    """
    from app.services.directory.register_ehr import Ehr, register_ehr

    where = tuple(endpoint_host or NONE), tuple(private_range or NONE), ca_file
    wanted = Ehr(
        name, fhir_base, arguments.organization(organization), client_id, key_file, poll, vendor, secret_file, *where
    )
    row, launch, redirect = on_network(lambda network: _register(network, register_ehr(network, wanted)))
    print(row.fhir_base)
    if row.client_id is not None:
        print(redirect)
        print(f"At the EHR, register the launch address {launch} and the redirect URI above.", file=sys.stderr)
        print(f"Its launches say iss={row.fhir_base} to the letter, with no slash at its end.", file=sys.stderr)


async def _register(network: "Network", registering: "Awaitable[ConnectionRow]") -> "tuple[ConnectionRow, str, str]":
    """The row, our launch address, and the redirect URI that is this EHR's."""
    from app.services.launch.registration import launch_address, redirect_uri

    row = await registering
    return row, launch_address(network), redirect_uri(network, row.id)


@commands.command("list")
def show(as_json: AsJson = False) -> None:
    """List the registered EHRs.

    \b
    Example:
      baton ehr list --json
    """
    print_list(on_network(_lines), as_json=as_json, empty="No EHRs yet: baton ehr add --help")


async def _lines(network: "Network") -> list[dict[str, object]]:
    from app.services.launch.registration import redirect_uri
    from app.store import connections

    async with network.store.unit(()) as unit:
        rows = await connections.all_connections(unit)
    return [
        {
            "name": row.name,
            "fhir_base": row.fhir_base,
            "organization": f"Organization/{row.member}",
            "client": row.client_kind,
            "client_id": row.client_id,
            "redirect_uri": redirect_uri(network, row.id) if row.client_id else None,
            "endpoint_hosts": list(row.endpoint_hosts),
            "private_ranges": list(row.private_ranges),
        }
        for row in rows
    ]
